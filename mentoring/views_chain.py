"""The chain of a branch or class: the picture, what it shows to be wrong, and the same in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches.models import PartyBranch, SchoolClass
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from . import chain_reader
from .chain import LINKS_AT_MOST, ChainLink, Column, Gap, GapKind, person_key
from .chain_breaks import Break, leaves_by
from .chain_picture import draw
from .chain_reader import Place, ReadChain
from .rules import PersonFacts
from .services import may_arrange
from .tiers import Tier
from .views_link_new import helper_address

YEARS = range(2000, 2101)
# More classes than these are folded behind a word.
CLASSES_IN_A_LINE = 6


@dataclass(frozen=True)
class LinkRow:
    """A line of the picture in words; `leavers` graduate in or before the year looked at."""

    link: ChainLink
    mentor: PersonFacts
    mentee_name: str
    tier: str
    leavers: tuple[str, ...]


@dataclass(frozen=True)
class BreakRow:
    broken: Break
    row: LinkRow
    hand_on_url: str


@require_GET
def mentoring_chain(request: HttpRequest) -> HttpResponse:
    """Who helps whom through all tiers, who is missed, who carries too much, what breaks on graduation."""
    scope, today = scope_of(request), timezone.localdate()
    if not chain_reader.may_open(scope):
        raise PermissionDenied(
            _(
                "The chain is for branch committees, counsellors and the department. Who helps you stands on your own page."
            )
        )
    branches, classes = chain_reader.branches_of(scope), chain_reader.classes_of(scope)
    place = _place_asked(request, scope) or next(iter([*branches, *classes]), None)
    if place is None:
        return render(request, "mentoring/chain.html", {"place": None})
    read = chain_reader.read_chain(place, scope, today=today, year=_year(request))
    rows = {row.link.key: row for row in _rows(read)}
    context = {
        "place": place,
        "is_class": isinstance(place, SchoolClass),
        "read": read,
        "chain": read.chain,
        "picture": draw(read.chain, year=read.year),
        "rows": list(rows.values()),
        "breaks": [_break_row(one, rows[one.link.key]) for one in read.breaks],
        "gaps": [(gap, _helper_url(gap, place, read, scope)) for gap in read.chain.gaps],
        "unlinked": _unlinked(read),
        "figures": _figures(read),
        "tiers": [(tier, Tier(tier).label) for tier in (Tier.NEW_MEMBERS, Tier.ACTIVISTS, Tier.CLASSMATES, Tier.LEAGUE_BRANCHES)],
        "links_at_most": LINKS_AT_MOST,
        **_choices(place, branches, classes, read),
    }  # fmt: skip
    return render(request, "mentoring/chain.html", context)


def _place_asked(request: HttpRequest, scope: Scope) -> Place | None:
    """The branch or class of the address: 404 for strangers, 403 for those who know its name only."""
    if request.GET.get("branch"):
        rows: Any = PartyBranch.objects.visible_to(scope)
        asked = request.GET["branch"]
    elif request.GET.get("class"):
        rows, asked = SchoolClass.objects.visible_to(scope), request.GET["class"]
    else:
        return None
    place: Place = get_visible_or_404(rows, pk=_number(asked) or 0)
    if not chain_reader.may_see_chain(place, scope):
        raise PermissionDenied(
            _("The chain is for the committee of this branch, the counsellor of this class and the department.")
        )
    return place


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _year(request: HttpRequest) -> int | None:
    year = _number(request.GET.get("leaving", ""))
    return year if year in YEARS else None


def _rows(read: ReadChain) -> list[LinkRow]:
    people, leagues = read.facts.people, read.facts.leagues
    rows = []
    for link in sorted(read.chain.links, key=lambda link: _tier_order(link.tier)):
        mentor, mentee = people[link.mentor_id], people.get(link.mentee_id)
        ends = [mentor] if mentee is None else [mentor, mentee]
        rows.append(
            LinkRow(
                link=link, mentor=mentor, mentee_name=mentee.name if mentee else leagues[link.league_id].name,
                tier=str(Tier(link.tier).label), leavers=tuple(one.name for one in ends if leaves_by(one, read.year)),
            )
        )  # fmt: skip
    return rows


def _tier_order(tier: int) -> int:
    """From the seniors down the chain, League branches last: as in the picture."""
    return [Tier.NEW_MEMBERS, Tier.ACTIVISTS, Tier.CLASSMATES, Tier.LEAGUE_BRANCHES].index(Tier(tier))


def _break_row(broken: Break, row: LinkRow) -> BreakRow:
    url = ""
    if broken.successor and broken.link.may_hand_on and not broken.successor.full_from:
        url = _hand_on_url(broken.link.pk, broken.successor.person.pk)
    return BreakRow(broken, row, url)


def _hand_on_url(link_id: int, mentor_id: int) -> str:
    try:
        return f"{reverse('mentoring_link_hand_on', args=[link_id])}?{urlencode({'mentor': mentor_id})}"
    except NoReverseMatch:
        return ""


def _helper_url(gap: Gap, place: Place, read: ReadChain, scope: Scope) -> str:
    """Where whoever arranges links here finds a mentor for somebody without one; "" for all others."""
    arranges = may_arrange(place, scope) if isinstance(place, PartyBranch) else scope.oversees(place.department_id)
    pk = int(gap.key.split("-")[1])
    if not arranges or gap.kind in (GapKind.ASKED, GapKind.BROKEN):
        return ""
    if gap.kind == GapKind.GUIDES:
        return f"{reverse('mentoring_guidance_new')}?{urlencode({'league': pk})}"
    return helper_address(read.facts.people[pk].stage, pk)


def _unlinked(read: ReadChain) -> list[dict[str, Any]]:
    """People without a link whom nobody misses, by column; those who are missed stand in their own list."""
    missed = {gap.key for gap in read.chain.gaps}
    alone = {one.pk for one in read.chain.unlinked if person_key(one.pk) not in missed}
    groups = [
        {"label": column.label, "people": [one for one in read.chain.columns[column] if one.pk in alone]}
        for column in Column
    ]
    return [group for group in groups if group["people"]]


def _figures(read: ReadChain) -> list[dict[str, Any]]:
    kinds = Counter(gap.key.split("-")[0] for gap in read.chain.gaps)
    missed = _("people: %(people)d, League branches: %(leagues)d") % {
        "people": kinds["person"],
        "leagues": kinds["league"],
    }
    without = sum(one.needs_successor and one.successor is None for one in read.breaks)
    return [
        {"label": _("No chain reaches them"), "value": len(read.chain.gaps), "hint": missed, "url": "#gaps"},
        {"label": _("Carry too much"), "value": len(read.chain.overloads), "hint": _("above the numbers in force"), "url": "#over"},
        {
            "label": _("Break on graduation in %(year)d") % {"year": read.year}, "value": len(read.breaks),
            "hint": _("without a successor: %(count)d") % {"count": without}, "url": "#breaks",
        },
    ]  # fmt: skip


def _choices(
    place: Place, branches: list[PartyBranch], classes: list[SchoolClass], read: ReadChain
) -> dict[str, Any]:  # fmt: skip
    def chip(label: Any, one: Place, year: int | None = None) -> dict[str, Any]:
        key = "branch" if isinstance(one, PartyBranch) else "class"
        query = {key: one.pk} | ({"leaving": year} if year else {})
        return {"label": label, "url": f"{reverse('mentoring_chain')}?{urlencode(query)}", "is_on": one == place}

    year_chips = [chip(year, place, year) | {"is_on": year == read.year} for year in read.graduation_years]
    return {
        "branch_chips": [chip(one.short_name, one, read.year) for one in branches],
        "class_chips": [chip(one.name, one, read.year) for one in classes],
        "folds_classes": len(classes) > CLASSES_IN_A_LINE,
        "year_chips": year_chips,
    }
