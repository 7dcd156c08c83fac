from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import NoticeKind

from .channels.email import goes_out
from .hours import MINUTE, SendingHours
from .models import ContactChoice


def _clock(hour: int) -> str:
    return f"{hour}:{MINUTE:02}"


class ContactForm(forms.Form):
    """By which way, at what hour, and which kinds of notices go outside."""

    by_email = forms.BooleanField(label=_("by e-mail"), required=False)
    by_wecom = forms.BooleanField(label=_("by WeCom"), required=False)
    wecom_id = forms.CharField(
        label=_("WeCom account"),
        max_length=64,
        required=False,
        help_text=_("Your account in the college's WeCom, often your student or staff number."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    digest_hour = forms.TypedChoiceField(
        label=_("hour of the daily summary"), required=False, coerce=int, empty_value=None
    )
    received = forms.MultipleChoiceField(
        label=_("what you have been told so far"), required=False, widget=forms.CheckboxSelectMultiple
    )
    others = forms.MultipleChoiceField(label=_("everything else"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self,
        *args: Any,
        choice: ContactChoice,
        hours: SendingHours,
        received: Iterable[NoticeKind],
        others: Iterable[NoticeKind],
        muted: set[str],
        **kwargs: Any,
    ) -> None:
        kinds = {"received": list(received), "others": list(others)}
        initial = {name: getattr(choice, name) for name in ("by_email", "by_wecom", "wecom_id", "digest_hour")} | {
            name: [kind.kind for kind in found if kind.kind not in muted] for name, found in kinds.items()
        }
        super().__init__(*args, initial=initial, **kwargs)
        usual = _("as the college has it (%(hour)s)") % {"hour": _clock(hours.digest)}
        self.fields["digest_hour"].choices = [("", usual), *((hour, _clock(hour)) for hour in hours.loud_hours())]
        for name, found in kinds.items():
            self.fields[name].choices = [(kind.kind, kind.label) for kind in found]
            if not found:
                del self.fields[name]
        if not goes_out():
            # No mail server is set; what was chosen before stays.
            del self.fields["by_email"]
        if not getattr(settings, "WECOM_CORP_ID", ""):
            # The college has no WeCom; what was chosen before stays.
            del self.fields["by_wecom"], self.fields["wecom_id"]
        self._choice = choice

    @property
    def muted(self) -> set[str]:
        """The offered kinds that are not ticked."""
        offered = {
            key for name in ("received", "others") if name in self.fields for key, _label in self.fields[name].choices
        }
        ticked = {*self.cleaned_data.get("received", ()), *self.cleaned_data.get("others", ())}
        return offered - ticked

    def chosen(self) -> dict[str, Any]:
        """The arguments of `save_contact_choice`; for what the form does not show, what was chosen before."""
        data = self.cleaned_data
        return {
            "by_email": data.get("by_email", self._choice.by_email),
            "by_wecom": data.get("by_wecom", self._choice.by_wecom),
            "wecom_id": data.get("wecom_id", self._choice.wecom_id),
            "digest_hour": data["digest_hour"],
            "muted": self.muted,
        }
