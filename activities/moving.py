"""Somebody goes over to another Party branch: lecture duties of the League branches their old branch guides end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import Person, Stage
from members.restoring import refuse_other_holder
from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import Handing, Restorer, Succession, Successor, SuccessorIdea
from pairing_portal.common.scope import Scope

from .lectures.duty_services import DutyNumbers, end_duty, may_assign, reopen_duty
from .models import LectureDuty

NAMED = 3
DUTY = "duty"


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


def ideas(person_id: int, branch_id: int | None, on: date) -> list[SuccessorIdea]:
    """For each duty: excellent members of the branch who are here and have none for this League branch, the least busy first."""
    found = []
    for duty in _held(person_id, branch_id).order_by("league_branch_id", "pk"):
        busy = LectureDuty.objects.filter(league_branch=duty.league_branch, ended_on=None).values("person")
        people = (
            Person.objects.on_campus(on)
            .filter(
                party_branch_id=branch_id or duty.league_branch.party_branch_id, stage=Stage.FULL,
                excellent_years__academic_year=duty.academic_year_id,
            )
            .exclude(pk=person_id)
            .exclude(pk__in=busy)
            .annotate(load=Count("lecture_duties", filter=Q(lecture_duties__ended_on=None), distinct=True))
            .order_by("load", "name_key", "pk")
        )  # fmt: skip
        best = list(people[:NAMED])
        what = _("lecture duty: %(league)s") % {"league": duty.league_branch}
        found.append(
            SuccessorIdea(
                what, [person.name for person in best], f"{DUTY}-{duty.pk}", [Successor(one.pk, one.name, _load(one.load)) for one in best]
            )
        )  # fmt: skip
    return found


def _held(person_id: int, branch_id: int | None) -> Any:
    if branch_id is not None:
        return _duties([person_id], branch_id)
    return LectureDuty.objects.filter(person_id=person_id, ended_on=None).select_related("person", "league_branch")


def _load(count: int) -> str:
    words = ngettext("speaks to %(count)d League branch now", "speaks to %(count)d League branches now", count)
    return words % {"count": count} if count else _("speaks to no League branch yet")


def assignable(numbers: Sequence[int], scope: Scope) -> set[int]:
    """Duties the scope may hand on."""
    duties = LectureDuty.objects.filter(pk__in=numbers).select_related("league_branch")
    return {duty.pk for duty in duties if may_assign(duty.league_branch, scope)}


def hand_duty_over(number: int, successor_id: int, handing: Handing) -> str:
    """The duty ends and the successor's begins at the same moment; what speaks against it was shown with the choice."""
    duty = LectureDuty.objects.select_related("person", "league_branch").get(pk=number)
    refuse_other_holder(duty.person_id, handing)
    made = end_duty(
        duty=duty, reason=_("handed over"), successor_id=successor_id, is_confirmed=True, scope=handing.scope, by=handing.by,
        today=handing.today, now=handing.now,
    )  # fmt: skip
    return _("%(what)s goes from %(old)s to %(new)s.") % {
        "what": _("Lecture duty for %(league)s") % {"league": duty.league_branch}, "old": duty.person.name,
        "new": made.successor.person.name if made.successor else "",
    }  # fmt: skip


def held(person_id: int, branch_id: int | None) -> list[dict[str, Any]]:
    return [{"duty": duty.pk} for duty in _held(person_id, branch_id).order_by("pk")]


def restore(rows: Sequence[dict[str, Any]], handing: Handing) -> tuple[list[str], list[str]]:
    """A duty stands again unless the speakers' numbers or somebody who took over say no."""
    back, by_hand = [], []
    duties = LectureDuty.objects.filter(pk__in=[row["duty"] for row in rows], ended_on__isnull=False)
    for duty in duties.select_related("person", "league_branch", "academic_year").order_by("pk"):
        others = LectureDuty.objects.filter(
            league_branch=duty.league_branch, academic_year=duty.academic_year, ended_on=None
        )
        wanted = DutyNumbers.in_force(duty.academic_year, handing.today).wanted
        what = _("lecture duty: %(league)s") % {"league": duty.league_branch}
        names = [other.person.name for other in others.select_related("person").order_by("pk")]
        if len(names) >= wanted:
            by_hand.append(_("%(what)s: given by %(names)s now.") % {"what": what, "names": _(", ").join(names)})
            continue
        try:
            with transaction.atomic():
                reopen_duty(duty=duty, scope=handing.scope, by=handing.by, today=handing.today, now=handing.now)
        except Refused as refusal:
            by_hand.append(_("%(what)s: %(why)s") % {"what": what, "why": refusal.text})
        else:
            back.append(what)
    return back, by_hand


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


DUTIES = Succession(assignable, hand_duty_over)
RESTORER = Restorer(held, restore)
