"""Forms of coming and going. Cleaned values are the services' arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.registries import SuccessorIdea

from .models import MobileMember, TransferKind
from .successors import names_of_chosen

# Kinds of going a member may take; a move between branches has a form of its own.
GOING = [(kind.value, kind.label) for kind in (TransferKind.OUT, TransferKind.STAYS, TransferKind.ABROAD)]


def day_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class ChoicesForm(forms.Form):
    """A form that also asks who takes over what: a field for each idea, below the others.

    `kept` are the choices made before. `given()` are the service's arguments, with `successors` where something was asked.
    """

    def __init__(
        self, *args: Any, ideas: Sequence[SuccessorIdea] = (), kept: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.choice_names: list[str] = []
        kept = kept or {}
        names = names_of_chosen(kept, ideas)
        for idea in ideas:
            chosen = kept.get(idea.key, {}).get("to")
            options = [
                (str(one.person_id), f"{one.name}（{one.why}）" if one.why else one.name) for one in idea.candidates
            ]
            if chosen and str(chosen) not in dict(options) and chosen in names:
                options.append((str(chosen), names[chosen]))
            field = f"to-{idea.key}"
            self.choice_names.append(field)
            self.fields[field] = forms.ChoiceField(
                label=idea.what, choices=[("", _("nobody: it ends")), *options], required=False, widget=forms.RadioSelect,
                initial=str(chosen) if chosen else "",
            )  # fmt: skip

    def visible_fields(self) -> list[Any]:
        """Without the choices, which stand under a heading of their own."""
        return [field for field in super().visible_fields() if field.name not in self.choice_names]

    def choice_fields(self) -> list[Any]:
        return [self[name] for name in self.choice_names]

    def given(self) -> dict[str, Any]:
        values = {name: value for name, value in self.cleaned_data.items() if name not in self.choice_names}
        if self.choice_names:
            chosen = {name.removeprefix("to-"): self.cleaned_data.get(name) for name in self.choice_names}
            values["successors"] = {key: int(to) if to else None for key, to in chosen.items()}
        return values


class MoveForm(ChoicesForm):
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


class StepForm(ChoicesForm):
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


class BackForm(StepForm):
    """Taking a transfer back: the other side reads why."""

    reason = forms.CharField(label=_("reason"), max_length=200, help_text=_("The person and both branches read it."))


class LeaveForm(ChoicesForm):
    """Somebody leaves the college without a transfer: the day they left."""

    on = forms.DateField(label=_("left on"), widget=day_input())

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = today


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
