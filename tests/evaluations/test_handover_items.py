"""What a new secretary finds open in the evaluations, and by the supervision board: counts of the branch alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from branches.models import Term
from evaluations.handover import items
from evaluations.models import FeedbackExchange, FeedbackRound, MentorAssessment
from reports.supervision.handover import items as supervised
from tests.conftest import TODAY
from tests.mentoring.crew import guide, link, new_members, seniors

pytestmark = pytest.mark.django_db


def found(branch):
    return {row.label: (row.count, row.is_late) for row in items(branch.pk, TODAY)}


def test_nothing_open_says_nothing(cast):
    assert (items(cast.er.pk, TODAY), items(cast.si.pk, TODAY)) == ([], [])


def test_feedback_assessments_and_objections_of_the_branch(cast):
    now = timezone.now()
    mentor, mentee = seniors(cast, 1)[0], new_members(cast, 1)[0]
    row, guidance = link(cast, mentor, mentee), guide(cast, mentor)
    days = {"opens_at": now - dt.timedelta(days=1), "closes_at": now + dt.timedelta(days=5)}
    term = Term.objects.get()
    asked = FeedbackRound.objects.create(
        title="期中", kind="mid_term", term=term, created_at=now, asks_classes=True, **days
    )
    FeedbackExchange.objects.create(round=asked, mentorship=row, mentor=mentor, mentee=mentee, **days)
    FeedbackExchange.objects.create(
        round=asked, league_guidance=guidance, mentor=mentor, league_branch=cast.one, **days
    )
    MentorAssessment.objects.create(
        person=mentor, academic_year=cast.year, computed_at=now, total=80, objection="少算了", objected_at=now,
        answer_due_on=TODAY - dt.timedelta(days=1), decided_at=now, grade="good", reason="尽责", decided_by=cast.user("liu_secretary"), shown_at=now,
    )  # fmt: skip
    assert found(cast.liu) == {
        "进行中的反馈轮次": (1, False), "反馈尚未齐全的帮带关系": (2, False), "正在匿名征询的班级": (1, False),
        "待答复的考核异议": (1, True),
    }  # fmt: skip
    assert found(cast.er) == {}
    FeedbackExchange.objects.update(revealed_at=now)
    assert list(found(cast.liu)) == ["待答复的考核异议"]


def test_supervision_counts_what_its_board_lists(cast):
    rows = {row.label: row.count for row in supervised(cast.er.pk, TODAY)}
    assert set(rows) <= {"督办看板中的逾期事项", "督办看板中的近期待办"}
    assert sum(rows.values()) > 0
    assert all(row.url.endswith(f"branch={cast.er.pk}") for row in supervised(cast.er.pk, TODAY))
