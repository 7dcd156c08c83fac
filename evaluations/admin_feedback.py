"""Feedback in the administration: questionnaires to write and put into use, rounds to read. Answers have no page here, for nobody."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action

from pairing_portal.common.admin import PortalHistoryAdmin, PortalModelAdmin, PortalTabularInline, register
from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import SETUP_ROLES, Role

from .models import FeedbackRound, Question, Questionnaire
from .questionnaires import copy_questionnaire, put_into_use


def _may_write(request: HttpRequest, obj: Any) -> bool:
    """Who answers for the whole college; what is in use stays as it is asked."""
    scope = scope_of(request)
    return (scope.college_staff or scope.has(Role.ADMINISTRATOR)) and not (obj is not None and obj.is_current)


class QuestionInline(PortalTabularInline):
    """Questions in use are read only: who has answered and who has not yet are asked the same."""

    model = Question
    view_roles = add_roles = change_roles = delete_roles = SETUP_ROLES
    fields = ("number", "dimension", "text", "text_en")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # To a copy only: a questionnaire begins as a copy of another.
        return obj is not None and _may_write(request, obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_write(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_write(request, obj) and super().has_delete_permission(request, obj)


@register(Questionnaire)
class QuestionnaireAdmin(PortalModelAdmin):
    """Copy one, write the copy anew, put it into use. What was asked before stays with its answers."""

    view_roles = change_roles = delete_roles = SETUP_ROLES
    list_display = ("name", "side", "is_current")
    list_filter = ("side", "is_current")
    search_fields = ("name",)
    fields = ("name", "side", "is_current")
    readonly_fields = ("side", "is_current")
    inlines = (QuestionInline,)
    actions = ("copy_selected", "use_selected")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_write(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_write(request, obj) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        """Deleting many at once would take the one in use along."""
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    @action(description=_("Copy, to write it anew"), permissions=("change",))
    def copy_selected(self, request: HttpRequest, rows: models.QuerySet[Any]) -> None:
        count = len([copy_questionnaire(questionnaire=row) for row in rows])
        words = ngettext("%(count)d questionnaire was copied.", "%(count)d questionnaires were copied.", count)
        self.message_user(request, words % {"count": count})

    @action(description=_("Put into use"), permissions=("change",))
    def use_selected(self, request: HttpRequest, rows: models.QuerySet[Any]) -> None:
        """Of several of one side the last one counts."""
        for row in rows:
            try:
                put_into_use(questionnaire=row, now=timezone.now())
            except Refused as refusal:
                self.message_user(request, refusal.text, messages.ERROR)
            else:
                self.message_user(request, _("“%(name)s” is in use.") % {"name": row.name})


@register(FeedbackRound)
class FeedbackRoundAdmin(PortalHistoryAdmin):
    view_roles = frozenset({Role.STAFF})
    list_display = ("title", "kind", "term", "department", "opens_at", "closes_at", "closed_at")
    list_filter = ("kind", "department")
    list_select_related = ("term__academic_year", "department")
    search_fields = ("title",)
    fields = (
        "title", "kind", "term", "department", ("opens_at", "closes_at"), "asks_classes", "opened_by", "created_at", "closed_at",
    )  # fmt: skip
