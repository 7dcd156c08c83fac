"""The stage `evaluating` shows two conversion reviews on any date: one clean, one with its gaps named."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluations.conversion_reader import review_rows
from evaluations.evidence_pack import pack_of
from evaluations.models import ConversionReview
from reports.demo.load import load_demo

DATES = [dt.date(2026, 11, 24), dt.date(2027, 3, 1)]


@pytest.mark.parametrize("today", DATES)
def test_one_review_is_clean_and_the_other_names_what_is_missing(db, today, fixed_clock):
    fixed_clock.move_to(dt.datetime.combine(today, dt.time(10), tzinfo=dt.timezone(dt.timedelta(hours=8))))
    load_demo(stage="evaluating", today=today)
    late, clean = review_rows(ConversionReview.objects.select_related("person", "party_branch"), today)
    assert (clean.gaps, clean.next) == ([], "meeting")
    assert pack_of(clean.review.person, today)["gaps"] == []
    assert [line.key for line in late.gaps] == ["half_years", "sponsors", "heard", "committee", "notice", "meeting"]
    assert {gap["key"] for gap in pack_of(late.review.person, today)["gaps"]} >= {"review", "training"}
