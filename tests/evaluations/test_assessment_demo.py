"""The demonstration at the stage `evaluating`: branch 6 computed, one shown, one objecting."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluations.models import MentorAssessment
from reports.demo.load import load_demo

pytestmark = pytest.mark.django_db


def test_the_mentors_of_the_sixth_branch_are_computed_and_two_decided():
    load_demo(stage="evaluating", today=dt.date(2026, 10, 28))
    rows = MentorAssessment.objects.all()

    assert set(rows.values_list("person__party_branch__name", flat=True)) == {"土木系党总支第六党支部"}
    assert rows.filter(grade="").count() > 1
    assert {(row.grade, row.shown_at is not None, row.objected_at is not None) for row in rows.exclude(grade="")} == {
        ("good", True, False),
        ("fair", True, True),
    }
