"""Who is proposed to stand in: order of merit, what is settled already, and that nobody is made up."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from pairings.continuity import AbsenceFact, PersonFacts
from pairings.models import CoverDuty
from pairings.stand_ins import Duty, StandingCover, StandInReason, propose_stand_ins

FIRST, LAST = dt.date(2026, 10, 28), dt.date(2027, 8, 31)
AWAY = (dt.date(2026, 11, 1), dt.date(2027, 4, 30))
WHOLE, MOST, FREE = StandInReason.WHOLE_PERIOD, StandInReason.MOST_OF_PERIOD, StandInReason.NO_OTHER_COVER


def member(key: int, *absences: tuple[dt.date, dt.date | None], converted: bool = True, **more) -> PersonFacts:
    return PersonFacts(
        key, f"N{key:02}", f"P{key}", 2 if key < 50 else 3, admitted_on=dt.date(2025, 5, 10),
        converted_on=dt.date(2026, 5, 10) if converted else None,
        absences=tuple(AbsenceFact(*one) for one in absences), **more,
    )  # fmt: skip


ABSENT = member(50, AWAY, major="模具")


def propose(helpers, absentees=(ABSENT,), **more):
    return [
        (one.absent, one.stand_in, one.duty.value, one.from_on, one.to_on, one.reasons)
        for one in propose_stand_ins(absentees=absentees, helpers=helpers, first=FIRST, last=LAST, **more)
    ]


def chosen(helpers, absentees=(ABSENT,), **more):
    return [one[1] for one in propose(helpers, absentees, **more)]


def test_duties_are_those_that_can_be_stored_and_none_is_a_vote_or_a_post():
    assert [duty.value for duty in Duty] == CoverDuty.values


def test_a_full_member_of_the_helping_branch_guides_in_place_of_one_who_is_away():
    assert propose([member(1)]) == [(50, 1, "guidance", *AWAY, (WHOLE, StandInReason.FULL_MEMBER, FREE))]


def test_the_time_is_cut_to_the_pairing_and_to_membership():
    long = member(50, (dt.date(2026, 9, 1), None), graduates_on=dt.date(2027, 6, 30))
    assert propose([member(1)], [long])[0][3:5] == (FIRST, dt.date(2027, 6, 30))
    assert propose([member(1)], [member(50, (dt.date(2027, 9, 1), None))]) == []
    assert propose([member(1)], [member(50)]) == []
    assert propose([member(1)], [PersonFacts(50, "N50", "P50", 3, absences=(AbsenceFact(*AWAY),))]) == []


def test_absences_that_touch_are_one_need_and_those_apart_are_two():
    touching = member(50, (dt.date(2026, 11, 1), dt.date(2026, 11, 30)), (dt.date(2026, 12, 1), dt.date(2026, 12, 31)))
    assert [one[3:5] for one in propose([member(1)], [touching])] == [(dt.date(2026, 11, 1), dt.date(2026, 12, 31))]
    apart = member(50, (dt.date(2026, 11, 1), dt.date(2026, 11, 29)), (dt.date(2026, 12, 1), dt.date(2026, 12, 31)))
    assert [one[3] for one in propose([member(1)], [apart])] == [dt.date(2026, 11, 1), dt.date(2026, 12, 1)]


def test_the_order_of_merit_one_thing_after_the_other():
    late = (dt.date(2027, 4, 1), dt.date(2027, 4, 30))
    # Everything speaks for 1 except that they are away for the last month.
    assert chosen([member(1, late, major="模具"), member(2, converted=False)], pairs={(1, 50)}) == [2]
    assert chosen([member(1, converted=False, major="模具"), member(2)], pairs={(1, 50)}) == [2]
    assert chosen([member(1, major="模具"), member(2)], pairs={(2, 50)}, cover_counts={2: 5}) == [2]
    assert chosen([member(1, major="模具"), member(2)], cover_counts={1: 1}) == [2]
    assert chosen([member(1, major="数控"), member(2, major="模具")]) == [2]
    assert chosen([member(2, major="模具"), member(1, major="模具")]) == [1]


def test_the_reasons_name_what_speaks_for_the_stand_in():
    late = (dt.date(2027, 4, 1), dt.date(2027, 4, 30))
    reasons = propose([member(1, late, converted=False, major="模具")], pairs={(1, 50)})[0][-1]
    assert reasons == (MOST, StandInReason.PAIRED, FREE, StandInReason.SAME_MAJOR, StandInReason.PROBATIONARY)


def test_unknown_majors_are_not_the_same():
    assert propose([member(1)], [replace(ABSENT, major="")])[0][-1] == (WHOLE, StandInReason.FULL_MEMBER, FREE)


def test_who_is_there_half_of_the_time_or_less_is_not_proposed_and_nobody_is_said():
    november = member(50, (dt.date(2026, 11, 1), dt.date(2026, 11, 30)))
    half = member(1, (dt.date(2026, 11, 1), dt.date(2026, 11, 15)))
    assert propose([half], [november])[0][1:] == (
        None, "guidance", dt.date(2026, 11, 1), dt.date(2026, 11, 30), (StandInReason.NOBODY_ON_CAMPUS,),
    )  # fmt: skip
    assert chosen([member(1, (dt.date(2026, 11, 1), dt.date(2026, 11, 14)))], [november]) == [1]
    assert chosen([member(1, graduates_on=dt.date(2026, 11, 15))], [november]) == [None]
    assert chosen([]) == [None]


def test_several_needs_are_spread_over_the_helpers():
    absentees = [member(key, AWAY) for key in (50, 51, 52)]
    assert chosen([member(1), member(2)], absentees) == [1, 2, 1]


def test_duties_are_those_somebody_has_each_once():
    duties = {50: [Duty.FILES, Duty.LECTURES, Duty.FILES]}
    assert [one[2] for one in propose([member(1)], duties=duties)] == ["lectures", "files"]
    assert propose([member(1)], duties={50: []}) == []
    assert [one[2] for one in propose([member(1)], [member(50, AWAY, converted=False)])] == ["study"]


def test_probationary_members_stand_in_for_everything_but_come_last_for_guidance_only():
    helpers = [member(1, converted=False), member(2)]
    assert chosen(helpers, duties={50: [Duty.LECTURES]}) == [1]
    assert chosen(helpers, duties={50: [Duty.GUIDANCE]}) == [2]


def test_what_is_settled_is_left_out_and_the_rest_is_proposed():
    settled = StandingCover(50, Duty.GUIDANCE, AWAY[0], dt.date(2027, 1, 31))
    assert [one[3:5] for one in propose([member(1)], standing=[settled])] == [(dt.date(2027, 2, 1), AWAY[1])]
    assert propose([member(1)], standing=[replace(settled, to_on=AWAY[1])]) == []
    assert len(propose([member(1)], standing=[replace(settled, to_on=AWAY[1], duty=Duty.FILES)])) == 1


def test_nobody_is_asked_again_for_what_they_declined():
    assert chosen([member(1), member(2)], declined={(50, Duty.GUIDANCE, 1)}) == [2]
    assert chosen([member(1)], declined={(50, Duty.GUIDANCE, 1)}) == [None]
    assert chosen([member(1)], declined={(50, Duty.FILES, 1)}) == [1]


def test_gap_months_in_a_row_are_one_need_of_the_branch_as_a_whole():
    gaps = [dt.date(2027, 1, 1), dt.date(2026, 12, 1), dt.date(2027, 4, 1), dt.date(2027, 9, 1), dt.date(2026, 10, 1)]
    found = propose([member(1)], [], gap_months=gaps)
    assert [one[:5] for one in found] == [
        (None, 1, "meetings", FIRST, dt.date(2026, 10, 31)),
        (None, 1, "meetings", dt.date(2026, 12, 1), dt.date(2027, 1, 31)),
        (None, 1, "meetings", dt.date(2027, 4, 1), dt.date(2027, 4, 30)),
    ]
    assert [one[-1] for one in found] == [(WHOLE, FREE), (WHOLE,), (WHOLE,)]


def test_the_same_proposals_whatever_the_order_of_the_people():
    helpers = [member(1), member(2, major="模具"), member(3, AWAY)]
    absentees = [member(key, AWAY, major="模具") for key in (50, 51, 52)]
    gaps = [dt.date(2026, 12, 1)]
    there = propose(helpers, absentees, gap_months=gaps)
    assert propose(helpers[::-1], absentees[::-1], gap_months=gaps) == there
