"""Theory lectures and log entries: quota weeks missed, League branches without speakers, confirmations that wait."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.lectures.counts import branch_cells
from activities.lectures.duty_services import DutyNumbers
from activities.lectures.notices import ASKED_AGAIN_AFTER
from activities.models import AudienceState, LectureAudience, LectureDuty, LectureState, LogEntry
from activities.quota import WeekState, monday_of, season_start
from branches.models import LeagueBranch

from .base import NOBODY, Overdue, SupervisionSource, Watch

WEEKS_BACK: Final = 4
A_DAY: Final = timedelta(days=1)


def _speakers(watch: Watch) -> dict[int, frozenset[int]]:
    """League branch → accounts of those who are to speak there."""
    found: dict[int, set[int]] = defaultdict(set)
    duties = LectureDuty.objects.filter_active(watch.today).filter(
        league_branch_id__in=list(watch.leagues), person__user__is_active=True
    )
    for league_id, user_id in duties.order_by().values_list("league_branch_id", "person__user_id"):
        found[league_id].add(user_id)
    return {pk: frozenset(users) for pk, users in found.items()}


def find_missed_weeks(watch: Watch) -> Iterator[Overdue]:
    """R70: weeks of the last four in which a League branch had fewer lectures than it was owed; the speakers can still enter one."""
    this_week = monday_of(watch.today)
    mondays = [this_week - timedelta(weeks=back) for back in range(1, WEEKS_BACK + 1)]
    rows = LeagueBranch.objects.active().filter(party_branch_id__in=watch.ids)
    cells = branch_cells(league_branches=rows, mondays=mondays, today=watch.today, context=watch.quota)
    missed = sorted((key, cell) for key, cell in cells.items() if cell.state == WeekState.MISSED) if cells else []
    speakers = _speakers(watch)
    for (league_id, monday), cell in missed:
        league = watch.leagues[league_id]
        branch_id = league.party_branch_id or 0
        words = _("%(league)s, week of %(monday)s: %(counted)d of %(required)d lectures") % {
            "league": league.name, "monday": date_format(monday), "counted": cell.counted, "required": cell.required,
        }  # fmt: skip
        yield Overdue(
            f"week-{league_id}-{monday.isoformat()}", branch_id, words, monday + timedelta(weeks=1),
            f"{reverse('lecture_week', args=[league_id])}?week={monday.isoformat()}",
            user_ids=speakers.get(league_id) or watch.runs(branch_id),
        )  # fmt: skip


def find_uncovered(watch: Watch) -> Iterator[Overdue]:
    """R74: League branches that owe lectures and have fewer speakers than they need; from the first week of the season on."""
    year = watch.year
    if year is None:
        return
    first = season_start(year.start_year, watch.quota.rules_on(watch.today))
    if watch.today < first:
        return
    wanted = DutyNumbers.in_force(year, watch.today, watch.policy).wanted
    this_week = monday_of(watch.today)
    leagues = [row for row in watch.leagues.values() if watch.quota.owes(row, this_week)]
    ids = [row.pk for row in leagues]
    active = LectureDuty.objects.filter_active(watch.today).filter(league_branch_id__in=ids)
    have = Counter(active.values_list("league_branch_id", flat=True))
    ended = LectureDuty.objects.filter(
        league_branch_id__in=ids, academic_year=year, ended_on__lte=watch.today
    ).order_by()
    last = dict(ended.values_list("league_branch_id").annotate(last=Max("ended_on")))
    for league in leagues:
        missing, branch_id = wanted - have[league.pk], league.party_branch_id or 0
        if missing <= 0:
            continue
        words = ngettext(
            "%(league)s: %(count)d speaker missing", "%(league)s: %(count)d speakers missing", missing
        ) % {"league": league.name, "count": missing}  # fmt: skip
        yield Overdue(
            f"speakers-{league.pk}", branch_id, words, max(first, last.get(league.pk, first)), reverse("lecture_duties"),
            user_ids=watch.runs(branch_id),
        )  # fmt: skip


def find_unconfirmed_lectures(watch: Watch) -> Iterator[Overdue]:
    """Lectures a League branch has neither confirmed nor denied two days after they were given; until then they do not count."""
    before = watch.today - ASKED_AGAIN_AFTER
    rows = LectureAudience.objects.filter(
        league_branch_id__in=list(watch.leagues), state=AudienceState.WAITING, lecture__state=LectureState.DELIVERED,
        lecture__on__lt=before,
    )  # fmt: skip
    for pk, league_id, on in rows.order_by("lecture__on", "pk").values_list("pk", "league_branch_id", "lecture__on"):
        league = watch.leagues[league_id]
        branch_id = league.party_branch_id or 0
        words = _("%(league)s: lecture of %(on)s waits for confirmation") % {
            "league": league.name,
            "on": date_format(on),
        }
        yield Overdue(
            f"audience-{pk}", branch_id, words, on + ASKED_AGAIN_AFTER + A_DAY, reverse("lectures_to_confirm"),
            user_ids=watch.league_secretaries.get(league_id) or watch.runs(branch_id),
            look_url=f"{reverse('lecture_week', args=[league_id])}?week={monday_of(on).isoformat()}",
        )  # fmt: skip


def find_waiting_logs(watch: Watch) -> Iterator[Overdue]:
    """Log entries that wait longer than the policy allows, in the branch of who wrote them, or the one that guides their class."""
    days = watch.number("confirm_reminder_days")
    near = Q(person__party_branch_id__in=watch.ids) | Q(
        person__party_branch=None, person__school_class_id__in=list(watch.guiding)
    )
    rows = LogEntry.objects.waiting_since(watch.days_ago(days)).filter(near).order_by("submitted_at", "pk")
    columns = (
        "pk",
        "on",
        "submitted_at",
        "person_id",
        "person__party_branch_id",
        "person__school_class_id",
        *OTHER_SIDES,
    )
    for row in rows.values(*columns):
        branch_id = row["person__party_branch_id"] or watch.guiding[row["person__school_class_id"]]
        submitted_on = timezone.localdate(row["submitted_at"])
        words = _("Entry of %(on)s waits since %(since)s") % {
            "on": date_format(row["on"]), "since": date_format(submitted_on),
        }  # fmt: skip
        others = {row[name] for name in OTHER_SIDES if row[name]} - {row["person__user_id"]}
        users = frozenset(others) | watch.runs(branch_id) - {row["person__user_id"]}
        yield Overdue(
            f"log-{row['pk']}", branch_id, words, submitted_on + timedelta(days=days), reverse("log_entry", args=[row["pk"]]),
            row["person_id"], users or NOBODY,
        )  # fmt: skip


# Accounts of the two an entry may hang on, and of who wrote it: the other one of the two confirms, else the secretary.
OTHER_SIDES: Final = (
    "person__user_id", "mentorship__mentor__user_id", "mentorship__mentee__user_id", "member_pairing__helper__user_id",
    "member_pairing__partner__user_id",
)  # fmt: skip

LECTURES: Final = (
    SupervisionSource("missed_weeks", "R70", gettext_lazy("Quota weeks missed"), "warn", find_missed_weeks),
    SupervisionSource("speakers", "R74", gettext_lazy("League branches without enough speakers"), "warn", find_uncovered),
    SupervisionSource("lectures_waiting", "R70", gettext_lazy("Lectures waiting for confirmation"), "info", find_unconfirmed_lectures),
    SupervisionSource("logs_waiting", "", gettext_lazy("Log entries waiting for confirmation"), "info", find_waiting_logs),
)  # fmt: skip
