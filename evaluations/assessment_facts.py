"""The facts behind each part of the mentor assessment, read for any number of mentors in a fixed number of queries.

Each part is counted from its rows, and the same rows are what the page of the part lists: nothing counts that nobody can look at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from activities.models import ActivityState, LogEntry, LogState, Participation, ParticipationState
from branches.models import AcademicYear
from branches.policy import Policy
from mentoring.models import LeagueGuidance, LeagueMilestone, MentoringGoal, Mentorship
from mentoring.tiers import LinkState, Tier

from . import assessment_rules as rules
from . import scoring
from .assessment_rules import Counted, Span
from .feedback_reader import ABOUT_MENTOR
from .models import Feedback

HELD: Final = (LinkState.ACTIVE, LinkState.ENDED)
DIMENSIONS: Final = ("political", "working", "learning", "discipline")
NONE: Final = Fraction(0)
ONE: Final = Fraction(1)


@dataclass(frozen=True)
class Row:
    """One thing that counts, or does not: `state` says which (a code of `assessment_page.STATES`).

    `about`: whose or what; `source`: what opens it, as (kind, id); `days`: confirmed talks of a window, as (day, id of the entry);
    `marks`: by dimension, in hundredths.
    """

    about: str
    state: str
    first: date
    source: tuple[str, int]
    last: date | None = None
    done: Fraction = NONE
    owed: Fraction = NONE
    days: tuple[tuple[date, int], ...] = ()
    marks: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class MentorFacts:
    """What the portal holds of one mentor in a year: rows and what they come to, by part."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {key: [] for key in scoring.PARTS})

    def counted(self, part: str) -> Counted:
        return COUNTS[part](self.rows[part])


def held_links(span: Span) -> Any:
    """Links that ran within the span: begun, and answered with yes where the mentee is asked."""
    rows = Mentorship.objects.filter(state__in=HELD, starts_on__lte=span.done_until)
    rows = rows.filter(Q(ended_on=None) | Q(ended_on__gte=span.first))
    return rows.exclude(tier=Tier.CLASSMATES, answered_at=None)


def held_guidances(span: Span) -> Any:
    rows = LeagueGuidance.objects.filter(state__in=HELD, starts_on__lte=span.done_until)
    return rows.filter(Q(ended_on=None) | Q(ended_on__gte=span.first))


def mentors_among(people: Any, span: Span) -> Any:
    """Those of a query set of people who helped somebody, or guided a League branch, within the span."""
    linked = held_links(span).filter(mentor_id=OuterRef("pk"))
    guiding = held_guidances(span).filter(person_id=OuterRef("pk"))
    return people.filter(Exists(linked) | Exists(guiding))


def span_of(year: AcademicYear, today: date) -> Span:
    return Span.of(year.starts_on, year.ends_on, today)


def facts_of(
    person_ids: Collection[int], year: AcademicYear, *, today: date, now: datetime, policy: Policy | None = None
) -> dict[int, MentorFacts]:
    """Person → facts as of `today`; feedback only as far as it may be read at `now`. Everybody asked for is there."""
    from .assessment_lectures import read_lectures

    policy = policy or Policy()
    span, ids = span_of(year, today), sorted(set(person_ids))
    found = {pk: MentorFacts() for pk in ids}
    if not ids or span.first > span.done_until:
        return found
    links = list(
        held_links(span).filter(mentor_id__in=ids).order_by("starts_on", "pk")
        .values_list("pk", "mentor_id", "mentee__name", "starts_on", "ended_on")
    )  # fmt: skip
    guidances = list(
        held_guidances(span).filter(person_id__in=ids).order_by("starts_on", "pk")
        .values_list("pk", "person_id", "league_branch__name", "starts_on", "ended_on", "league_branch_id")
    )  # fmt: skip
    _read_talks(found, links, guidances, span, policy.number("talk_every_days", span.done_until))
    _read_goals(found, links, span)
    _read_milestones(found, guidances, span)
    _read_feedback(found, ids, span, now)
    _read_activities(found, ids, span)
    read_lectures(found, ids, year, span, policy)
    return found


