"""Forms of the mentor assessment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import AcademicYear, PartyBranch

from .models import MentorGrade


class ComputeForm(forms.Form):
    """Which branch and year are computed: of those the officer may compute, and of the years that have begun."""

    branch = forms.TypedChoiceField(label=gettext_lazy("Party branch"), coerce=int)
    year = forms.TypedChoiceField(label=gettext_lazy("academic year"), coerce=int)

    def __init__(
        self, *args: Any, branches: Sequence[PartyBranch], years: Sequence[AcademicYear], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.branches = {branch.pk: branch for branch in branches}
        self.years = {year.pk: year for year in years}
        self.fields["branch"].choices = [(pk, branch.name) for pk, branch in self.branches.items()]
        self.fields["year"].choices = [(pk, str(year)) for pk, year in self.years.items()]

    def chosen(self) -> tuple[PartyBranch, AcademicYear]:
        return self.branches[self.cleaned_data["branch"]], self.years[self.cleaned_data["year"]]


class DecideForm(forms.Form):
    grade = forms.ChoiceField(
        label=gettext_lazy("what the committee decides"), choices=MentorGrade.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=gettext_lazy("reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The sum advises, the committee decides. The person reads this."),
    )  # fmt: skip
    # When the decision stood that was read; another's decision in between is not written over.
    seen = forms.CharField(required=False, widget=forms.HiddenInput, max_length=40)


class ObjectionForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("what is wrong, and what shows it"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ObjectionAnswerForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("answer"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))
    grade = forms.ChoiceField(label=gettext_lazy("what the committee decides"), required=False)

    def __init__(self, *args: Any, may_change: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if may_change:
            self.fields["grade"].choices = [("", _("stays as it is")), *MentorGrade.choices]
        else:
            del self.fields["grade"]
