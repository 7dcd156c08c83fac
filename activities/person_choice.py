"""A person named in a text field, by number or by name: whom the field suggests, and who is meant."""

from __future__ import annotations

from django.utils.translation import gettext as _

from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Scope

from .event_models import Activity

# The id of the `datalist` that a field names in its `list` attribute (includes/people_suggested.html).
SUGGESTED_ID = "people-suggested"
SUGGESTED_AT_MOST = 300
SHOWN_AT_MOST = 30


def suggested(activity: Activity, scope: Scope) -> list[tuple[str, str]]:
    """(number, name): those on the list of the activity; before it is published, those of its first host whom the user sees."""
    rows = activity.participations.order_by("person__name_key", "pk")
    found = list(rows.values_list("person__number", "person__name")[:SUGGESTED_AT_MOST])
    if found or activity.party_branch_id is None:
        return found
    people = Person.objects.visible_to(scope).filter(party_branch_id=activity.party_branch_id)
    return list(people.order_by("name_key", "pk").values_list("number", "name")[:SUGGESTED_AT_MOST])


def person_meant(text: str, activity: Activity, scope: Scope) -> Person:
    """Who is meant by a number, or by a name only one has: of those on the list first, then of those the user sees.

    Raises `Refused` for nobody, and for a name that several have.
    """
    listed = activity.participations.select_related("person")
    row = listed.filter(person__number=text).first()
    if row is not None:
        return row.person
    seen = Person.objects.visible_to(scope)
    by_number = seen.filter(number=text).first()
    if by_number is not None:
        return by_number
    named = [row.person for row in listed.filter(person__name=text)[:2]] or list(seen.filter(name=text)[:2])
    words = {"text": text[:SHOWN_AT_MOST]}
    if len(named) > 1:
        raise Refused(_("Several people are called %(text)s. Write the student or staff number instead.") % words)
    if not named:
        raise Refused(_("Nobody you may see has the number or name %(text)s.") % words)
    return named[0]
