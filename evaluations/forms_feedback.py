"""Forms of feedback: opening a round, one answer of a side, one sheet of a class."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from branches.calendar import TermSpan
from branches.models import Department, Term
from pairing_portal.common.scope import Scope

from .feedback_page import in_language
from .feedback_rules import FREE, POINTS, WORDS_LIMIT, Asked, proposed_days
from .models import RoundKind

DAY = {"type": "date"}
ASKED_KINDS = [(kind.value, kind.label) for kind in (RoundKind.MID_TERM, RoundKind.END_OF_TERM)]


class RoundForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=ASKED_KINDS, widget=forms.RadioSelect)
    department = forms.ModelChoiceField(label=gettext_lazy("department"), queryset=None, required=False)
    term = forms.ModelChoiceField(label=gettext_lazy("term"), queryset=None)
    title = forms.CharField(label=gettext_lazy("title"), max_length=80)
    opens_on = forms.DateField(label=gettext_lazy("first day"), widget=forms.DateInput(attrs=DAY))
    closes_on = forms.DateField(label=gettext_lazy("last day"), widget=forms.DateInput(attrs=DAY))
    asks_classes = forms.BooleanField(
        label=gettext_lazy("classes of guided League branches are asked too, without names"), required=False,
        help_text=gettext_lazy("Only classes of five and more; figures are shown after closing, of five answers and more."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, scope: Scope, today: date, terms: Sequence[Term], span: TermSpan | None, open_days: int, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        departments = Department.objects.visible_to(scope)
        if not scope.college_staff:
            departments = departments.filter(pk__in=scope.department_ids)
        field = self.fields["department"]
        field.queryset, field.required = departments, not scope.college_staff
        field.empty_label = gettext_lazy("the whole college") if scope.college_staff else None
        self.fields["term"].queryset = Term.objects.visible_to(scope).filter(pk__in=[term.pk for term in terms])
        # After the middle of a term its end is what comes next.
        is_late = span is not None and today > span.start_monday + timedelta(weeks=span.teaching_weeks // 2 + 1)
        kind = RoundKind.END_OF_TERM if is_late else RoundKind.MID_TERM
        first, last = proposed_days(kind, span, open_days, today)
        self.initial = {
            "kind": kind.value, "opens_on": first.isoformat(), "closes_on": last.isoformat(), "title": str(kind.label),
            "term": terms[0] if terms else None,
        } | ({} if scope.college_staff else {"department": departments.first()}) | self.initial  # fmt: skip


class AnswerForm(forms.Form):
    """One answer: points for each question, own words where asked, and a remark for the secretary alone."""

    def __init__(self, *args: Any, questions: Sequence[Asked], has_remark: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = list(questions)
        for question in self.questions:
            label = in_language(question.text, question.text_en)
            if question.dimension == FREE:
                self.fields[question.field] = forms.CharField(
                    label=label, required=False, max_length=WORDS_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
                )
            else:
                self.fields[question.field] = forms.TypedChoiceField(
                    label=label, choices=[(point, str(point)) for point in POINTS], coerce=int, widget=forms.RadioSelect,
                    error_messages={"required": gettext_lazy("Choose from 1 to 5.")},
                )  # fmt: skip
        if has_remark:
            self.fields["remark"] = forms.CharField(
                label=gettext_lazy("only for the secretary of the mentor's branch"), required=False, max_length=1000,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=gettext_lazy("The other side never reads this. It is stored encrypted."),
            )  # fmt: skip

    def scales(self) -> list[Any]:
        """The questions in points."""
        return [self[question.field] for question in self.questions if question.dimension != FREE]

    def words(self) -> list[Any]:
        """What may stay empty."""
        found = [self[question.field] for question in self.questions if question.dimension == FREE]
        return [*found, self["remark"]] if "remark" in self.fields else found

    def given(self) -> dict[int, Any]:
        """What the services take."""
        return {question.id: self.cleaned_data[question.field] for question in self.questions}
