"""What every filter over branches shares: the department and the Party branch, chosen among those the user answers for."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy

from branches.models import Department, PartyBranch

UNITS: Final = ("department", "branch")


class UnitFilter(forms.Form):
    """`branches`: those the user answers for; nothing outside them can be asked for."""

    department = forms.ModelChoiceField(
        label=gettext_lazy("department"), queryset=Department.objects.none(), required=False, empty_label=gettext_lazy("all")
    )  # fmt: skip
    branch = forms.ModelChoiceField(
        label=gettext_lazy("Party branch"), queryset=PartyBranch.objects.none(), required=False, empty_label=gettext_lazy("all")
    )  # fmt: skip

    def __init__(self, *args: Any, branches: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        departments = Department.objects.filter(pk__in=branches.order_by().values("department_id"))
        self.fields["branch"].queryset = branches  # type: ignore[attr-defined]  # a model choice field
        self.fields["department"].queryset = departments  # type: ignore[attr-defined]  # a model choice field
        self.fields["branch"].label_from_instance = lambda branch: branch.short_name  # type: ignore[attr-defined]  # as above

    def fields_to_show(self) -> list[BoundField]:
        """The fields for people, without a choice of one. Hidden ones stand apart, see `hidden_fields_given`."""
        return [
            field
            for field in self.visible_fields()
            if field.name not in UNITS or self.fields[field.name].queryset.count() > 1  # type: ignore[attr-defined]  # as above
        ]

    def hidden_fields_given(self) -> list[BoundField]:
        """What the address says beside the fields for people, and a new search keeps."""
        return [field for field in self.hidden_fields() if field.value()]

    def unit_words(self) -> list[str]:
        """The units chosen, for the line under the heading. Of a valid filter."""
        data = self.cleaned_data
        words = [str(data["department"])] if data.get("department") else []
        return words + ([data["branch"].short_name] if data.get("branch") else [])
