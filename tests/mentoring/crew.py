"""More people for branch Liu and its classes, and links between them."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from members.access import scope_for
from members.models import Person
from mentoring.guidance_services import arrange_guidance
from mentoring.services import answer_offer, arrange_link
from tests.cast import ACTIVIST, MEMBER, PROBATIONARY

TODAY = dt.date(2026, 10, 28)
STARTS = dt.date(2026, 10, 28)


def act(cast, name: str) -> dict[str, object]:
    """The keyword arguments every service takes, for one of the cast."""
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now(), "today": TODAY}


def add_person(cast, name: str, number: str, *, branch=None, school_class=None, **more) -> Person:
    """One more person; of branch Liu's department unless the branch or class says otherwise."""
    department = branch.department if branch else school_class.department if school_class else cast.civil
    person = Person(
        number=number, name=name, department=department, party_branch=branch, school_class=school_class, **more
    )
    person.settle_stage(TODAY)
    person.save()
    return person


def new_members(cast, count: int, *, branch=None, start: int = 1) -> list[Person]:
    """Probationary members of Liu (or `branch`), admitted 20 May 2026: later than liu_secretary and liu_member."""
    return [
        add_person(cast, f"新党员{number}", f"202405100{number:02}", branch=branch or cast.liu, programme="bachelor",
                   enrolment_year=2024, graduates_on=dt.date(2028, 6, 30), **PROBATIONARY)
        for number in range(start, start + count)
    ]  # fmt: skip


def seniors(cast, count: int, *, branch=None, start: int = 10, programme: str = "upgrade") -> list[Person]:
    """Full members of Liu (or `branch`), diploma to bachelor, study year 4."""
    return [
        add_person(cast, f"老党员{number}", f"202505300{number:02}", branch=branch or cast.liu, programme=programme,
                   enrolment_year=2025, graduates_on=dt.date(2027, 6, 30), **MEMBER)
        for number in range(start, start + count)
    ]  # fmt: skip


def activists(cast, count: int, *, branch=None, school_class=None, start: int = 20) -> list[Person]:
    return [
        add_person(cast, f"积极分子{number}", f"202505100{number:02}", branch=branch or cast.liu, school_class=school_class,
                   programme="bachelor", enrolment_year=2025, graduates_on=dt.date(2029, 6, 30), **ACTIVIST)
        for number in range(start, start + count)
    ]  # fmt: skip


def classmates(cast, count: int, *, school_class=None, start: int = 30) -> list[Person]:
    """Students without a Party branch, of the class of League branch One unless told otherwise."""
    return [
        add_person(cast, f"同学{number}", f"202605910{number:02}", school_class=school_class or cast.class_26,
                   programme="bachelor", enrolment_year=2026, graduates_on=dt.date(2030, 6, 30))
        for number in range(start, start + count)
    ]  # fmt: skip


def link(
    cast, mentor: Person, mentee: Person, *, tier: int = 3, who: str = "liu_secretary", accept: bool = True, **more
):
    """A running link, made by a secretary; tier 1 is answered with yes unless `accept` is False."""
    values = {"starts_on": STARTS, "accept_warnings": True} | act(cast, who) | more
    row = arrange_link(tier=tier, mentor=mentor, mentee=mentee, **values)
    if tier == 1 and accept and not more.get("as_draft"):
        row = answer_offer(link=row, accept=True, scope=as_person(mentee), now=timezone.now(), today=TODAY)
    return row


def guide(cast, person: Person, league_branch=None, *, who: str = "liu_secretary", **more):
    """A running guidance of League branch One unless told otherwise."""
    values = {"starts_on": STARTS, "accept_warnings": True, "focus_areas": ["study_climate"]} | act(cast, who) | more
    return arrange_guidance(guide=person, league_branch=league_branch or cast.one, **values)


def as_person(person: Person):
    """The scope of a person, with an account made on the spot where there is none."""
    from accounts.models import User

    if person.user_id is None:
        person.user = User.objects.create_user(person.number, password="Lian-huan-7316", display_name=person.name)
        person.save(update_fields=["user"])
    return scope_for(person.user)
