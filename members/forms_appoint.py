"""Appointing the secretary of a branch: somebody of the roster, or a teacher entered with it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import NumberField

from .querysets import PersonQuerySet


class AppointForm(forms.Form):
    """Either `person` or number and name of a teacher; never both."""

    person = forms.ModelChoiceField(
        label=_("from the roster"), queryset=None, required=False, widget=forms.RadioSelect, empty_label=None,
        error_messages={"invalid_choice": _("Choose somebody of this department's roster.")},
    )  # fmt: skip
    number = NumberField(label=_("staff number"), required=False)
    name = forms.CharField(label=_("name"), max_length=50, required=False)
    since = forms.DateField(label=_("in office from"), widget=forms.DateInput(attrs={"type": "date"}))
    replace_holder = forms.BooleanField(required=False)

    def __init__(self, *args: Any, people: PersonQuerySet, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people
        self.fields["since"].initial = today
        self.today = today

    def clean_since(self) -> date:
        since: date = self.cleaned_data["since"]
        if abs((since - self.today).days) > 4 * 366:
            raise forms.ValidationError(_("This day is more than four years away. Check the year."))
        return since

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        number, name = cleaned.get("number"), cleaned.get("name")
        if cleaned.get("person") and (number or name):
            self.add_error("number", _("Either choose somebody from the roster or enter a teacher, not both."))
        elif not cleaned.get("person") and "person" not in self.errors:
            if not number and not name:
                self.add_error("person", _("Choose somebody from the roster or enter a teacher below."))
            elif not number:
                self.add_error("number", _("The staff number is missing."))
            elif not name:
                self.add_error("name", _("The name is missing."))
        return cleaned

    @property
    def teacher(self) -> tuple[str, str] | None:
        number = self.cleaned_data.get("number")
        return (number, self.cleaned_data["name"]) if number else None
