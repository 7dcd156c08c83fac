from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mentoring.models import FocusArea

from .choices import Choice

MINUTES = (30, 45, 60, 90)


class QuickLogForm(forms.Form):
    """Three taps and a sentence: what for, how long, what was done."""

    target = forms.ChoiceField(label=_("what for"), widget=forms.RadioSelect)
    minutes = forms.TypedChoiceField(
        label=_("how long"),
        coerce=int,
        choices=[*((number, str(number)) for number in MINUTES), (0, _("other"))],
        widget=forms.RadioSelect,
        initial=60,
    )
    other_minutes = forms.IntegerField(label=_("minutes"), required=False, min_value=1, max_value=720)
    # Asked only where a League branch is guided; the page hides it until one is chosen.
    focus_area = forms.ChoiceField(
        label=_("focus area"), choices=FocusArea.choices, required=False, widget=forms.RadioSelect
    )
    summary = forms.CharField(
        label=_("what was done, in one sentence"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    on = forms.DateField(label=_("date"), widget=forms.DateInput(attrs={"type": "date"}))
    starts_at = forms.TimeField(label=_("began at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    late_reason = forms.CharField(label=_("why entered late"), max_length=200, required=False)
    idempotency_key = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, choices: list[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.log_choices = {choice.key: choice for choice in choices}
        self.fields["target"].choices = [(choice.key, choice.label) for choice in choices]
        if choices and not self.is_bound:
            asked = self.initial.get("target")
            self.initial["target"] = asked if asked in self.log_choices else choices[0].key

    @property
    def guidance_keys(self) -> list[str]:
        """Choices that need a focus area."""
        return [key for key, choice in self.log_choices.items() if choice.league_guidance]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("minutes") == 0:
            if data.get("other_minutes"):
                data["minutes"] = data["other_minutes"]
            elif "other_minutes" not in self.errors:
                self.add_error("other_minutes", _("Type the minutes, or choose one of the buttons."))
        choice = self.log_choices.get(data.get("target", ""))
        if choice and choice.league_guidance and not data.get("focus_area") and "focus_area" not in self.errors:
            self.add_error("focus_area", _("Say which focus area the guidance was about."))
        summary = data.get("summary")
        if summary is not None and not summary.strip("\u200b\u200c\u200d\ufeff\u3000 \t\r\n"):
            self.add_error("summary", _("One sentence about what was done is needed."))
        return data

    def service_arguments(self) -> dict[str, Any]:
        """What `submit_log` takes, from what was chosen."""
        data = self.cleaned_data
        choice = self.log_choices[data["target"]]
        return {
            "on": data["on"],
            "minutes": data["minutes"],
            "purpose": choice.purpose,
            "member_pairing": choice.member_pairing,
            "league_branch": choice.league_branch,
            "mentorship": choice.mentorship,
            "league_guidance": choice.league_guidance,
            "focus_area": data["focus_area"] if choice.league_guidance else "",
            "summary": data["summary"],
            "late_reason": data["late_reason"],
            "starts_at": data["starts_at"],
            "idempotency_key": data["idempotency_key"] or None,
        }


class CorrectLogForm(forms.Form):
    on = forms.DateField(label=_("date"), widget=forms.DateInput(attrs={"type": "date"}))
    minutes = forms.IntegerField(label=_("minutes"), min_value=1, max_value=720)
    summary = forms.CharField(label=_("what was done"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    starts_at = forms.TimeField(
        label=_("began at"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    late_reason = forms.CharField(label=_("why entered late"), max_length=200, required=False)
    focus_area = forms.ChoiceField(label=_("focus area"), choices=FocusArea.choices)
    # Asked only of an entry that is confirmed already.
    reason = forms.CharField(label=_("why corrected"), max_length=100)

    def __init__(self, *args: Any, with_focus: bool = False, with_reason: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_reason:
            del self.fields["reason"]
        if not with_focus:
            del self.fields["focus_area"]
