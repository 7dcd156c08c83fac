"""The lecture quota, exact (RULES.md 4.2, R70–R75). Pure: calendar, rules, exemptions and lectures in; a status out.

The unit is one League branch and one week, Monday to Sunday. A quota week has at least `min_teaching_days` teaching
days and starts on or after the first Monday of the season. Exam weeks and breaks have no teaching days, so the season
ends by itself before the exams of each term; where it lasts the whole academic year, exam weeks are weeks like others.

Nothing here asks the clock, and every number is the one in force when the week began: a rule that changes on a
Wednesday holds from the next Monday on, and no week that is over is judged anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from branches.calendar import Calendar
from branches.policy import Policy

# Days of a full week of teaching, for the share of a short one.
SCHOOL_DAYS = 5


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
    season_day: int = 1
    whole_year: bool = False
    min_teaching_days: int = 4
    short_weeks_pro_rata: bool = False
    late_after_days: int = 7
    junior_study_years: int = 1

    @classmethod
    def in_force(cls, policy: Policy, on: date) -> QuotaRules:
        return cls(
            lectures_a_week=policy.number("lectures_a_week", on),
            min_minutes=policy.number("lecture_min_minutes", on),
            textbook_required=bool(policy.number("lecture_textbook_required", on)),
            season_month=policy.number("lecture_season_month", on),
            season_day=policy.number("lecture_season_day", on),
            whole_year=bool(policy.number("lecture_season_whole_year", on)),
            min_teaching_days=policy.number("quota_min_teaching_days", on),
            short_weeks_pro_rata=bool(policy.number("lecture_short_weeks", on)),
            late_after_days=policy.number("lecture_late_after_days", on),
            junior_study_years=policy.number("junior_study_years", on),
        )


@dataclass(frozen=True)
class LectureFact:
    """One lecture as one League branch heard it. States are those of the models, as text.

    `minutes` are those the League branch heard, where it said so; else those the speaker entered.
    """

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
    # "No lecture this week, because …": said by the League branch or its speakers. The week stays unmet.
    said_why: str = ""

    @property
    def is_unmet_with_reason(self) -> bool:
        """A word of its own on the board: nobody forgot the week, and it is not met either."""
        return bool(self.said_why) and self.state in (WeekState.MISSED, WeekState.RUNNING)

    @property
    def waiting(self) -> int:
        """Lectures that would count once the League branch says yes."""
        return sum(verdict.why == NotCounted.NOT_CONFIRMED for verdict in self.verdicts)

    @property
    def planned(self) -> int:
        """Lectures that are to be given."""
        return sum(verdict.why == NotCounted.PLANNED for verdict in self.verdicts)

    @property
    def missing(self) -> int:
        return max(0, self.required - self.counted)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)


def monday_of(on: date) -> date:
    return on - timedelta(days=on.weekday())


def season_start(academic_year_start: int, rules: QuotaRules) -> date:
    """The first Monday on or after the first day of the season (1 October; the 2nd gives the week of 8 October)."""
    first = date(academic_year_start, rules.season_month, rules.season_day)
    return first + timedelta(days=-first.weekday() % 7)


def quota_days(calendar: Calendar, monday: date, rules: QuotaRules) -> int:
    """Days of the week on which lectures can be owed: its teaching days, make-up days among them.

    Where the season lasts the whole academic year the working days of exam weeks are counted too.
    """
    days = [monday + timedelta(days=number) for number in range(7)]
    return sum(calendar.is_teaching_day(day) or (rules.whole_year and _is_exam_day(calendar, day)) for day in days)


def _is_exam_day(calendar: Calendar, day: date) -> bool:
    """A working day on which exams are held: in an exam week, or marked so in the calendar of a term."""
    kind = calendar.days.get(day)
    if kind == "makeup":
        return calendar.is_exam_week(day)
    is_working = day.weekday() < SCHOOL_DAYS
    return is_working and (
        (kind == "exam" and calendar.term_of(day) is not None) or (kind is None and calendar.is_exam_week(day))
    )


def is_in_season(calendar: Calendar, monday: date, rules: QuotaRules) -> bool:
    """True from the first Monday of the season to the end of the academic year's last term."""
    # The week belongs to the term most of it lies in; its Thursday decides.
    year = calendar.academic_year_start(monday + timedelta(days=3))
    return year is not None and monday >= season_start(year, rules)


def is_quota_week(calendar: Calendar, monday: date, rules: QuotaRules) -> bool:
    """True when every junior League branch that is not exempt owes the full number in the week of `monday`."""
    return is_in_season(calendar, monday, rules) and quota_days(calendar, monday, rules) >= rules.min_teaching_days


def lectures_owed(calendar: Calendar, monday: date, rules: QuotaRules) -> int:
    """How many lectures a League branch owes in a week: all, none, or in a short week its share by days (rounded up)."""
    if not is_in_season(calendar, monday, rules):
        return 0
    days = quota_days(calendar, monday, rules)
    if days >= rules.min_teaching_days:
        return rules.lectures_a_week
    return -(-rules.lectures_a_week * days // SCHOOL_DAYS) if rules.short_weeks_pro_rata else 0


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
    said_why: str = "",
) -> WeekStatus:
    """The week of one League branch. `lectures` are those of that week, on any of its days."""
    exempt = owes and is_exempt(monday, exemptions)
    verdicts = tuple(judge(fact, rules, is_exempt=exempt) for fact in lectures)
    counted = sum(verdict.counts for verdict in verdicts)
    owed = lectures_owed(calendar, monday, rules) if owes else 0
    state = _state(owed, counted, exempt=exempt, is_over=today > monday + timedelta(days=6))
    return WeekStatus(monday, 0 if exempt else owed, counted, state, verdicts, said_why)


def _state(owed: int, counted: int, *, exempt: bool, is_over: bool) -> WeekState:
    if not owed:
        return WeekState.NOT_OWED
    if exempt:
        return WeekState.EXEMPT
    if counted >= owed:
        return WeekState.MET
    return WeekState.MISSED if is_over else WeekState.RUNNING


def quota_weeks(
    calendar: Calendar, rules: QuotaRules | Callable[[date], QuotaRules], first: date, last: date
) -> list[date]:
    """Mondays of all weeks that start between two days and in which lectures are owed; `rules` may differ by Monday."""
    monday = monday_of(first)
    found = []
    while monday <= last:
        if lectures_owed(calendar, monday, rules(monday) if callable(rules) else rules):
            found.append(monday)
        monday += timedelta(weeks=1)
    return found
