from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import SupportArea


class WishForm(forms.Form):
    """What somebody offers and asks for; nothing has to be ticked."""

    offers = forms.MultipleChoiceField(
        label=_("I can help with"), choices=SupportArea.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    asks = forms.MultipleChoiceField(
        label=_("I would like help with"),
        choices=SupportArea.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_left_out = forms.BooleanField(
        label=_("Please leave me out of this year's pairing"), required=False,
        help_text=_("The secretary sees that you asked, and talks with you; you need not give a reason here."),
    )  # fmt: skip
