"""The lecture quota, exact (RULES.md 4.2, R70–R75). Pure: calendar, rules, exemptions and lectures in; a status out.

The unit is one League branch and one week, Monday to Sunday. A quota week has at least `min_teaching_days` teaching
days and starts on or after the first Monday of the season; exam weeks and breaks have no teaching days, so the
season ends by itself before the exams of each term.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from branches.calendar import Calendar
from branches.policy import Policy


class WeekState(StrEnum):
    MET = "met"
    MISSED = "missed"
    EXEMPT = "exempt"
    RUNNING = "running"
    NOT_OWED = "not_owed"


class NotCounted(StrEnum):
    """Why a lecture does not count."""

    TOO_SHORT = "too_short"
    OTHER_MATERIAL = "other_material"
    NOT_CONFIRMED = "not_confirmed"
    DENIED = "denied"
    CANCELLED = "cancelled"
    PLANNED = "planned"
    EXEMPT = "exempt"


class Flag(StrEnum):
    """Counts all the same, but somebody should look."""

    LATE_ENTRY = "late_entry"
    SPEAKER_WITHOUT_DUTY = "speaker_without_duty"
    SHARED = "shared"


@dataclass(frozen=True)
class QuotaRules:
    """The numbers in force on one day."""

    lectures_a_week: int = 2
    min_minutes: int = 30
    textbook_required: bool = True
    season_month: int = 10
    min_teaching_days: int = 4
    late_after_days: int = 7
    junior_study_years: int = 1

    @classmethod
    def in_force(cls, policy: Policy, on: date) -> QuotaRules:
        return cls(
            lectures_a_week=policy.number("lectures_a_week", on),
            min_minutes=policy.number("lecture_min_minutes", on),
            textbook_required=bool(policy.number("lecture_textbook_required", on)),
            season_month=policy.number("lecture_season_month", on),
            min_teaching_days=policy.number("quota_min_teaching_days", on),
            late_after_days=policy.number("lecture_late_after_days", on),
            junior_study_years=policy.number("junior_study_years", on),
        )


@dataclass(frozen=True)
class LectureFact:
    """One lecture as one League branch heard it. States are those of the models, as text."""

    audience_id: int
    lecture_id: int
    on: date
    minutes: int
    lecture_state: str
    audience_state: str
    textbook_is_prescribed: bool
    recorded_on: date
    speakers_on_duty: bool = True
    audiences: int = 1


@dataclass(frozen=True)
class LectureVerdict:
    fact: LectureFact
    counts: bool
    why: NotCounted | None = None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class WeekStatus:
    monday: date
    required: int
    counted: int
    state: WeekState
    verdicts: tuple[LectureVerdict, ...] = ()

    @property
    def missing(self) -> int:
        return max(0, self.required - self.counted)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)


def monday_of(on: date) -> date:
    return on - timedelta(days=on.weekday())


def season_start(academic_year_start: int, rules: QuotaRules) -> date:
    """The first Monday on or after the first day of the season's month."""
    first = date(academic_year_start, rules.season_month, 1)
    return first + timedelta(days=-first.weekday() % 7)


def is_quota_week(calendar: Calendar, monday: date, rules: QuotaRules) -> bool:
    """True when every junior League branch that is not exempt owes lectures in the week of `monday`."""
    if calendar.teaching_days(monday) < rules.min_teaching_days:
        return False
    # The week belongs to the term most of it lies in; its Thursday decides.
    year = calendar.academic_year_start(monday + timedelta(days=3))
    return year is not None and monday >= season_start(year, rules)


def owes_lectures(study_year: int, has_party_branch: bool, rules: QuotaRules) -> bool:
    """R75: a junior League branch with a responsible Party branch."""
    return has_party_branch and 1 <= study_year <= rules.junior_study_years


def judge(fact: LectureFact, rules: QuotaRules, *, is_exempt: bool) -> LectureVerdict:
    """Does this lecture count, and if not, the first reason why."""
    why = _reason(fact, rules, is_exempt=is_exempt)
    if why is not None:
        return LectureVerdict(fact, counts=False, why=why)
    flags = []
    if (fact.recorded_on - fact.on).days > rules.late_after_days:
        flags.append(Flag.LATE_ENTRY)
    if not fact.speakers_on_duty:
        flags.append(Flag.SPEAKER_WITHOUT_DUTY)
    if fact.audiences > 1:
        flags.append(Flag.SHARED)
    return LectureVerdict(fact, counts=True, flags=tuple(flags))


def _reason(fact: LectureFact, rules: QuotaRules, *, is_exempt: bool) -> NotCounted | None:
    if fact.lecture_state == "cancelled":
        return NotCounted.CANCELLED
    if fact.lecture_state == "planned":
        return NotCounted.PLANNED
    if fact.audience_state == "denied":
        return NotCounted.DENIED
    if fact.minutes < rules.min_minutes:
        return NotCounted.TOO_SHORT
    if rules.textbook_required and not fact.textbook_is_prescribed:
        return NotCounted.OTHER_MATERIAL
    if fact.audience_state != "confirmed":
        return NotCounted.NOT_CONFIRMED
    return NotCounted.EXEMPT if is_exempt else None


def is_exempt(monday: date, exemptions: Iterable[tuple[date, date]]) -> bool:
    """A week touched by an exemption is exempt."""
    sunday = monday + timedelta(days=6)
    return any(first <= sunday and last >= monday for first, last in exemptions)


def week_status(
    *,
    calendar: Calendar,
    rules: QuotaRules,
    monday: date,
    today: date,
    owes: bool,
    exemptions: Sequence[tuple[date, date]] = (),
    lectures: Sequence[LectureFact] = (),
) -> WeekStatus:
    """The week of one League branch. `lectures` are those of that week."""
    exempt = owes and is_exempt(monday, exemptions)
    verdicts = tuple(judge(fact, rules, is_exempt=exempt) for fact in lectures)
    counted = sum(verdict.counts for verdict in verdicts)
    owed = owes and is_quota_week(calendar, monday, rules)
    required = rules.lectures_a_week if owed and not exempt else 0
    if not owed:
        state = WeekState.NOT_OWED
    elif exempt:
        state = WeekState.EXEMPT
    elif counted >= required:
        state = WeekState.MET
    elif today > monday + timedelta(days=6):
        state = WeekState.MISSED
    else:
        state = WeekState.RUNNING
    return WeekStatus(monday, required, counted, state, verdicts)


def quota_weeks(calendar: Calendar, rules: QuotaRules, first: date, last: date) -> list[date]:
    """Mondays of all quota weeks that start between two days."""
    monday = monday_of(first)
    found = []
    while monday <= last:
        if is_quota_week(calendar, monday, rules):
            found.append(monday)
        monday += timedelta(weeks=1)
    return found
