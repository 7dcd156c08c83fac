"""What the board is narrowed down to: in the address, checked, and said in words."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import Department, PartyBranch

from .sources import BY_KEY, SOURCES

BY_AGE, BY_PERSON = "", "person"
ALL_RULES: Final = "all"


class SupervisionFilter(forms.Form):
    """`branches`: those the user watches; nothing outside them can be asked for."""

    rule = forms.ChoiceField(label=gettext_lazy("rule"), required=False)
    department = forms.ModelChoiceField(
        label=gettext_lazy("department"), queryset=Department.objects.none(), required=False, empty_label=gettext_lazy("all")
    )  # fmt: skip
    branch = forms.ModelChoiceField(
        label=gettext_lazy("Party branch"), queryset=PartyBranch.objects.none(), required=False, empty_label=gettext_lazy("all")
    )  # fmt: skip
    person = forms.CharField(label=gettext_lazy("person"), required=False, max_length=50)
    show = forms.ChoiceField(required=False, widget=forms.HiddenInput, choices=[("", ""), (ALL_RULES, "")])
    by = forms.ChoiceField(required=False, widget=forms.HiddenInput, choices=[(BY_AGE, ""), (BY_PERSON, "")])

    def __init__(self, *args: Any, branches: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(source.key, f"{source.label} ({source.rule})" if source.rule else source.label) for source in SOURCES]
        self.fields["rule"].choices = [("", _("all")), *names]  # type: ignore[attr-defined]  # a choice field
        self.fields["branch"].queryset = branches  # type: ignore[attr-defined]  # a model choice field
        departments = Department.objects.filter(pk__in=branches.order_by().values("department_id"))
        self.fields["department"].queryset = departments  # type: ignore[attr-defined]  # a model choice field
        self.fields["branch"].label_from_instance = lambda branch: branch.short_name  # type: ignore[attr-defined]  # as above
        self.fields["person"].widget.attrs["placeholder"] = _("Name, pinyin or number")

    def in_words(self) -> list[str]:
        """What is narrowed down, for the line under the heading."""
        data = self.cleaned_data if self.is_valid() else {}
        words = [str(BY_KEY[data["rule"]].label)] if data.get("rule") else []
        words += [str(data["department"])] if data.get("department") else []
        words += [data["branch"].short_name] if data.get("branch") else []
        return words + ([f"“{data['person']}”"] if data.get("person") else [])