# --- Talks ---------------------------------------------------------------------------------------


def _read_talks(
    found: dict[int, MentorFacts], links: Sequence[Any], guidances: Sequence[Any], span: Span, every: int
) -> None:
    talks: dict[tuple[str, int], list[tuple[date, int]]] = defaultdict(list)
    entries = LogEntry.objects.filter(
        Q(mentorship_id__in=[row[0] for row in links]) | Q(league_guidance_id__in=[row[0] for row in guidances]),
        state=LogState.CONFIRMED, on__gte=span.first, on__lte=span.done_until,
    ).order_by("on", "pk")  # fmt: skip
    for pk, on, link_id, guidance_id in entries.values_list("pk", "on", "mentorship_id", "league_guidance_id"):
        talks["link", link_id].append((on, pk)) if link_id else talks["guidance", guidance_id].append((on, pk))
    for kind, rows in (("link", links), ("guidance", guidances)):
        for pk, mentor_id, about, starts_on, ended_on, *_rest in rows:
            days = talks[kind, pk]
            for window in rules.talk_windows(starts_on, ended_on, every, [day for day, _entry in days], span):
                state = ("talked" if window.talks else "silent") if window.is_over else "running"
                found[mentor_id].rows[scoring.TALKS].append(
                    Row(
                        about, state, window.first, (kind, pk), window.last, done=ONE if state == "talked" else NONE,
                        owed=ONE if window.is_over else NONE,
                        days=tuple((day, entry) for day, entry in days if window.first <= day <= window.last),
                    )
                )  # fmt: skip


# --- Progress ------------------------------------------------------------------------------------


def _read_goals(found: dict[int, MentorFacts], links: Sequence[Any], span: Span) -> None:
    """Goals both have agreed on that are due in the year; given up with a reason: nobody is asked for them."""
    by_link = {pk: (mentor_id, name, ended_on or span.year_end) for pk, mentor_id, name, _from, ended_on in links}
    goals = MentoringGoal.objects.agreed().filter(mentorship_id__in=by_link, due_on__gte=span.first, due_on__lte=span.year_end)  # fmt: skip
    for link_id, what, due_on, reached_on, dropped_on in goals.order_by("due_on", "pk").values_list(
        "mentorship_id", "what", "due_on", "reached_on", "dropped_on"
    ):
        mentor_id, name, until = by_link[link_id]
        is_dropped = dropped_on is not None and dropped_on <= span.done_until
        row = _agreed(f"{name}: {what}", due_on, reached_on, until, span, ("goals", link_id), is_dropped=is_dropped)
        found[mentor_id].rows[scoring.PROGRESS].append(row)


def _read_milestones(found: dict[int, MentorFacts], guidances: Sequence[Any], span: Span) -> None:
    """Milestones of guided League branches that are due while the guidance runs; each of several guides is asked for them."""
    milestones: dict[int, list[Any]] = defaultdict(list)
    rows = LeagueMilestone.objects.filter(
        plan__league_branch_id__in={row[5] for row in guidances}, due_on__gte=span.first, due_on__lte=span.year_end
    )
    for branch_id, *rest in rows.order_by("due_on", "pk").values_list(
        "plan__league_branch_id", "what", "due_on", "done_on"
    ):
        milestones[branch_id].append(rest)
    for pk, person_id, name, starts_on, ended_on, branch_id in guidances:
        for what, due_on, done_on in milestones[branch_id]:
            if starts_on <= due_on and (ended_on is None or due_on <= ended_on):
                row = _agreed(f"{name}: {what}", due_on, done_on, ended_on or span.year_end, span, ("guidance", pk))
                found[person_id].rows[scoring.PROGRESS].append(row)


