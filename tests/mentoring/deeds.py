"""What the tests of links do again and again: read a state, hear a refusal, find a helper for classmates."""

from __future__ import annotations

import pytest

from members.models import Person
from mentoring.models import Mentorship
from pairing_portal.common.problems import Refused
from tests.mentoring.crew import activists, link

NOBODY_MAY = "第六党支部主管的帮扶由该支部书记安排。请联系书记或系里。"


def state_of(row: Mentorship) -> str:
    return type(row).objects.get(pk=row.pk).state


def refusal(work, **values) -> str:
    with pytest.raises(Refused) as caught:
        work(**values)
    return caught.value.text


def class_helper(cast) -> Person:
    """liu_activist, who sits in the class of League branch One from now on and may help classmates there."""
    person = cast.person("liu_activist")
    Person.objects.filter(pk=person.pk).update(school_class=cast.class_26)
    person.refresh_from_db()
    return person


def many_contacts(cast) -> tuple[Person, list[Person]]:
    senior, mentees = cast.person("liu_member"), activists(cast, 6)
    for mentee in mentees[:5]:
        link(cast, senior, mentee, tier=2, is_formal=True)
    return senior, mentees
