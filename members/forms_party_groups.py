"""Forms of Party groups. Cleaned values are the services' arguments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .forms_transfers import day_input
from .models import PartyGroup, Person, Stage


class GroupForm(forms.Form):
    """Name, people and leader of a group; `places` says for each member of the branch which group they are in now."""

    name = forms.CharField(label=_("name of the group"), max_length=40, help_text=_("The first Party group, say."))
    people = forms.MultipleChoiceField(
        label=_("members"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Who is in another group goes over. A group has at least three members, one of them a full member (R35)."),
    )  # fmt: skip
    leader = forms.ChoiceField(
        label=_("group leader"), required=False, help_text=_("One of the group, a full member (R35).")
    )
    on = forms.DateField(label=_("set up on"), widget=day_input())

    def __init__(
        self,
        *args: Any,
        members: Sequence[Person],
        places: dict[int, PartyGroup],
        today: date,
        group: PartyGroup | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].choices = [
            (str(person.pk), _member_words(person, places.get(person.pk), group)) for person in members
        ]
        leaders = sorted(members, key=lambda person: person.stage != Stage.FULL)
        self.fields["leader"].choices = [
            ("", _("nobody yet")),
            *((str(one.pk), _leader_words(one)) for one in leaders),
        ]
        if group is None:
            self.fields["on"].initial = today
            return
        del self.fields["on"]
        self.fields["name"].initial, self.fields["leader"].initial = group.name, str(group.leader_id or "")
        self.fields["people"].initial = [str(pk) for pk, place in places.items() if place.pk == group.pk]

    def clean_people(self) -> list[int]:
        return [int(pk) for pk in self.cleaned_data["people"]]

    def given(self) -> dict[str, Any]:
        values = dict(self.cleaned_data)
        leader = values.pop("leader", "")
        return values | {"leader_id": int(leader) if leader else None}


class DissolveForm(forms.Form):
    on = forms.DateField(label=_("dissolved on"), widget=day_input())

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = today


def _member_words(person: Person, place: PartyGroup | None, group: PartyGroup | None) -> str:
    words = f"{person.name}（{person.get_stage_display()}）"
    return f"{words} · {place.name}" if place is not None and (group is None or place.pk != group.pk) else words


def _leader_words(person: Person) -> str:
    return person.name if person.stage == Stage.FULL else f"{person.name}（{person.get_stage_display()}）"
