"""The order in which planning locks: lectures by their number, then people, then League branches."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from members.models import Person
from pairing_portal.common.problems import Refused

from ..models import Lecture


def lock_lectures(lecture_ids: Iterable[int]) -> dict[int, Lecture]:
    """The lectures, locked, by id. Raises `Refused` when one is gone."""
    wanted = sorted(set(lecture_ids))
    found = {row.pk: row for row in Lecture.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    if len(found) != len(wanted):
        raise Refused(_("This lecture is no longer there. Reload the page."))
    return found


def lock_people(person_ids: Iterable[int]) -> None:
    """The lock under which somebody's lectures of a day are compared and added up."""
    rows = Person.objects.select_for_update().filter(pk__in=sorted(set(person_ids))).order_by("pk")
    list(rows.values_list("pk", flat=True))


def lock_league_branches(league_branch_ids: Iterable[int]) -> None:
    """The lock under which the hours of a League branch are given away."""
    rows = LeagueBranch.objects.select_for_update().filter(pk__in=sorted(set(league_branch_ids))).order_by("pk")
    list(rows.values_list("pk", flat=True))
