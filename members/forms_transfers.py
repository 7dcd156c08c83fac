"""Forms of coming and going. Cleaned values are the services' arguments."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import MobileMember, TransferKind

# Kinds of going a member may take; a move between branches has a form of its own.
GOING = [(kind.value, kind.label) for kind in (TransferKind.OUT, TransferKind.STAYS, TransferKind.ABROAD)]


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class MoveForm(forms.Form):
    """To another branch of the college."""

    to_branch: Any = forms.ModelChoiceField(label=_("to branch"), queryset=None)
    starts_on = forms.DateField(label=_("on"), widget=day_input())
    reason = forms.CharField(label=_("reason"), max_length=200, required=False)

    def __init__(self, *args: Any, branches: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_branch"].queryset = branches
        self.fields["starts_on"].initial = today


class GoForm(forms.Form):
    """With a letter, staying, or abroad."""

    kind = forms.ChoiceField(label=_("how the affiliation goes on"), choices=GOING, widget=forms.RadioSelect)
    starts_on = forms.DateField(label=_("from"), widget=day_input(), help_text=_("Of a letter: the day it is written."))
    to_unit = forms.CharField(
        label=_("to unit"),
        max_length=120,
        required=False,
        help_text=_("For a letter: the Party organisation it is written to."),
    )
    letter_number = forms.CharField(label=_("number of the letter"), max_length=40, required=False)
    until = forms.DateField(
        label=_("until"), widget=day_input(), required=False,
        help_text=_("Of staying or abroad. Empty: as long as the rules allow."),
    )  # fmt: skip

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_on"].initial = today
        self.fields["kind"].initial = TransferKind.OUT


class StepForm(forms.Form):
    """A step of a transfer; `row` gives what is on record."""

    def __init__(self, *args: Any, row: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields:
            if name == "on":
                self.fields[name].initial = today
            elif getattr(row, name, None) and name != "reason":
                self.fields[name].initial = getattr(row, name)


class TakeForm(StepForm):
    """Nothing to fill in: what ends is shown above."""


class DayForm(StepForm):
    on = forms.DateField(label=_("on"), widget=day_input())


class LetterForm(StepForm):
    on = forms.DateField(label=_("letter of"), widget=day_input())
    to_unit = forms.CharField(label=_("to unit"), max_length=120)
    letter_number = forms.CharField(label=_("number of the letter"), max_length=40, required=False)


class ReasonForm(StepForm):
    reason = forms.CharField(label=_("reason"), max_length=200)


class MobileForm(forms.Form):
    """A mobile member and who keeps in touch."""

    from_on = forms.DateField(label=_("from"), widget=day_input())
    to_on = forms.DateField(
        label=_("to"), widget=day_input(), required=False, help_text=_("Empty: until further notice.")
    )
    cause = forms.CharField(label=_("reason"), max_length=100)
    place = forms.CharField(label=_("where to"), max_length=100, required=False)
    contact: Any = forms.ModelChoiceField(
        label=_("keeps in touch"), queryset=None, required=False,
        help_text=_("A member of the branch who is here; at least once every three months."),
    )  # fmt: skip
    talked_on = forms.DateField(label=_("talk before leaving on"), widget=day_input(), required=False)

    def __init__(self, *args: Any, people: Any, row: MobileMember | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"].queryset = people
        for name in self.fields if row is not None else ():
            self.fields[name].initial = getattr(row, name)


class GraduatesForm(forms.Form):
    """The day all chosen letters and stays begin."""

    starts_on = forms.DateField(label=_("from"), widget=day_input())
