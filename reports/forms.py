from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.scope import Scope

from .exporter import Report
from .parameters import LONGEST, Parameter

FORMATS = (("xlsx", "Excel"), ("csv", "CSV"))


class ReportForm(forms.Form):
    """What to narrow a report down by, and why somebody takes data out: that stands in the audit trail and on the notes sheet.

    Filters are read by the report itself, which says in words what it cannot read.
    """

    purpose = forms.CharField(
        label=_("purpose"), max_length=100, help_text=_("For example: monthly report to the department."),
        error_messages={"required": _("Please say what the export is for; it is written on the notes sheet.")},
    )  # fmt: skip

    def __init__(self, *args: Any, report: Report, scope: Scope, **kwargs: Any) -> None:
        # Several forms unfold on one page.
        kwargs.setdefault("auto_id", f"id_{report.name}_%s")
        super().__init__(*args, **kwargs)
        for one in report.parameter_list():
            self.fields[one.name] = _field(one, scope)
        self.order_fields([*(name for name in self.fields if name != "purpose"), "purpose"])


def _field(one: Parameter, scope: Scope) -> forms.Field:
    widget: forms.Widget
    if one.kind == "choice":
        widget = forms.Select(choices=[("", _("all")), *one.choices(scope)])
    elif one.kind in ("date", "month"):
        widget = forms.TextInput(attrs={"type": one.kind})
    elif one.kind in ("year", "integer"):
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
    else:
        widget = forms.TextInput()
    return forms.CharField(label=one.label, required=False, max_length=LONGEST, widget=widget)
