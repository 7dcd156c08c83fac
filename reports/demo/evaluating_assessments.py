"""Demonstration, stage `evaluating`: the mentors of the sixth branch computed, one decided and shown, one objecting."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from branches.models import AcademicYear
from evaluations import assessment_services as services
from evaluations.models import MentorAssessment
from members.access import scope_for
from members.models import Post
from members.office_models import MANAGING_POSTS

from .people import Company

BRANCH = "第六"
REASONS = ("谈话规律、反馈及时，继续保持。", "宣讲和活动参与不足，请在本学期补上。")
OBJECTION = "上月的宣讲已经讲过，团支部尚未确认，请核对后再定。"


def assess_mentors(company: Company, year: AcademicYear, *, today: date) -> None:
    """Computes everybody; decides on two with a sum and an account, whom the branch's officers are not."""
    branch, now = company.branch(BRANCH), timezone.now()
    officers = [
        post.person
        for post in Post.objects.current(today)
        .filter(party_branch=branch, kind__in=MANAGING_POSTS, person__user__isnull=False)
        .select_related("person__user")
        .order_by("pk")
    ]
    scope, by = scope_for(officers[0].user), officers[0].user
    services.compute_branch(party_branch=branch, academic_year=year, scope=scope, by=by, today=today, now=now)
    found = MentorAssessment.objects.current().filter(academic_year=year, person__party_branch=branch)
    found = found.exclude(total=None).exclude(person__in=officers).select_related("person")
    # Those with an account first: the demonstration can be entered as them.
    rows = sorted(found, key=lambda row: (row.person.user_id is None, row.person.number))[:2]
    for row, grade, reason in zip(rows, ("good", "fair"), REASONS, strict=False):
        services.decide(assessment=row, grade=grade, reason=reason, seen_decided_at=None, scope=scope, by=by, now=now)
        services.show(assessment=row, scope=scope, now=now)
    if len(rows) > 1:
        services.object_to(assessment=rows[1], person=rows[1].person, text=OBJECTION, today=today, now=now)
