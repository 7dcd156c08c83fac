from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ExportForm(forms.Form):
    """Why somebody takes data out: it stands in the audit trail and on the notes sheet."""

    purpose = forms.CharField(
        label=_("purpose"), max_length=100, help_text=_("For example: monthly report to the department.")
    )
    format = forms.ChoiceField(label=_("format"), choices=[("xlsx", "Excel"), ("csv", "CSV")], initial="xlsx")