def _agreed(
    about: str,
    due_on: date,
    done_on: date | None,
    until: date,
    span: Span,
    source: tuple[str, int],
    *,
    is_dropped: bool = False,
) -> Row:
    if is_dropped:
        return Row(about, "dropped", due_on, source)
    if not rules.is_due(due_on, done_on, until=until, span=span):
        return Row(about, "ahead", due_on, source)
    if rules.is_done(done_on, until=until, span=span):
        return Row(about, "reached", due_on, source, done_on, done=ONE, owed=ONE)
    return Row(about, "missed", due_on, source, owed=ONE)


# --- Feedback, activities ------------------------------------------------------------------------


def _read_feedback(found: dict[int, MentorFacts], ids: Sequence[int], span: Span, now: datetime) -> None:
    """What mentees and League branches said of them, once it may be read; marks and whose, no words."""
    rows = Feedback.objects.filter(
        Q(exchange__revealed_at__isnull=False) | Q(exchange__closes_at__lte=now), exchange__mentor_id__in=ids,
        side__in=ABOUT_MENTOR, submitted_at__date__gte=span.first, submitted_at__date__lte=span.done_until,
    ).order_by("submitted_at", "pk")  # fmt: skip
    for mentor_id, exchange_id, mentee, league, at, *marks in rows.values_list(
        "exchange__mentor_id", "exchange_id", "exchange__mentee__name", "exchange__league_branch__name", "submitted_at", *DIMENSIONS
    ):  # fmt: skip
        state = "said" if any(mark is not None for mark in marks) else "unmarked"
        row = Row(mentee or league, state, timezone.localdate(at), ("exchange", exchange_id), marks=tuple(marks))
        found[mentor_id].rows[scoring.FEEDBACK].append(row)


def _read_activities(found: dict[int, MentorFacts], ids: Sequence[int], span: Span) -> None:
    """Activities they were expected at: present or absent; on leave is not counted, nor one that was called off."""
    rows = Participation.objects.filter(
        person_id__in=ids, state__in=(ParticipationState.PRESENT, ParticipationState.ABSENT, ParticipationState.LEAVE),
        activity__starts_at__date__gte=span.first, activity__starts_at__date__lte=span.done_until,
    ).exclude(activity__state=ActivityState.CANCELLED)  # fmt: skip
    for person_id, state, activity_id, title, starts_at in rows.order_by("activity__starts_at", "pk").values_list(
        "person_id", "state", "activity_id", "activity__title", "activity__starts_at"
    ):
        expected, present = state != ParticipationState.LEAVE, state == ParticipationState.PRESENT
        found[person_id].rows[scoring.ACTIVITIES].append(
            Row(
                title, str(state), timezone.localdate(starts_at), ("activity", activity_id),
                done=ONE if present else NONE, owed=ONE if expected else NONE,
            )
        )  # fmt: skip


# --- From rows to points -------------------------------------------------------------------------


def _count_talks(rows: Sequence[Row]) -> Counted:
    over = [row for row in rows if row.owed]
    with_talk = sum(row.done > 0 for row in over)
    points = rules.whole(scoring.regularity(with_talk, len(over)))
    return Counted(points, len(over), Fraction(with_talk), Fraction(len(over)))


def _count_feedback(rows: Sequence[Row]) -> Counted:
    marked = [row for row in rows if row.state == "said"]
    return rules.said([mark for row in marked for mark in row.marks if mark is not None], len(marked))


def _count_done(rows: Sequence[Row]) -> Counted:
    owed = [row for row in rows if row.owed]
    return rules.fulfilled(sum((row.done for row in rows), NONE), sum((row.owed for row in owed), NONE), len(owed))


COUNTS: Final[dict[str, Callable[[Sequence[Row]], Counted]]] = {
    scoring.TALKS: _count_talks, scoring.FEEDBACK: _count_feedback, scoring.PROGRESS: _count_done,
    scoring.LECTURES: _count_done, scoring.ACTIVITIES: _count_done,
}  # fmt: skip
