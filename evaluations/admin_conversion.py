"""Conversion reviews and opinions in the administration: to read, with their history; they change on their pages.

Judging people takes a post: an administrator finds nothing here.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pairing_portal.common.admin import PortalHistoryAdmin, register
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import BRANCH_ROLES, Role

from .models import ConversionReview, PartnerOpinion, ReviewOpinion

JUDGING_ROLES = BRANCH_ROLES | {Role.STAFF}


class OpenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "review_state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("in work")), ("closed", pgettext_lazy("review", "closed"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "open")


class ReadOnlyReview(PortalHistoryAdmin):
    """Nobody reads here what the committee says of themselves."""

    view_roles = JUDGING_ROLES
    person_path = "person"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).exclude(**{f"{self.person_path}_id": scope_of(request).person_id or 0})


@register(ConversionReview)
class ConversionReviewAdmin(ReadOnlyReview):
    list_display = ("person", "party_branch", "due_on", "meeting_on", "decision", "approved_on", "closed_at")
    list_filter = (OpenFilter, "decision", ("due_on", admin.DateFieldListFilter))
    list_select_related = ("person", "party_branch")
    search_fields = ("person__name", "person__number")
    fields = (
        "person", "party_branch", "due_on", "opened_at", "applied_on", "committee_reviewed_on",
        ("notice_from_on", "notice_to_on"), "notice_result", "deferred_to", "defer_reason", "meeting_on",
        ("eligible_count", "present_count", "written_count"), ("issued_count", "returned_count"),
        ("yes_count", "no_count", "abstained_count"), "decision", "extended_to", "decision_reason",
        ("approved_on", "is_approved"), "approval_note", "closed_at", "close_reason",
    )  # fmt: skip


@register(ReviewOpinion)
class ReviewOpinionAdmin(ReadOnlyReview):
    person_path = "review__person"
    list_display = ("review", "kind", "author", "given_on")
    list_filter = ("kind", ("given_on", admin.DateFieldListFilter))
    list_select_related = ("review__person", "author")
    search_fields = ("review__person__name", "review__person__number")
    fields = ("review", "kind", "author", "text", "given_on", "recorded_by", "recorded_at")


@register(PartnerOpinion)
class PartnerOpinionAdmin(ReadOnlyReview):
    list_display = ("person", "by_branch", "given_on")
    list_filter = (("given_on", admin.DateFieldListFilter),)
    list_select_related = ("person", "by_branch")
    search_fields = ("person__name", "person__number")
    fields = ("person", "by_branch", "text", "given_on", "recorded_by", "recorded_at")
