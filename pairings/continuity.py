"""Who is on campus in the months ahead, and where nobody can lawfully meet. Pure: no ORM, no clock.

RULES.md 1.4–1.6, R14, R16, R30. Months are named by their first day and begin with the running one; every first and last
day is included. Somebody counts as a member, a full member or on campus in a month when they are that on more than half
of its days (15 of 30 are not enough), so that in every month `full_on_campus` ≤ `on_campus` ≤ `members`.

A member belongs to the branch from admission to the expected graduation, or to the day before leaving. Nobody is presumed
to be admitted. Presumed, unless `assume_conversion=False`, is that a probationary member becomes full on the day probation
ends (R16; the end of the extension), or today when that day is past: two years ahead cannot be judged otherwise.

A month is a gap when on no day of it the full members on campus are more than half of the branch's full members of that
day: only they have a vote (R14). The running month is judged whole, its past days too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from branches.policy import Policy

from .presence import MONTHS_AT_MOST, month_ends_on
from .spans import DAY, Span, clip, count_by_day, days_within, outside

MONTHS_AHEAD = 24


@dataclass(frozen=True)
class ContinuityRules:
    """The numbers in force on one day."""

    probation_months: int = 12
    min_full_members: int = 3

    @classmethod
    def in_force(cls, policy: Policy, on: date) -> ContinuityRules:
        return cls(
            probation_months=policy.number("probation_months", on),
            min_full_members=policy.number("branch_min_full_members", on),
        )


DEFAULT_RULES = ContinuityRules()


@dataclass(frozen=True)
class AbsenceFact:
    """Away from campus; an open end means until further notice. `kind` is the model's, as text."""

    from_on: date
    to_on: date | None = None
    kind: str = ""

    def covers(self, on: date) -> bool:
        return self.from_on <= on and (self.to_on is None or on <= self.to_on)


@dataclass(frozen=True)
class PersonFacts:
    """What the forecast needs to know of one person; `key` is the caller's."""

    key: int
    number: str
    name: str
    branch_id: int
    admitted_on: date | None = None
    converted_on: date | None = None
    extended_to: date | None = None
    graduates_on: date | None = None
    left_on: date | None = None
    absences: tuple[AbsenceFact, ...] = ()
    major: str = ""

    @property
    def member_from(self) -> date | None:
        """The day of admission; old rosters may know the day of full membership only."""
        return self.admitted_on or self.converted_on

    @property
    def last_day(self) -> date | None:
        """The last day in the branch: graduation, or the day before leaving."""
        known = [self.graduates_on, self.left_on and self.left_on - DAY]
        return min((day for day in known if day is not None), default=None)

    def member_within(self, first: date, last: date) -> list[Span]:
        """Days between two days on which the person belongs to the branch: one span or none."""
        return clip(self.member_from, self.last_day, first, last)

    def present_within(self, first: date, last: date) -> list[Span]:
        """Those of `member_within` on campus, in order."""
        return _without_absences(self.member_within(first, last), self.absences)


class OffCampus(StrEnum):
    """Why somebody is not on campus on the day of conversion."""

    AWAY = "away"
    GRADUATED = "graduated"


@dataclass(frozen=True)
class ConversionOffCampus:
    """Probation ends on `due_on` while the person is away or after graduation.

    `until`: the last day of the absence, chained with those that follow without a day between; None when open or graduated.
    `absence_kind`: of the absence on that day, empty after graduation.
    """

    person: PersonFacts
    due_on: date
    why: OffCampus
    until: date | None = None
    absence_kind: str = ""


@dataclass(frozen=True)
class MonthForecast:
    """One branch in one month. `quorum_days`: days on which a meeting could lawfully vote."""

    month: date
    members: int
    on_campus: int
    full_members: int
    full_on_campus: int
    quorum_days: int
    first_quorum_on: date | None
    last_quorum_on: date | None
    # On no day of the month is a single full member on campus.
    empty: bool
    # R30: a joint branch would have to be formed.
    below_three: bool

    @property
    def gap(self) -> bool:
        return self.quorum_days == 0


