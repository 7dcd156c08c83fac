"""Forms of links and guidance. People come as a choice made on the page; the services know the rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from members.models import Person
from pairing_portal.common.problems import Refused

from .offers import Said, said
from .services import NeedsAWord
from .tiers import FocusArea, Tier

_NOBODY = _("Choose somebody from the list.")


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class _OfferForm(forms.Form):
    """A person to choose, and the tick that goes on in spite of a warning."""

    person = forms.ModelChoiceField(
        label=_("person"), queryset=None, widget=forms.HiddenInput,
        error_messages={"required": _NOBODY, "invalid_choice": _NOBODY},
    )  # fmt: skip
    accept_warnings = forms.BooleanField(label=_("I have read what speaks against it and go on."), required=False)
    # What the service calls the person of this form.
    person_names = ("person", "mentor", "mentee")

    def __init__(self, *args: Any, people: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people
        self.speaks_against: list[Said] = []

    def refuse(self, refusal: Refused) -> None:
        """Show a refusal of the service beside its field; a mere warning asks for the tick."""
        if isinstance(refusal, NeedsAWord):
            self.speaks_against = said(refusal.problems)
            self.add_error("accept_warnings", refusal)
            return
        name = "person" if refusal.field in self.person_names else refusal.field
        self.add_error(name if name in self.fields else None, refusal)

    @property
    def chosen(self) -> str:
        """The person ticked when the form came back."""
        return str(self["person"].value() or "")

    @property
    def rest(self) -> list[forms.BoundField]:
        """The fields below the list of people."""
        return [field for field in self if field.name not in ("person", "accept_warnings")]


class LinkForm(_OfferForm):
    """A link of tiers 1–3, once tier and the first of the two are chosen."""

    starts_on = forms.DateField(label=_("from"), widget=_day())
    ends_on = forms.DateField(
        label=_("planned until"), required=False, widget=_day(), help_text=_("May stay empty; a link is ended when it is over.")
    )  # fmt: skip
    goal = forms.CharField(
        label=_("goal"), max_length=200, required=False, help_text=_("In a sentence. The two agree on goals and steps later.")
    )  # fmt: skip


class HandOnForm(_OfferForm):
    """Another mentor for a link that runs."""


class FocusForm(forms.Form):
    """What a guide looks after in a League branch."""

    focus_areas = forms.MultipleChoiceField(
        label=_("focus areas"), choices=FocusArea.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class GuidanceForm(_OfferForm):
    """Guidance of a League branch (tier 4), once the League branch is chosen."""

    focus_areas = forms.MultipleChoiceField(
        label=_("focus areas"), choices=FocusArea.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    starts_on = forms.DateField(label=_("from"), widget=_day())
    ends_on = forms.DateField(label=_("planned until"), required=False, widget=_day())


class ReasonForm(forms.Form):
    """Why something ends; whether a reason is needed is the service's business."""

    reason = forms.CharField(
        label=_("reason"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200})
    )

    def refuse(self, refusal: Refused) -> None:
        self.add_error("reason" if refusal.field == "reason" else None, refusal)


class RuleCheckForm(forms.Form):
    """ "May A help B?": both by name or number; in the fourth tier B is a League branch."""

    tier = forms.TypedChoiceField(label=_("tier"), choices=Tier.choices, coerce=int)
    mentor = forms.CharField(label=_("who would help"), max_length=50)
    mentee = forms.CharField(label=_("who would be helped"), max_length=80)
    is_formal = forms.BooleanField(
        label=_("as formal cultivation contact"), required=False, help_text=_("Second tier only.")
    )
