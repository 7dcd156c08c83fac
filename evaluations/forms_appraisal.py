"""Forms of the appraisal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from branches.models import PartyBranch
from members.models import Person
from pairing_portal.common.scope import Scope

from .appraisal_rules import GRADES
from .models import AppraisalGrade, AppraisalItem, AppraisalResult, ItemMark

DAY = {"type": "date"}


class BeginForm(forms.Form):
    party_branch = forms.ModelChoiceField(label=gettext_lazy("Party branch"), queryset=None)
    year = forms.TypedChoiceField(label=gettext_lazy("year"), coerce=int)
    write_until_on = forms.DateField(
        label=gettext_lazy("write until"),
        widget=forms.DateInput(attrs=DAY),
        help_text=gettext_lazy("Until then members write of themselves and of each other; then you open the ballot."),
    )

    def __init__(self, *args: Any, scope: Scope, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = PartyBranch.objects.visible_to(scope).active().filter(pk__in=scope.managed_branch_ids)
        self.fields["party_branch"].queryset = branches
        self.fields["year"].choices = [(year, str(year)) for year in (today.year, today.year - 1)]
        self.initial.setdefault("party_branch", branches.first())
        self.initial.setdefault("write_until_on", (today + timedelta(days=14)).isoformat())


class WordsForm(forms.Form):
    """A self-appraisal, a peer appraisal, an objection."""

    text = forms.CharField(label=gettext_lazy("text"), widget=forms.Textarea(attrs={"rows": 8}))

    def __init__(self, *args: Any, label: Any, limit: int, rows: int = 8, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["text"]
        field.label, field.max_length = label, limit
        field.widget.attrs |= {"maxlength": str(limit), "rows": rows}


class BallotOpenForm(forms.Form):
    vote_until_on = forms.DateField(label=gettext_lazy("vote until"), widget=forms.DateInput(attrs=DAY))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("vote_until_on", (today + timedelta(days=7)).isoformat())


class BallotForm(forms.Form):
    """One ballot: a grade and six headings for everybody on the list. Fields are named by the place on the list."""

    def __init__(self, *args: Any, results: Sequence[AppraisalResult], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.results = list(results)
        for result in self.results:
            if not result.is_probationary:
                self._add(f"grade-{result.person_id}", _("overall"), AppraisalGrade.choices, result)
            for item in AppraisalItem:
                self._add(f"{item.value}-{result.person_id}", item.label, ItemMark.choices, result)

    def _add(self, name: str, label: Any, choices: Any, result: AppraisalResult) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label, choices=choices, widget=forms.RadioSelect,
            error_messages={"required": _("%(name)s: %(what)s is not marked.") % {"name": result.person.name, "what": label}},
        )  # fmt: skip

    def people(self) -> list[dict[str, Any]]:
        """Everybody on the list with the fields of their place."""
        return [
            {
                "result": result,
                "grade": None if result.is_probationary else self[f"grade-{result.person_id}"],
                "items": [self[f"{item.value}-{result.person_id}"] for item in AppraisalItem],
                "has_holes": self._missing(result) > 0,
            }
            for result in self.results
        ]

    def _missing(self, result: AppraisalResult) -> int:
        """Faulty fields about one person; none before the form was sent."""
        names = [f"grade-{result.person_id}", *(f"{item.value}-{result.person_id}" for item in AppraisalItem)]
        return sum(name in self.errors for name in names)

    def holes(self) -> list[dict[str, Any]]:
        """People about whom something is missing, and how much: one line a person, not one a mark."""
        found = [{"result": result, "count": self._missing(result)} for result in self.results]
        return [row for row in found if row["count"]]

    def marks(self) -> dict[int, dict[str, Any]]:
        """What `cast_ballot` takes."""
        data = self.cleaned_data
        return {
            result.person_id: {
                "grade": data.get(f"grade-{result.person_id}", ""),
                "items": {item.value: data[f"{item.value}-{result.person_id}"] for item in AppraisalItem},
            }
            for result in self.results
        }


class PaperForm(forms.Form):
    """A count made on paper: who counted, how many, and the votes of each member."""

    first_teller = forms.ModelChoiceField(label=gettext_lazy("first teller"), queryset=None)
    second_teller = forms.ModelChoiceField(label=gettext_lazy("second teller"), queryset=None)
    eligible = forms.IntegerField(label=gettext_lazy("eligible"), min_value=1, max_value=500)
    present = forms.IntegerField(label=gettext_lazy("present"), min_value=0, max_value=500)
    returned = forms.IntegerField(label=gettext_lazy("ballots returned"), min_value=0, max_value=500)

    def __init__(
        self, *args: Any, members: Sequence[Person], graded: Sequence[Person], tellers: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.graded = list(graded)
        self.fields["first_teller"].queryset = self.fields["second_teller"].queryset = tellers
        self.initial.setdefault("eligible", len(members))
        labels = dict(AppraisalGrade.choices)
        for person in self.graded:
            for grade in GRADES:
                self.fields[f"{grade}-{person.pk}"] = forms.IntegerField(
                    label=labels[grade], min_value=0, max_value=500, initial=0,
                    widget=forms.NumberInput(attrs={"inputmode": "numeric", "aria-label": f"{person.name} {labels[grade]}"}),
                )  # fmt: skip

    def people(self) -> list[dict[str, Any]]:
        return [
            {"person": person, "fields": [self[f"{grade}-{person.pk}"] for grade in GRADES]} for person in self.graded
        ]

    def counts(self) -> dict[int, dict[str, int]]:
        """What `enter_paper_count` takes."""
        return {
            person.pk: {grade: self.cleaned_data[f"{grade}-{person.pk}"] for grade in GRADES} for person in self.graded
        }


class GradeForm(forms.Form):
    grade = forms.ChoiceField(label=gettext_lazy("grade"), choices=AppraisalGrade.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("From the vote and from daily conduct; the member reads it."),
    )  # fmt: skip
    above_cap_reason = forms.CharField(
        label=gettext_lazy("why one excellent more than a third"), max_length=100, required=False,
        help_text=gettext_lazy("Needed only when the share is used up already (rule R50)."),
    )  # fmt: skip


class AnswerForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("answer"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))
    grade = forms.ChoiceField(label=gettext_lazy("grade"), required=False)

    def __init__(self, *args: Any, has_grade: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_grade:
            self.fields["grade"].choices = [("", _("stays as it is")), *AppraisalGrade.choices]
        else:
            del self.fields["grade"]