@dataclass(frozen=True)
class Forecast:
    """The months ahead of one branch and the conversions that fall off campus in them, by day and number."""

    months: tuple[MonthForecast, ...]
    conversions: tuple[ConversionOffCampus, ...]

    @property
    def gaps(self) -> tuple[MonthForecast, ...]:
        return tuple(month for month in self.months if month.gap)


def months_ahead(today: date, months: int) -> list[date]:
    """The first days of `months` months from the running one on. `ValueError` unless 1 to 60 are asked for."""
    if not 1 <= months <= MONTHS_AT_MOST:
        raise ValueError(f"months must be from 1 to {MONTHS_AT_MOST}")
    first = today.replace(day=1)
    return [first + relativedelta(months=step) for step in range(months)]


def conversion_due_on(person: PersonFacts, rules: ContinuityRules) -> date | None:
    """The day probation ends; None for full members and people not admitted."""
    if person.converted_on is not None or person.admitted_on is None:
        return None
    return person.extended_to or person.admitted_on + relativedelta(months=rules.probation_months)


def full_from(person: PersonFacts, rules: ContinuityRules, *, today: date, assume_conversion: bool) -> date | None:
    """The first day as a full member, known or presumed; None when it is neither."""
    due_on = conversion_due_on(person, rules)
    if due_on is None:
        return person.converted_on
    return max(due_on, today) if assume_conversion else None


def forecast(
    people: Iterable[PersonFacts],
    *,
    today: date,
    months: int = MONTHS_AHEAD,
    rules: ContinuityRules = DEFAULT_RULES,
    assume_conversion: bool = True,
) -> Forecast:
    """The months ahead of one branch; `people` are its members, others are passed over."""
    firsts = months_ahead(today, months)
    first, last = firsts[0], month_ends_on(firsts[-1])
    people = list(people)
    lives = [
        _life(person, first, last, full_from(person, rules, today=today, assume_conversion=assume_conversion))
        for person in people
    ]
    voters = count_by_day((life.full for life in lives), first, last)
    voters_here = count_by_day((life.full_present for life in lives), first, last)
    found = []
    for month in firsts:
        start, end = (month - first).days, (month_ends_on(month) - first).days + 1
        found.append(_month(month, lives, voters[start:end], voters_here[start:end], rules))
    return Forecast(tuple(found), tuple(conversions_off_campus(people, first=first, last=last, rules=rules)))


def forecast_branches(
    people: Iterable[PersonFacts],
    *,
    branch_ids: Iterable[int],
    today: date,
    months: int = MONTHS_AHEAD,
    rules: ContinuityRules = DEFAULT_RULES,
    assume_conversion: bool = True,
) -> dict[int, Forecast]:
    """`forecast` for each of `branch_ids`, in their order, those without people too; people of other branches are passed over."""
    by_branch: dict[int, list[PersonFacts]] = {branch_id: [] for branch_id in branch_ids}
    for person in people:
        if person.branch_id in by_branch:
            by_branch[person.branch_id].append(person)
    return {
        branch_id: forecast(members, today=today, months=months, rules=rules, assume_conversion=assume_conversion)
        for branch_id, members in by_branch.items()
    }


def conversions_off_campus(
    people: Iterable[PersonFacts], *, first: date, last: date, rules: ContinuityRules
) -> list[ConversionOffCampus]:
    """Probations ending between two days while the person is away or has graduated; somebody who left by then is passed over."""
    found = []
    for person in people:
        due_on = conversion_due_on(person, rules)
        if due_on is None or not first <= due_on <= last or (person.left_on is not None and person.left_on <= due_on):
            continue
        absence = next((absence for absence in person.absences if absence.covers(due_on)), None)
        if person.graduates_on is not None and person.graduates_on < due_on:
            found.append(ConversionOffCampus(person, due_on, OffCampus.GRADUATED))
        elif absence is not None:
            until = _away_until(person.absences, due_on)
            found.append(ConversionOffCampus(person, due_on, OffCampus.AWAY, until, absence.kind))
    return sorted(found, key=lambda conversion: (conversion.due_on, conversion.person.number))


