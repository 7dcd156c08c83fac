"""For a new secretary: what is open in the evaluations of the branch. Counts, no names."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from pairing_portal.common.registries import HandoverItem

from .models import (
    AppraisalResult,
    AppraisalRound,
    AppraisalState,
    ConversionReview,
    FeedbackExchange,
    FeedbackRound,
    MentorAssessment,
)


def items(branch_id: int, today: date) -> list[HandoverItem]:
    """Conversion reviews, feedback that waits, classes asked without names, assessments, the appraisal, objections."""
    rows = [
        *_conversions(branch_id, today),
        *_feedback(branch_id),
        *_assessments(branch_id, today),
        *_appraisals(branch_id, today),
    ]
    return [row for row in rows if row.count]


def _conversions(branch_id: int, today: date) -> list[HandoverItem]:
    reviews = ConversionReview.objects.open().filter(party_branch_id=branch_id)
    return [
        HandoverItem(
            _("Conversion reviews under way"), reviews.count(), reverse("conversions"), reviews.filter(due_on__lt=today).exists()
        )
    ]  # fmt: skip


def _feedback(branch_id: int) -> list[HandoverItem]:
    """Rounds in which links of the branch are asked now, and how many of these links nobody has answered completely."""
    now = timezone.now()
    links = Q(mentorship__party_branch_id=branch_id) | Q(league_guidance__party_branch_id=branch_id)
    waiting = FeedbackExchange.objects.open(now).filter(links, revealed_at=None)
    rounds = FeedbackRound.objects.filter(
        opens_at__lte=now, closes_at__gt=now, closed_at=None, exchanges__in=waiting
    ).distinct()
    classes = waiting.filter(league_guidance__party_branch_id=branch_id, round__asks_classes=True)
    address = reverse("feedback_rounds")
    return [
        HandoverItem(_("Feedback rounds that are open"), rounds.count(), address),
        HandoverItem(_("Links whose feedback is not complete"), waiting.count(), address),
        HandoverItem(_("Classes asked without names"), classes.values("league_branch").distinct().count(), address),
    ]


def _assessments(branch_id: int, today: date) -> list[HandoverItem]:
    rows: Any = MentorAssessment.objects.current().filter(person__party_branch_id=branch_id)
    objections = rows.filter(objected_at__isnull=False, answered_at=None)
    address = reverse("assessments")
    return [
        HandoverItem(_("Mentor assessments to decide"), rows.filter(decided_at=None, total__isnull=False).count(), address),
        HandoverItem(
            _("Objections to assessments to answer"), objections.count(), address, objections.filter(answer_due_on__lt=today).exists()
        ),
    ]  # fmt: skip


def _appraisals(branch_id: int, today: date) -> list[HandoverItem]:
    rounds = AppraisalRound.objects.filter(party_branch_id=branch_id)
    running = rounds.exclude(state=AppraisalState.DECIDED)
    first = running.order_by("pk").first()
    objections = AppraisalResult.objects.filter(round__in=rounds, objected_at__isnull=False, answered_at=None)
    return [
        HandoverItem(
            _("Democratic appraisal under way"), running.count(), reverse("appraisal", args=[first.pk]) if first else reverse("appraisals")
        ),
        HandoverItem(
            _("Objections to appraisals to answer"), objections.count(), reverse("appraisals"),
            objections.filter(answer_due_on__lt=today).exists(),
        ),
    ]  # fmt: skip
