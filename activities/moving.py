"""Somebody goes over to another Party branch: lecture duties of the League branches their old branch guides end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Person, Stage
from pairing_portal.common.registries import SuccessorIdea

from .models import LectureDuty

NAMED = 3


def _duties(person_ids: Sequence[int], branch_id: int) -> Any:
    return LectureDuty.objects.filter(
        person_id__in=person_ids, league_branch__party_branch_id=branch_id, ended_on=None
    ).select_related("person", "league_branch")


def end_duties_of_movers(person_ids: Sequence[int], from_branch_id: int, on: date, by_user_id: int | None) -> list[str]:
    """The duties end on that day. Returns a line a duty."""
    lines = []
    for duty in _duties(person_ids, from_branch_id):
        duty.ended_on = on
        duty.save()
        lines.append(_("The lecture duty %(duty)s ends.") % {"duty": duty})
    return lines


def preview_duties_of_movers(person_ids: Sequence[int], from_branch_id: int) -> list[str]:
    """What `end_duties_of_movers` would end."""
    return [str(duty) for duty in _duties(person_ids, from_branch_id).order_by("league_branch_id", "pk")]


def ideas(person_id: int, branch_id: int, on: date) -> list[SuccessorIdea]:
    """For each duty: excellent members of the branch who are here and have none for this League branch, the least busy first."""
    found = []
    for duty in _duties([person_id], branch_id).order_by("league_branch_id", "pk"):
        busy = LectureDuty.objects.filter(league_branch=duty.league_branch, ended_on=None).values("person")
        people = (
            Person.objects.on_campus(on)
            .filter(party_branch_id=branch_id, stage=Stage.FULL, excellent_years__academic_year=duty.academic_year_id)
            .exclude(pk=person_id)
            .exclude(pk__in=busy)
            .annotate(load=Count("lecture_duties", filter=Q(lecture_duties__ended_on=None), distinct=True))
            .order_by("load", "name_key", "pk")
        )
        what = _("lecture duty: %(league)s") % {"league": duty.league_branch}
        found.append(SuccessorIdea(what, [person.name for person in people[:NAMED]]))
    return found


def handover(branch_id: int, today: date) -> list[Any]:
    """For a new secretary: minutes owed, entries that wait, plans that run, lectures of this week. Counts, no names."""
    from django.urls import reverse

    from pairing_portal.common.registries import HandoverItem

    from .minutes_services import due_on, without_minutes
    from .models import Activity, ActivityState, LectureAudience, LogEntry, LogState

    now = timezone.now()
    owed = without_minutes(now).filter(party_branch_id=branch_id).order_by("ends_at", "pk")
    first = owed.first()
    logs = LogEntry.objects.filter(person__party_branch_id=branch_id, state=LogState.SUBMITTED)
    coming = Activity.objects.filter(party_branch_id=branch_id, state=ActivityState.PUBLISHED, starts_at__gte=now)
    monday = today - timedelta(days=today.weekday())
    lectures = LectureAudience.objects.filter(
        league_branch__party_branch_id=branch_id, lecture__on__range=(monday, monday + timedelta(days=6))
    )
    duties = LectureDuty.objects.filter(league_branch__party_branch_id=branch_id, ended_on=None)
    rows = [
        HandoverItem(
            _("Minutes to write"), owed.count(), reverse("minutes", args=[first.pk]) if first else "",
            bool(first and due_on(first) < today),
        ),
        HandoverItem(_("Log entries to confirm"), logs.count(), reverse("log_confirm")),
        HandoverItem(_("Activities to come"), coming.count(), reverse("activities")),
        HandoverItem(_("Lectures this week"), lectures.count(), reverse("lectures")),
        HandoverItem(_("Lecture duties"), duties.count(), reverse("lectures")),
    ]  # fmt: skip
    return [row for row in rows if row.count]
