"""Appraisals in the administration: rounds and results to read, with their history. Ballots and rolls have no page."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import BRANCH_ROLES, Role

from .models import AppraisalResult, AppraisalRound

JUDGING_ROLES = BRANCH_ROLES | {Role.STAFF}


@register(AppraisalRound)
class AppraisalRoundAdmin(PortalHistoryAdmin):
    view_roles = JUDGING_ROLES
    list_display = ("party_branch", "year", "state", "opened_on", "eligible_count", "returned_count", "decided_on")
    list_filter = ("state", "year", "is_on_paper")
    list_select_related = ("party_branch",)
    search_fields = ("party_branch__name",)
    fields = (
        "party_branch", "year", "state", ("opened_on", "write_until_on", "vote_until_on"), "opened_by",
        ("is_on_paper", "first_teller", "second_teller"), ("eligible_count", "present_count", "returned_count"),
        ("counted_on", "decided_on", "shown_at"),
    )  # fmt: skip


@register(AppraisalResult)
class AppraisalResultAdmin(PortalHistoryAdmin):
    """Nobody reads here what the committee decides about themselves before it is shown."""

    view_roles = JUDGING_ROLES
    list_display = (
        "person", "round", "excellent_count", "qualified_count", "basically_count", "unqualified_count", "proposed", "grade",
    )  # fmt: skip
    list_filter = ("grade", "round__year")
    list_select_related = ("person", "round__party_branch")
    search_fields = ("person__name", "person__number")
    fields = (
        "round", "person", "is_probationary", ("excellent_count", "qualified_count", "basically_count", "unqualified_count"),
        "proposed", "grade", "reason", "objection", "objected_at", "answer_due_on", "answer", "answered_by", "answered_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).exclude(person_id=scope_of(request).person_id or 0, round__shown_at=None)
