"""The process record in the administration: to read, with its history; steps change on the person's page, where the rules are asked.

What a college calls the 25 steps is set here, for the whole college.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.admin import PortalHistoryAdmin, PortalModelAdmin, register
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import BRANCH_ROLES, SETUP_ROLES, Role

from . import documents
from .models import DevelopmentStep, StepLabel, StepVote
from .process_facts import step_names
from .steps import BY_NUMBER


class ReadOnlyRecord(PortalHistoryAdmin):
    """Nobody reads here who did what for their own record; their page shows them the dates."""

    view_roles = BRANCH_ROLES | SETUP_ROLES
    person_path = "person"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).exclude(**{f"{self.person_path}_id": scope_of(request).person_id or 0})


@register(DevelopmentStep)
class DevelopmentStepAdmin(ReadOnlyRecord):
    """Recording, correcting and taking back go through the person's process record."""

    list_display = ("person", "number", "name", "done_on", "who", "note")
    list_filter = ("number",)
    list_select_related = ("person",)
    search_fields = ("person__name", "person__number")
    date_hierarchy = "done_on"
    fields = (
        "person", "number", "name", "done_on", "who", "papers", "days", "hours", "is_passed", "note", "reason", "recorded_by", "record",
    )  # fmt: skip
    readonly_fields = ("name", "papers", "record")

    @admin.display(description=gettext_lazy("name of the step"))
    def name(self, step: DevelopmentStep) -> str:
        return str(self._names[step.number])

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        # Once a page, not once a row.
        self._names = step_names()
        return super().get_queryset(request)

    @admin.display(description=gettext_lazy("papers in the file"))
    def papers(self, step: DevelopmentStep) -> str:
        return _(", ").join(str(documents.PAPERS[code]) for code in documents.read(step.documents).codes) or "–"

    @admin.display(description=gettext_lazy("process record"))
    def record(self, step: DevelopmentStep) -> SafeString:
        address = reverse("process", args=[step.person_id])
        return format_html('<a href="{}#step-{}">{}</a>', address, step.number, _("Open the process record"))


@register(StepVote)
class StepVoteAdmin(ReadOnlyRecord):
    """A count is entered with its step. How a branch voted is not the administrator's business."""

    view_roles = BRANCH_ROLES | {Role.STAFF}
    person_path = "step__person"
    list_display = ("step_of", "eligible_count", "present_count", "yes_count", "no_count", "abstained_count")
    list_select_related = ("step__person",)
    search_fields = ("step__person__name", "step__person__number")
    fields = (
        "step_of", ("eligible_count", "present_count", "written_count"), ("issued_count", "returned_count"),
        ("yes_count", "no_count", "abstained_count"),
    )  # fmt: skip
    readonly_fields = ("step_of",)

    @admin.display(description=gettext_lazy("development step"))
    def step_of(self, vote: StepVote) -> str:
        return f"{vote.step.person.name} · {vote.step.number} · {vote.step.done_on}"


class StepLabelForm(forms.ModelForm):
    class Meta:
        model = StepLabel
        fields = ("number", "label")

    def clean_number(self) -> int:
        number = int(self.cleaned_data["number"])
        if number not in BY_NUMBER:
            raise ValidationError(_("Steps are numbered 1 to 25."))
        return number

    def clean_label(self) -> str:
        label = str(self.cleaned_data["label"]).strip()
        if not label:
            raise ValidationError(_("Write a name, or delete the row: then the usual name stands again."))
        return label


@register(StepLabel)
class StepLabelAdmin(PortalModelAdmin):
    """The college's own names; they stand wherever a step is named."""

    form = StepLabelForm
    view_roles = add_roles = change_roles = delete_roles = SETUP_ROLES
    list_display = ("number", "usual_name", "label")
    fields = ("number", "label")

    @admin.display(description=gettext_lazy("usual name"))
    def usual_name(self, label: StepLabel) -> str:
        return str(BY_NUMBER[label.number].name)
