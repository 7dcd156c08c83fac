"""Mentor assessments in the administration: every version to read. What happens to them happens on their own pages."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.http import HttpRequest

from pairing_portal.common.admin import PortalModelAdmin, register
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import BRANCH_ROLES, Role

from .models import MentorAssessment

JUDGING_ROLES = BRANCH_ROLES | {Role.STAFF}


@register(MentorAssessment)
class MentorAssessmentAdmin(PortalModelAdmin):
    """Nobody reads here what is decided about themselves before it is shown."""

    view_roles = JUDGING_ROLES
    list_display = (
        "person",
        "academic_year",
        "version",
        "is_current",
        "total",
        "grade",
        "shown_at",
        "objected_at",
        "answered_at",
    )
    list_filter = ("academic_year", "grade", "is_current")
    list_select_related = ("person", "academic_year")
    search_fields = ("person__name", "person__number")
    fields = (
        "person", ("academic_year", "version", "is_current"), "total", ("computed_at", "computed_by"),
        ("grade", "reason"), ("decided_by", "decided_at", "shown_at"), "objection", ("objected_at", "answer_due_on"),
        "answer", ("answered_by", "answered_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).exclude(person_id=scope_of(request).person_id or 0, shown_at=None)
