"""What the board is narrowed down to: in the address, checked, and said in words."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..unit_filter import UnitFilter
from .sources import BY_KEY, SOURCES

BY_AGE, BY_PERSON = "", "person"
ALL_RULES: Final = "all"


class SupervisionFilter(UnitFilter):
    """`branches`: those the user watches; nothing outside them can be asked for."""

    rule = forms.ChoiceField(label=gettext_lazy("rule"), required=False)
    person = forms.CharField(label=gettext_lazy("person"), required=False, max_length=50)
    show = forms.ChoiceField(required=False, widget=forms.HiddenInput, choices=[("", ""), (ALL_RULES, "")])
    by = forms.ChoiceField(required=False, widget=forms.HiddenInput, choices=[(BY_AGE, ""), (BY_PERSON, "")])

    field_order = ("rule", "department", "branch", "person")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(source.key, f"{source.label} ({source.rule})" if source.rule else source.label) for source in SOURCES]
        self.fields["rule"].choices = [("", _("all")), *names]  # type: ignore[attr-defined]  # a choice field
        self.fields["person"].widget.attrs["placeholder"] = _("Name, pinyin or number")

    def in_words(self) -> list[str]:
        """What is narrowed down, for the line under the heading."""
        if not self.is_valid():
            return []
        data = self.cleaned_data
        words = [str(BY_KEY[data["rule"]].label)] if data.get("rule") else []
        words += self.unit_words()
        return words + ([f"“{data['person']}”"] if data.get("person") else [])
