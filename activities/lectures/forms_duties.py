"""Forms of duties, of the textbook and of exemptions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from branches.models import Department, LeagueBranch
from pairing_portal.common.choice_fields import ManyRowsField
from pairing_portal.common.scope import Scope

from ..models import ExemptionReason
from .exemption_services import Span
from .textbook_services import LINES_LENGTH, OUTLINE_LENGTH, TITLE_LENGTH, ChapterText


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}))


class EndDutyForm(forms.Form):
    """Why a duty ends, and who takes it over."""

    reason = forms.CharField(
        label=_("why the duty ends"), max_length=100, help_text=_("The speaker reads it; it stays in the history.")
    )
    successor = forms.TypedChoiceField(label=_("successor"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, successors: list[tuple[Any, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["successor"].choices = [("", _("nobody yet")), *successors]


class ChapterForm(forms.Form):
    """One chapter: its place in the order, title and outline."""

    number = forms.IntegerField(
        label=_("chapter number"), min_value=1, max_value=200, required=False,
        help_text=_("The other chapters make room. Empty: the last one."),
    )  # fmt: skip
    title = forms.CharField(
        label=_("title"), max_length=TITLE_LENGTH, help_text=_("Without “chapter 1”: the number stands before it.")
    )
    outline = forms.CharField(
        label=_("outline"), max_length=OUTLINE_LENGTH, required=False, widget=forms.Textarea(attrs={"rows": 8})
    )

    def text(self) -> ChapterText:
        return ChapterText(self.cleaned_data["title"], self.cleaned_data["outline"])


class ChapterLinesForm(forms.Form):
    """Chapters pasted as lines."""

    lines = forms.CharField(
        label=_("chapters, one a line"), max_length=LINES_LENGTH, widget=forms.Textarea(attrs={"rows": 12}),
        help_text=_("Numbers at the beginning are taken off. Lines that begin with a dash are the outline of the chapter above."),
        strip=False,
    )  # fmt: skip


class SpanForm(forms.Form):
    """Days, reason and note of an exemption; `is_confirmed` is asked where the days are unusual."""

    from_on = _day(_("from"))
    to_on = _day(_("to"))
    reason = forms.ChoiceField(label=_("reason"), choices=ExemptionReason.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("note"), max_length=200, required=False, help_text=_("Needed where the reason is “other”.")
    )
    is_confirmed = forms.BooleanField(label=_("The dates are right."), required=False)

    def __init__(self, *args: Any, is_asked: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_asked:
            self.fields["is_confirmed"].widget = forms.HiddenInput()

    def ask_to_confirm(self) -> None:
        """Show the tick box that says the dates are meant."""
        self.fields["is_confirmed"].widget = forms.CheckboxInput()

    def span(self) -> Span:
        data = self.cleaned_data
        return Span(data["from_on"], data["to_on"], data["reason"], data["note"])


class AskExemptionForm(SpanForm):
    """For the League branch; which one is asked only where somebody has several."""

    league_branch = forms.ModelChoiceField(label=_("League branch"), queryset=None)
    field_order = ("league_branch", "from_on", "to_on", "reason", "note", "is_confirmed")

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = LeagueBranch.objects.visible_to(scope).active().filter(pk__in=scope.league_branch_ids)
        self.fields["league_branch"].queryset = own
        if own.count() == 1:
            self.fields["league_branch"].widget = forms.HiddenInput()
            self.initial["league_branch"] = own.first()


class BulkExemptionForm(SpanForm):
    """For the department: a whole grade between two days."""

    enrolment_year = forms.TypedChoiceField(label=_("enrolment year"), coerce=int)
    departments = ManyRowsField(label=_("departments"), queryset=None, widget=forms.CheckboxSelectMultiple)
    field_order = ("enrolment_year", "departments", "from_on", "to_on", "reason", "note")

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        leagues = LeagueBranch.objects.visible_to(scope).attachable_by(scope).active()
        years = sorted(set(leagues.order_by().values_list("enrolment_year", flat=True)), reverse=True)
        self.fields["enrolment_year"].choices = [(year, str(year)) for year in years]
        del self.fields["is_confirmed"]
        departments = Department.objects.visible_to(scope)
        if not scope.college_staff:
            departments = departments.filter(pk__in=scope.department_ids)
        self.fields["departments"].queryset = departments
        if departments.count() == 1:
            self.initial["departments"] = list(departments)


class DecideForm(forms.Form):
    """Grant or refuse, with an answer."""

    is_granted = forms.TypedChoiceField(
        choices=[("yes", _("grant")), ("no", _("refuse"))], coerce=lambda value: value == "yes"
    )
    answer = forms.CharField(label=_("answer"), max_length=200, required=False)
