"""Declared filters of the lists of links and of guidance; nothing else answers."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters as filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import PartyBranch
from members.models import Person
from pairing_portal.common.scope import Scope

from .health import HealthState
from .models import LeagueGuidance, Mentorship
from .tiers import OPEN_STATES, LinkState

# Offered or running: what the counts of health count.
PUBLISHED = "published"
STATES = [
    ("all", _("all states")), (PUBLISHED, _("offered or running")), (LinkState.DRAFT, LinkState.DRAFT.label), (LinkState.OFFERED, LinkState.OFFERED.label),
    (LinkState.ACTIVE, LinkState.ACTIVE.label), (LinkState.DECLINED, LinkState.DECLINED.label),
    (LinkState.ENDED, LinkState.ENDED.label),
]  # fmt: skip
# A League branch is not asked, so it declines nothing.
GUIDANCE_STATES = [row for row in STATES if row[0] not in (LinkState.OFFERED, LinkState.DECLINED)]


class _RowFilter(filters.FilterSet):
    """Search, branch, state; without a state only what is not over. `people`: the columns that name somebody."""

    people: ClassVar[tuple[str, ...]] = ()

    q = filters.CharFilter(label=_("Name, pinyin or number"), method="by_words", max_length=50)
    branch = filters.ModelChoiceFilter(
        label=_("kept by"), field_name="party_branch", queryset=None, empty_label=_("all branches")
    )
    state = filters.ChoiceFilter(label=_("state"), choices=STATES, method="by_state", empty_label=_("not over"))
    health = filters.ChoiceFilter(
        label=_("how it goes"), choices=HealthState.choices, method="by_health", empty_label=_("every health")
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.filters["branch"].queryset = PartyBranch.objects.visible_to(scope)

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.filter(state__in=OPEN_STATES)

    def by_state(self, rows: Any, name: str, value: str) -> Any:
        if value == PUBLISHED:
            return rows.filter(state__in=(LinkState.OFFERED, LinkState.ACTIVE))
        return rows if value == "all" else rows.filter(state=value)

    def by_health(self, rows: Any, name: str, value: str) -> Any:
        """Health is computed, not stored: the page narrows the rows itself."""
        return rows

    def by_words(self, rows: Any, name: str, value: str) -> Any:
        """Names and pinyin of `people`; numbers answer only for those the reader sees: another branch does not learn them."""
        numbers = Person.objects.visible_to(self.scope).filter(number__startswith=value).order_by().values("pk")
        found = self.by_more_words(value)
        for who in self.people:
            found |= _named(who, value) | Q(**{f"{who}__in": numbers})
        return rows.filter(found)

    def by_more_words(self, value: str) -> Q:
        """What else is searched; nothing unless a list says so."""
        return Q(pk__in=())

    @property
    def health_asked(self) -> str:
        return str(self.form.cleaned_data.get("health") or "")

    def in_words(self) -> list[str]:
        """What is filtered, for the line above the list: 第六党支部 · 停滞."""
        if not self.form.is_valid():
            return []
        data = self.form.cleaned_data
        words = [str(data["branch"].short_name)] if data.get("branch") else []
        for name, choices in (("state", STATES), ("health", HealthState.choices)):
            if data.get(name):
                words.append(str(dict(choices)[data[name]]))
        return words + ([f"“{data['q']}”"] if data.get("q") else [])


class LinkFilter(_RowFilter):
    """Links between two people."""

    people = ("mentor", "mentee")

    class Meta:
        model = Mentorship
        fields: list[str] = []


class GuidanceFilter(_RowFilter):
    """Guidance of League branches, searched by guide or League branch."""

    people = ("person",)

    state = filters.ChoiceFilter(
        label=_("state"), choices=GUIDANCE_STATES, method="by_state", empty_label=_("not over")
    )

    class Meta:
        model = LeagueGuidance
        fields: list[str] = []

    def by_more_words(self, value: str) -> Q:
        return Q(league_branch__name__icontains=value)


def _named(who: str, words: str) -> Q:
    key = words.lower().replace(" ", "")
    return Q(**{f"{who}__name__icontains": words}) | Q(**{f"{who}__name_key__icontains": key})
