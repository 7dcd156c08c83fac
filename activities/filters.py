"""Declared filters of the list of activities; nothing else answers."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from branches.models import LeagueBranch, PartyBranch
from pairing_portal.common.scope import Scope

from .event_models import Activity, ActivityKind, ActivityState

WHEN = [("past", _("past")), ("all", _("past and coming"))]


class ActivityFilter(filters.FilterSet):
    """Search, kind, host, state; without a time only what is not over."""

    q = filters.CharFilter(label=_("Title or place"), method="by_words", max_length=50)
    kind = filters.ModelChoiceFilter(label=_("kind of activity"), queryset=None, empty_label=_("all kinds"))
    host = filters.ChoiceFilter(label=_("host"), method="by_host", empty_label=_("all hosts"))
    state = filters.ChoiceFilter(label=_("state"), choices=ActivityState.choices, empty_label=_("all states"))
    when = filters.ChoiceFilter(label=_("when"), choices=WHEN, method="by_time", empty_label=_("coming"))

    class Meta:
        model = Activity
        fields: list[str] = []

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["kind"].queryset = ActivityKind.objects.visible_to(scope)
        self.filters["host"].extra["choices"] = host_choices(
            PartyBranch.objects.visible_to(scope).active(), LeagueBranch.objects.visible_to(scope).active()
        )

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("when"):
            return rows
        return rows.filter(ends_at__gte=timezone.now()).order_by("starts_at", "pk")

    def by_words(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(Q(title__icontains=value) | Q(place__icontains=value))

    def by_host(self, rows: Any, name: str, value: str) -> Any:
        """Hosts along too."""
        kind, _dash, pk = value.partition("-")
        if kind == "league":
            return rows.filter(league_branch_id=pk)
        beside = rows.filter(co_hosts__party_branch_id=pk).order_by().values("pk")
        return rows.filter(Q(party_branch_id=pk) | Q(pk__in=beside))

    def by_time(self, rows: Any, name: str, value: str) -> Any:
        """The newest first, where past ones are among them."""
        past = rows.filter(ends_at__lt=timezone.now()) if value == "past" else rows
        return past.order_by("-starts_at", "-pk")

    def in_words(self) -> list[str]:
        """What is filtered: 主题党日 · 第二党支部 · 已发布."""
        if not self.form.is_valid():
            return []
        data = self.form.cleaned_data
        words = [str(data["kind"])] if data.get("kind") else []
        hosts = dict(choice for _label, group in self.filters["host"].extra["choices"] for choice in group)
        for name, choices in (("host", hosts), ("state", dict(ActivityState.choices)), ("when", dict(WHEN))):
            if data.get(name):
                words.append(str(choices[data[name]]))
        return words + ([f"“{data['q']}”"] if data.get("q") else [])


def host_choices(party: Any, league: Any) -> list[tuple[Any, list[tuple[str, str]]]]:
    """Party and League branches in one choice: party-3, league-5."""
    groups = [
        (_("Party branches"), [(f"party-{row.pk}", row.short_name) for row in party]),
        (_("League branches"), [(f"league-{row.pk}", row.name) for row in league]),
    ]
    return [(label, rows) for label, rows in groups if rows]
