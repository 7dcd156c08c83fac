"""What this room tells the rooms below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from pairing_portal.common.registries import (
    CalendarSource,
    Evidence,
    LeaveEffect,
    MoveEffect,
    NavigationEntry,
    PersonPanel,
    Talks,
    calendar_sources,
    handover_items,
    inspection_evidence,
    leave_effects,
    mentoring_panels,
    move_effects,
    navigation,
    pairing_summaries,
    person_panels,
    restorers,
    successions,
    successor_ideas,
    talk_records,
)
from pairing_portal.common.scope import Role, Scope

WAITING_SHOWN = 5


def register() -> None:
    from . import calendar_source, moving, notices, notices_events, notices_logs, notices_owed, notices_records
    from .lectures import notices as lecture_notices
    from .lectures import notices_exemptions, notices_plan
    from .services import end_duties_of

    notices.register()
    notices_events.register()
    notices_owed.register()
    notices_logs.register()
    notices_records.register()
    lecture_notices.register()
    notices_exemptions.register()
    notices_plan.register()
    leave_effects.register("activities", LeaveEffect(_("Lecture duties end"), end_duties_of, duties_that_end))
    move_effects.register(
        "activities", MoveEffect(_("Lecture duties end"), moving.end_duties_of_movers, moving.preview_duties_of_movers)
    )
    successor_ideas.register("activities", moving.ideas, order=20)
    successions.register(moving.DUTY, moving.DUTIES, order=30)
    restorers.register("activities", moving.RESTORER, order=50)
    handover_items.register("activities", moving.handover, order=40)
    pairing_summaries.register("activities", counts_of_pairing)
    inspection_evidence.register("minutes", evidence_of_minutes)
    talk_records.register("link", partial(talks, "mentorship"))
    talk_records.register("guidance", partial(talks, "league_guidance"))
    person_panels.register(
        "hours", PersonPanel(_("Activities and hours"), "activities/person_panel.html", panel, tab="activity")
    )
    mentoring_panels.register(
        "waiting", PersonPanel(_("Waiting for me to confirm"), "activities/waiting_panel.html", waiting_panel)
    )
    calendar_sources.register("event", CalendarSource(_("Activities"), calendar_source.events), order=5)
    calendar_sources.register(
        "lecture",
        CalendarSource(_("Theory lectures"), calendar_source.lectures, "gold", sides=("league",)),
        order=10,
    )
    navigation.register(
        "calendar", NavigationEntry(_("Calendar"), "calendar", "calendar3", "/calendar/", phone=True), order=50
    )
    navigation.register("lectures", NavigationEntry(_("Theory lectures"), "lectures", "book", "/lectures/"), order=60)
    navigation.register(
        "log",
        NavigationEntry(_("Log"), "quick_log", "pencil", "/log/", roles=frozenset({Role.PERSON}), phone=True),
        order=70,
    )


def talks(field: str, ids: Sequence[int]) -> dict[int, Talks]:
    """What is on record for each mentoring link or guidance, in one query."""
    from django.db.models import Count, Max, Sum

    from .models import LogEntry, LogState

    confirmed, waiting = Q(state=LogState.CONFIRMED), Q(state=LogState.SUBMITTED)
    rows = (
        LogEntry.objects.filter(**{f"{field}__in": ids})
        .order_by()
        .values_list(field)
        .annotate(
            count=Count("pk", filter=confirmed),
            total=Sum("minutes", filter=confirmed),
            last=Max("on", filter=confirmed),
            open=Count("pk", filter=waiting),
        )
    )
    return {pk: Talks(count, minutes or 0, last, open_) for pk, count, minutes, last, open_ in rows}


def duties_that_end(person_ids: list[int]) -> list[str]:
    """The lecture duties that end when these people leave, a line each."""
    from .models import LectureDuty

    duties = LectureDuty.objects.filter(person_id__in=person_ids, ended_on=None)
    return [str(duty) for duty in duties.select_related("person", "league_branch").order_by("person__name_key", "pk")]


def panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """Hours of the year by ledger for those who see every entry, and the newest entries the viewer may see."""
    from django.urls import reverse
    from django.utils import timezone

    from . import ledgers
    from .models import LogEntry

    rows = LogEntry.objects.visible_to(scope).filter(person_id=person_id).with_names()
    entries = list(rows[:20])
    if not entries:
        return None
    total, count = ledgers.totals(rows.confirmed())[""]
    context: dict[str, Any] = {"entries": entries, "confirmed_minutes": total, "confirmed_count": count}
    person = ledgers.readable_person(person_id, scope)
    if person is not None:
        today = timezone.localdate()
        period = ledgers.calendar_year(today.year)
        found = ledgers.figures(
            ledgers.totals(ledgers.counted(rows, period)), ledgers.training_goal(person, period, today)
        )
        address = reverse("person_ledgers", args=[person_id])
        context |= {
            "period": period,
            "address": address,
            "stats": ledgers.stats(found, address=address, query=f"year={period.key}"),
        }
    return context


def waiting_panel(person_id: int, scope: Scope) -> dict[str, Any] | None:
    """What the other side logged and nobody confirmed yet, the oldest first; for one's own mentoring page."""
    from .models import LogEntry

    waiting = LogEntry.objects.confirmable_by(scope).from_the_other_side(scope).order_by("submitted_at", "pk")
    entries = list(waiting.select_related("person")[: WAITING_SHOWN + 1])
    if not entries:
        return None
    more = waiting.count() - WAITING_SHOWN if len(entries) > WAITING_SHOWN else 0
    return {"entries": entries[:WAITING_SHOWN], "more": more}


def evidence_of_minutes(branch_id: int, records: Sequence[str], first: date, last: date) -> dict[str, Evidence]:
    """Meetings held, minutes signed, meetings owed, for the records of a cross-inspection."""
    from .evidence import minutes_evidence

    return minutes_evidence(branch_id, records, first, last)


def counts_of_pairing(pairing_id: int) -> list[tuple[str, int]]:
    """Confirmed log entries of the pairing's member pairs, and their minutes."""
    from django.db.models import Count, Sum

    from .models import LogEntry

    found = (
        LogEntry.objects.confirmed()
        .filter(member_pairing__pairing_id=pairing_id)
        .aggregate(entries=Count("pk"), minutes=Sum("minutes"))
    )
    return [
        (gettext_noop("confirmed log entries of the pairs"), found["entries"]),
        (gettext_noop("confirmed minutes of the pairs"), found["minutes"] or 0),
    ]
