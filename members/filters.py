"""Declared filters of the list of people; nothing else answers."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from branches.models import PartyBranch, Programme, SchoolClass
from pairing_portal.common.scope import Scope

from .models import Person
from .querysets import PersonQuerySet
from .stages import Stage


class PersonFilter(filters.FilterSet):
    """Search, stage, branch, class, programme, away."""

    q = filters.CharFilter(label=_("Name, pinyin or number"), method="by_words", max_length=50)
    stage = filters.ChoiceFilter(label=_("stage"), choices=Stage, empty_label=_("all stages"))
    branch = filters.ModelChoiceFilter(
        label=_("Party branch"), field_name="party_branch", queryset=None, empty_label=_("all branches")
    )
    school_class = filters.ModelChoiceFilter(label=_("class"), queryset=None, empty_label=_("all classes"))
    programme = filters.ChoiceFilter(label=_("programme"), choices=Programme, empty_label=_("all programmes"))
    away = filters.BooleanFilter(
        label=_("away now"), method="by_away",
        widget=forms.Select(choices=[("", _("on campus or away")), ("true", _("away now")), ("false", _("on campus"))]),
    )  # fmt: skip

    class Meta:
        model = Person
        fields: list[str] = []

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["branch"].queryset = PartyBranch.objects.visible_to(scope)
        self.filters["school_class"].queryset = SchoolClass.objects.visible_to(scope)

    def by_words(self, rows: PersonQuerySet, name: str, value: str) -> PersonQuerySet:
        return rows.search(value)

    def by_away(self, rows: PersonQuerySet, name: str, value: bool) -> PersonQuerySet:
        today = timezone.localdate()
        return rows.away_on(today) if value else rows.on_campus(today)

    def in_words(self) -> list[str]:
        """What is filtered, for the line above the list: 第三党支部 · 预备党员."""
        if not self.form.is_valid():
            return []
        data = self.form.cleaned_data
        words = [str(data[name]) for name in ("branch", "school_class") if data.get(name)]
        words += [
            str(dict(choices)[data[name]])
            for name, choices in (("stage", Stage.choices), ("programme", Programme.choices))
            if data.get(name)
        ]
        if data.get("away") is not None:
            words.append(str(_("away now") if data["away"] else _("on campus")))
        return words + ([f"“{data['q']}”"] if data.get("q") else [])