class RemedyKind(StrEnum):
    """What the rules allow when a month has no quorum. A member of the paired branch is never among it."""

    OTHER_DATE = "other_date"
    WRITTEN_OPINIONS = "written_opinions"
    JOINT_BRANCH = "joint_branch"


@dataclass(frozen=True)
class Remedy:
    """`applies` is False for a way that is not open to this branch in this month; `on` is the day of OTHER_DATE."""

    kind: RemedyKind
    applies: bool
    on: date | None = None


def remedies(gap: MonthForecast, months: Iterable[MonthForecast], *, today: date) -> tuple[Remedy, ...]:
    """The three lawful remedies of a gap, always in the same order; none when the month is no gap.

    Another date: the day with a quorum nearest to the month, not before today. Written opinions (1.4) count among the
    votes when handed in before the meeting; they take full members. A joint branch is for fewer than three of them (R30).
    """
    if not gap.gap:
        return ()
    on = _nearest_quorum(gap.month, months, today)
    return (
        Remedy(RemedyKind.OTHER_DATE, on is not None, on),
        Remedy(RemedyKind.WRITTEN_OPINIONS, gap.full_members > 0),
        Remedy(RemedyKind.JOINT_BRANCH, gap.below_three),
    )


@dataclass(frozen=True)
class _Life:
    """The days of one person within the forecast, as spans."""

    member: list[Span]
    present: list[Span]
    full: list[Span]
    full_present: list[Span]


def _life(person: PersonFacts, first: date, last: date, full_on: date | None) -> _Life:
    full = [span for start, end in person.member_within(first, last) for span in clip(full_on, None, start, end)]
    return _Life(
        person.member_within(first, last),
        person.present_within(first, last),
        full,
        _without_absences(full, person.absences),
    )


def _month(
    month: date, lives: Sequence[_Life], voters: Sequence[int], voters_here: Sequence[int], rules: ContinuityRules
) -> MonthForecast:
    quorum = [
        month + timedelta(days=day)
        for day, (here, eligible) in enumerate(zip(voters_here, voters, strict=True))
        if 2 * here > eligible
    ]
    full_members = sum(_fills(life.full, month) for life in lives)
    return MonthForecast(
        month=month,
        members=sum(_fills(life.member, month) for life in lives),
        on_campus=sum(_fills(life.present, month) for life in lives),
        full_members=full_members,
        full_on_campus=sum(_fills(life.full_present, month) for life in lives),
        quorum_days=len(quorum),
        first_quorum_on=quorum[0] if quorum else None,
        last_quorum_on=quorum[-1] if quorum else None,
        empty=max(voters_here) == 0,
        below_three=full_members < rules.min_full_members,
    )


def _nearest_quorum(month: date, months: Iterable[MonthForecast], today: date) -> date | None:
    """The day with a quorum nearest to a month without one, not before today; the earlier of two equally near."""
    last = month_ends_on(month)
    ends = [day for other in months for day in (other.first_quorum_on, other.last_quorum_on) if day and day >= today]
    return min(ends, key=lambda day: (max((month - day).days, (day - last).days), day), default=None)


def _away_until(absences: Iterable[AbsenceFact], on: date) -> date | None:
    until = on
    for absence in sorted(absences, key=lambda one: one.from_on):
        if absence.from_on <= until + DAY:
            if absence.to_on is None:
                return None
            until = max(until, absence.to_on)
    return until


def _fills(spans: Iterable[Span], month: date) -> bool:
    """More than half of the month's days."""
    last = month_ends_on(month)
    return 2 * days_within(spans, month, last) > last.day


def _without_absences(spans: Iterable[Span], absences: Sequence[AbsenceFact]) -> list[Span]:
    holes = [(absence.from_on, absence.to_on) for absence in absences]
    return [part for span in spans for part in outside(span, holes)]
