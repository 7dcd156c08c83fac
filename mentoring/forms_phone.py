"""Forms of one's own page: the contact card, and the secretary's answer to a call for help."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.problems import Refused

from .models import ContactWay


class ContactForm(forms.Form):
    way = forms.ChoiceField(
        label=_("what the others see"), choices=ContactWay.choices, widget=forms.RadioSelect, initial=ContactWay.HIDDEN
    )
    words = forms.CharField(
        label=_("how to reach me"), max_length=60, required=False,
        help_text=_("For example: WeChat through the class group, or room 302 in the evening."),
    )  # fmt: skip

    def refuse(self, refusal: Refused) -> None:
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal)


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("a short answer"), max_length=200, error_messages={"required": _("Write a short answer: the person reads it.")}
    )  # fmt: skip

    def first_fault(self) -> Any:
        return next(iter(self.errors.values()))[0]
