"""Who of the helping branch could stand in for whom is away. Pure: no ORM, no clock.

A stand-in takes over work, never membership: no quorum, no vote and no post in the other branch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from .continuity import PersonFacts
from .presence import month_ends_on
from .spans import DAY, Span, clip, days_within, outside


class Duty(StrEnum):
    """What may be taken over: the values of `CoverDuty`. Never quorum, vote or post in the other branch."""

    LECTURES = "lectures"
    GUIDANCE = "guidance"
    FILES = "files"
    STUDY = "study"
    MEETINGS = "meetings"


class StandInReason(StrEnum):
    """Why somebody was proposed; the last two are said so that a person looks at it."""

    WHOLE_PERIOD = "whole_period"
    MOST_OF_PERIOD = "most_of_period"
    FULL_MEMBER = "full_member"
    PAIRED = "paired"
    NO_OTHER_COVER = "no_other_cover"
    SAME_MAJOR = "same_major"
    PROBATIONARY = "probationary"
    NOBODY_ON_CAMPUS = "nobody_on_campus"


@dataclass(frozen=True)
class StandingCover:
    """A stand-in duty asked for or accepted; `absent` is None for the branch as a whole."""

    absent: int | None
    duty: Duty
    from_on: date
    to_on: date


@dataclass(frozen=True)
class StandInProposal:
    """`absent` is None for the branch as a whole; `stand_in` is None when nobody of the helping group is there."""

    absent: int | None
    stand_in: int | None
    duty: Duty
    from_on: date
    to_on: date
    reasons: tuple[StandInReason, ...]


@dataclass(frozen=True)
class _Need:
    absent: PersonFacts | None
    duty: Duty
    from_on: date
    to_on: date

    @property
    def key(self) -> int | None:
        return self.absent.key if self.absent else None

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1

    @property
    def order(self) -> tuple[date, date, str, int]:
        return self.from_on, self.to_on, self.absent.number if self.absent else "", list(Duty).index(self.duty)


def propose_stand_ins(
    *,
    absentees: Iterable[PersonFacts],
    helpers: Iterable[PersonFacts],
    first: date,
    last: date,
    gap_months: Iterable[date] = (),
    duties: Mapping[int, Sequence[Duty]] | None = None,
    pairs: Collection[tuple[int, int]] = (),
    standing: Collection[StandingCover] = (),
    declined: Collection[tuple[int | None, Duty, int]] = (),
    cover_counts: Mapping[int, int] | None = None,
) -> list[StandInProposal]:
    """A stand-in of the helping branch's group for each absence and each run of gap months between `first` and `last`.

    `first` is today at the earliest. `absentees` are members of the partner branch. `duties` says what a person does (default: a full member guides, a
    probationary member takes part in study meetings); in a gap the meetings are prepared. `pairs` are (helper, partner) of
    member pairs. What `standing` covers of this pairing take care of is left out, and nobody is proposed for what they
    `declined`: (absent, duty, stand-in). `cover_counts`: open stand-in duties per helper, in any pairing.

    Whoever is on campus on more than half of the days may be proposed. The order: there the whole time; for guidance a full
    member; the paired partner; fewest duties, those proposed here included; same major; number. By day, then number.
    """
    counts = dict(cover_counts or {})
    bench = [(helper, helper.present_within(first, last)) for helper in sorted(helpers, key=lambda one: one.number)]
    needs = [*_absence_needs(absentees, first, last, duties or {}), *_gap_needs(gap_months, first, last)]
    open_needs = [rest for need in needs for rest in _uncovered(need, standing)]
    proposals = []
    for need in sorted(open_needs, key=lambda one: one.order):
        ranked = [
            (_merits(need, helper, spans, pairs, counts), helper)
            for helper, spans in bench
            if 2 * days_within(spans, need.from_on, need.to_on) > need.days
            and (need.key, need.duty, helper.key) not in declined
            and helper.key != need.key
        ]
        stand_in: int | None = None
        reasons: tuple[StandInReason, ...] = (StandInReason.NOBODY_ON_CAMPUS,)
        if ranked:
            merits, helper = min(ranked, key=lambda pair: (pair[0].rank, pair[1].number))
            stand_in, reasons = helper.key, merits.reasons
            counts[helper.key] = counts.get(helper.key, 0) + 1
        proposals.append(StandInProposal(need.key, stand_in, need.duty, need.from_on, need.to_on, reasons))
    return proposals


@dataclass(frozen=True)
class _Merits:
    rank: tuple[bool, bool, bool, int, bool]
    reasons: tuple[StandInReason, ...]


def _merits(
    need: _Need,
    helper: PersonFacts,
    spans: Sequence[Span],
    pairs: Collection[tuple[int, int]],
    counts: Mapping[int, int],
) -> _Merits:
    whole = days_within(spans, need.from_on, need.to_on) == need.days
    guides = need.duty is Duty.GUIDANCE
    # A presumed conversion is not enough to guide.
    is_full = helper.converted_on is not None and helper.converted_on <= need.from_on
    is_paired = (helper.key, need.key) in pairs
    count = counts.get(helper.key, 0)
    same_major = need.absent is not None and helper.major != "" and helper.major == need.absent.major
    named = (
        (StandInReason.WHOLE_PERIOD, whole),
        (StandInReason.MOST_OF_PERIOD, not whole),
        (StandInReason.FULL_MEMBER, guides and is_full),
        (StandInReason.PAIRED, is_paired),
        (StandInReason.NO_OTHER_COVER, count == 0),
        (StandInReason.SAME_MAJOR, same_major),
        (StandInReason.PROBATIONARY, guides and not is_full),
    )
    return _Merits(
        (not whole, guides and not is_full, not is_paired, count, not same_major),
        tuple(reason for reason, holds in named if holds),
    )


def _absence_needs(
    absentees: Iterable[PersonFacts], first: date, last: date, duties: Mapping[int, Sequence[Duty]]
) -> list[_Need]:
    """A need for each duty and each stretch away; absences that touch or overlap are one."""
    found = []
    for person in absentees:
        for span in person.member_within(first, last):
            for from_on, to_on in outside(span, person.present_within(first, last)):
                is_full = person.converted_on is not None and person.converted_on <= from_on
                usual = (Duty.GUIDANCE,) if is_full else (Duty.STUDY,)
                found += [_Need(person, duty, from_on, to_on) for duty in dict.fromkeys(duties.get(person.key, usual))]
    return found


def _gap_needs(gap_months: Iterable[date], first: date, last: date) -> list[_Need]:
    """Months that follow each other are one need."""
    runs: list[Span] = []
    for month in sorted(set(gap_months)):
        if runs and runs[-1][1] + DAY == month:
            runs[-1] = (runs[-1][0], month_ends_on(month))
        else:
            runs.append((month, month_ends_on(month)))
    return [_Need(None, Duty.MEETINGS, *span) for run in runs for span in clip(*run, first, last)]


def _uncovered(need: _Need, standing: Iterable[StandingCover]) -> list[_Need]:
    covers = [(one.from_on, one.to_on) for one in standing if (one.absent, one.duty) == (need.key, need.duty)]
    return [_Need(need.absent, need.duty, *span) for span in outside((need.from_on, need.to_on), covers)]
