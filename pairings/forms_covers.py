"""The form that asks for a stand-in by hand: another person, duty or time than the proposal."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .board import read_board
from .forms_work import person_label
from .models import BranchPairing, CoverDuty
from .work_rules import people_of


class _Somebody(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return person_label(obj)


def _day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class AskCoverForm(forms.Form):
    """The people offered are those of the two sides: who is helped, and the group that helps."""

    absent = _Somebody(label=_("who is away"), queryset=None, required=False, empty_label=_("the branch as a whole"))
    duty = forms.ChoiceField(
        label=_("duty"), choices=CoverDuty.choices, help_text=_("Quorum, vote and posts stay with the branch.")
    )
    stand_in = _Somebody(label=_("stand-in"), queryset=None, empty_label=_("choose"))
    from_on = forms.DateField(label=_("from"), widget=_day_input())
    to_on = forms.DateField(label=_("to"), widget=_day_input())

    def __init__(self, *args: Any, pairing: BranchPairing, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = people_of(pairing, today)
        group = [card.pk for card in read_board(pairing, today=today).helpers]
        self.fields["absent"].queryset = people.filter(party_branch=pairing.partner_branch_id)
        self.fields["stand_in"].queryset = people.filter(pk__in=group)
