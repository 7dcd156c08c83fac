from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from . import consent_text, needs


class ConsentForm(forms.Form):
    """Agreeing to the text shown above it, by a tick of its own."""

    version = forms.CharField(max_length=20, widget=forms.HiddenInput)
    agrees = forms.BooleanField(
        label=_("I have read this and agree that my needs for support are recorded in this way"),
        error_messages={"required": _("Tick that you agree, or leave the page: both are fine.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"version": consent_text.VERSION})
        super().__init__(*args, **kwargs)


class NeedForm(forms.Form):
    """Five ticks and nothing to write into. No tick erases what was recorded."""

    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    codes = forms.MultipleChoiceField(
        label=_("My mentor should know about"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("No tick: nothing is recorded, and help goes on as general support."),
        error_messages={"invalid_choice": _("Choose from the list only.")},
    )

    def __init__(self, *args: Any, is_own: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["codes"].choices = [
            (need.code, format_html('{}<span class="muted"> – {}</span>', need.label, need.hint))
            for need in needs.NEEDS
        ]
        if not is_own:
            self.fields["codes"].label = _("The mentors should know about")
