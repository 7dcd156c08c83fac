"""The chain as boxes and lines with coordinates, for an SVG drawn on the server. Pure.

Four columns from left to right, League branches in rows below. Within a column people stand near those they are linked with
(the mean of their neighbours' places, swept a few times), so that few lines cross. People without a link stand last; beyond
a few they are folded into a box with their number, and named in the list under the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from unicodedata import east_asian_width

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .chain import Chain, ChainLink, Column, Gap, league_key, person_key
from .chain_breaks import leaves_by
from .rule_facts import PersonFacts
from .tiers import Tier

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 184, 44, 88, 12
LEFT, TOP, RIGHT, BOTTOM = 44, 8, 44, 12
# From the people down to the League branches: room for the lines.
LEAGUE_SPACE: Final = 72
WIDTH: Final = LEFT + 4 * BOX_WIDTH + 3 * GAP_X + RIGHT
STEP: Final = BOX_HEIGHT + GAP_Y
SWEEPS: Final = 4
# People without a link who are drawn in a column before the others are folded: missed by the chain, and others.
MISSED_SHOWN, UNLINKED_SHOWN = 6, 3
# Width of a line by confirmed talks: from this many on.
TALK_STEPS: Final = ((6, "5"), (3, "3.5"), (1, "2.25"), (0, "1.25"))
DASHES: Final = {
    Tier.NEW_MEMBERS: "", Tier.ACTIVISTS: "9 4", Tier.CLASSMATES: "2 4", Tier.LEAGUE_BRANCHES: "12 4 2 4",
}  # fmt: skip


@dataclass(frozen=True)
class Box:
    """A person, a League branch, or (`is_fold`) the number of those who are not drawn. `anchor` is its place in the lists."""

    key: str
    x: int
    y: int
    title: str
    facts: str
    anchor: str
    label: str
    flag: str = ""
    classes: str = ""
    is_leaving: bool = False
    is_fold: bool = False

    @property
    def icon_at(self) -> int | None:
        """Where the sign before the flag stands; a League branch says what is missing in its second line."""
        if self.flag:
            return self.x + BOX_WIDTH - 10 - text_width(self.flag) - 18
        return self.x + BOX_WIDTH - 26 if "is-missed" in self.classes else None


@dataclass(frozen=True)
class Line:
    key: str
    source: str
    target: str
    path: str
    tier: int
    dash: str
    width: str
    classes: str
    label: str
    is_offered: bool = False


@dataclass(frozen=True)
class Head:
    x: int
    label: str
    count: int


@dataclass(frozen=True)
class Picture:
    height: int
    heads: tuple[Head, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    leagues_at: int | None
    width: int = WIDTH
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


@dataclass
class _Place:
    """What the drawing knows while it works: the picture's facts and where each box came to stand."""

    chain: Chain
    year: int
    gaps: Mapping[str, Gap]
    over: frozenset[str]
    people: Mapping[str, PersonFacts]
    names: Mapping[str, str]
    boxes: dict[str, Box] = field(default_factory=dict)


def draw(chain: Chain, *, year: int) -> Picture:
    """The picture; who graduates in or before `year` is grey."""
    people = {person_key(one.pk): one for column in chain.columns.values() for one in column}
    place = _Place(
        chain=chain,
        year=year,
        gaps={gap.key: gap for gap in chain.gaps},
        over=frozenset(person_key(one.person.pk) for one in chain.overloads),
        people=people,
        names={key: one.name for key, one in people.items()} | {league_key(one.pk): one.name for one in chain.leagues},
    )
    order = _order(chain, _drawn(chain, place))
    folds = [box for column in Column for box in _place_column(column, order[column], place)]
    bottom = max([box.y + BOX_HEIGHT for box in [*place.boxes.values(), *folds]], default=TOP)
    leagues_at = bottom + LEAGUE_SPACE if chain.leagues else None
    if leagues_at is not None:
        bottom = _place_leagues(leagues_at, place)
    return Picture(
        height=bottom + BOTTOM,
        heads=tuple(Head(_left(column), str(column.label), len(chain.columns[column])) for column in Column),
        boxes=(*place.boxes.values(), *folds),
        lines=tuple(_lines(place)),
        leagues_at=leagues_at,
    )


def _left(column: int) -> int:
    return LEFT + (column - 1) * (BOX_WIDTH + GAP_X)


def _drawn(chain: Chain, place: _Place) -> dict[Column, list[PersonFacts]]:
    """Who gets a box of their own: all who are linked, then some of those who are not."""
    linked, shown = chain.linked_keys, {}
    for column, people in chain.columns.items():
        alone = [one for one in people if person_key(one.pk) not in linked]
        missed = [one for one in alone if person_key(one.pk) in place.gaps]
        others = [one for one in alone if person_key(one.pk) not in place.gaps]
        shown[column] = [
            *(one for one in people if person_key(one.pk) in linked),
            *_unless_one_more(missed, MISSED_SHOWN),
            *_unless_one_more(others, UNLINKED_SHOWN),
        ]
    return shown


def _unless_one_more(people: list[PersonFacts], limit: int) -> list[PersonFacts]:
    """The first ones; a fold for a single one would take the same room."""
    return people if len(people) <= limit + 1 else people[:limit]


def _order(chain: Chain, drawn: Mapping[Column, list[PersonFacts]]) -> dict[Column, list[PersonFacts]]:
    """Barycentre: each person moves to the mean place of those linked with them, columns in turn, there and back."""
    neighbours: dict[str, list[str]] = {}
    for link in chain.links:
        neighbours.setdefault(link.source, []).append(link.target)
        neighbours.setdefault(link.target, []).append(link.source)
    order = {column: list(people) for column, people in drawn.items()}
    places = {person_key(one.pk): float(at) for people in order.values() for at, one in enumerate(people)}
    for sweep in range(SWEEPS):
        for column in sorted(order, reverse=bool(sweep % 2)):
            wanted = {one.pk: _mean_place(person_key(one.pk), neighbours, places) for one in order[column]}
            order[column].sort(key=lambda one, wanted=wanted: wanted[one.pk])  # type: ignore[misc]  # bound at once
            places |= {person_key(one.pk): float(at) for at, one in enumerate(order[column])}
    return order


def _mean_place(key: str, neighbours: Mapping[str, list[str]], places: Mapping[str, float]) -> float:
    """Who is linked with League branches only keeps the place; who is linked with nobody comes last."""
    if key not in neighbours:
        return float("inf")
    known = [places[one] for one in neighbours[key] if one in places]
    return sum(known) / len(known) if known else places[key]


def _place_column(column: Column, people: Sequence[PersonFacts], place: _Place) -> Iterable[Box]:
    """Puts boxes into `place`; returns the folded rest."""
    x = _left(column)
    for at, person in enumerate(people):
        place.boxes[person_key(person.pk)] = _person_box(person, x, TOP + at * STEP, place)
    drawn = {one.pk for one in people}
    folded = [one for one in place.chain.columns[column] if one.pk not in drawn]
    missed = sum(person_key(one.pk) in place.gaps for one in folded)
    at = len(people)
    for count, is_missed in ((missed, True), (len(folded) - missed, False)):
        if count:
            yield _fold(column, count, is_missed, x, TOP + at * STEP)
            at += 1


def _fold(column: Column, count: int, is_missed: bool, x: int, y: int) -> Box:
    if is_missed:
        words = ngettext("%(count)d more without help", "%(count)d more without help", count)
    else:
        words = ngettext("%(count)d more without a link", "%(count)d more without a link", count)
    title = words % {"count": count}
    return Box(
        key=f"fold-{column}-{'missed' if is_missed else 'others'}", x=x, y=y, title=title, facts=_("see the list below"),
        anchor="gaps" if is_missed else "unlinked", label=title, classes="is-fold" + " is-missed" * is_missed, is_fold=True,
    )  # fmt: skip


def _person_box(person: PersonFacts, x: int, y: int, place: _Place) -> Box:
    key = person_key(person.pk)
    gap, is_over, is_leaving = place.gaps.get(key), key in place.over, leaves_by(person, place.year)
    flag = gap.short if gap else _("too much") if is_over else ""
    facts = _person_facts(person, key, place, is_leaving)
    marks = {"is-missed": gap is not None, "is-over": is_over and gap is None, "is-leaving": is_leaving}
    return Box(
        key=key, x=x, y=y, title=fit(person.name, 12 if flag else 22), facts=fit(facts, 25), anchor=_anchor(key, place),
        label=_label((person.name, flag, facts), key, place), flag=flag,
        classes=" ".join(name for name, holds in marks.items() if holds), is_leaving=is_leaving,
    )  # fmt: skip


def _person_facts(person: PersonFacts, key: str, place: _Place, is_leaving: bool) -> str:
    helping = sum(link.source == key for link in place.chain.links)
    parts = []
    if person.graduates_on:
        words = _("leaves in %(year)d") if is_leaving else _("until %(year)d")
        parts.append(words % {"year": person.graduates_on.year})
    if helping:
        parts.append(_("helps %(count)d") % {"count": helping})
    return " · ".join(parts) or person.class_name or person.branch_name


def _label(parts: Iterable[str], key: str, place: _Place) -> str:
    """What a box says to those who do not see the lines: itself, then by whom it is helped and whom it helps."""
    above = [place.names[link.source] for link in place.chain.links if link.target == key]
    below = [place.names[link.target] for link in place.chain.links if link.source == key]
    words = [part for part in parts if part]
    if above:
        words.append(_("helped by: %(names)s") % {"names": "、".join(above)})
    if below:
        words.append(_("helps: %(names)s") % {"names": "、".join(below)})
    return " · ".join(words)


def _anchor(key: str, place: _Place) -> str:
    """The first row of the list of links in which somebody stands, else the row that says what is missing."""
    first = next((link.key for link in place.chain.links if key in (link.source, link.target)), "")
    return first or (f"gap-{key}" if key in place.gaps else key)


def _place_leagues(top: int, place: _Place) -> int:
    """Four in a row; returns where the last row ends."""
    for at, league in enumerate(place.chain.leagues):
        row, column = divmod(at, 4)
        key, gap = league_key(league.pk), place.gaps.get(league_key(league.pk))
        facts = gap.short if gap else _("study year %(year)d") % {"year": league.study_year}
        place.boxes[key] = Box(
            key=key, x=_left(column + 1), y=top + row * STEP, title=fit(league.name, 22), facts=facts,
            anchor=_anchor(key, place),
            label=_label((league.name, facts), key, place), classes="is-league" + " is-missed" * (gap is not None),
        )  # fmt: skip
    return top + (-(-len(place.chain.leagues) // 4)) * STEP


def _lines(place: _Place) -> Iterable[Line]:
    bends = {key: at for at, key in enumerate(league_key(league.pk) for league in place.chain.leagues)}
    for link in place.chain.links:
        source, target = place.boxes.get(link.source), place.boxes.get(link.target)
        if source is None or target is None:
            continue
        ends = [place.people.get(key) for key in (link.source, link.target)]
        marks = {
            "is-offered": not link.is_running, "is-breaking": any(leaves_by(one, place.year) for one in ends)
        }  # fmt: skip
        yield Line(
            key=link.key, source=link.source, target=link.target,
            path=_path_to_league(source, target, bends[link.target]) if link.league_id else _path(source, target),
            tier=link.tier, dash=DASHES[Tier(link.tier)], width=talk_width(link.talks.confirmed),
            classes=" ".join([f"tier-{link.tier}", *(name for name, holds in marks.items() if holds)]),
            label=line_words(link, place.names), is_offered=not link.is_running,
        )  # fmt: skip


def talk_width(confirmed: int) -> str:
    return next(width for least, width in TALK_STEPS if confirmed >= least)


def line_words(link: ChainLink, names: Mapping[str, str]) -> str:
    """What a line says to those who do not see it, and on hover."""
    talks = link.talks
    words = ngettext("%(count)d confirmed talk", "%(count)d confirmed talks", talks.confirmed) % {
        "count": talks.confirmed
    }
    parts = [f"{names[link.source]} → {names[link.target]}", str(Tier(link.tier).label), words]
    if talks.last_on:
        parts.append(date_format(talks.last_on))
    if not link.is_running:
        parts.append(_("waiting for the answer"))
    return " · ".join(parts)


def _path(source: Box, target: Box) -> str:
    """From the right edge to the left one; beside the column when both stand in it, leftwards when the order is reversed."""
    y1, y2 = source.y + BOX_HEIGHT // 2, target.y + BOX_HEIGHT // 2
    if source.x == target.x:
        edge = source.x + BOX_WIDTH
        return f"M{edge},{y1} C{edge + 40},{y1} {edge + 40},{y2} {edge + 4},{y2}"
    if source.x < target.x:
        x1, x2 = source.x + BOX_WIDTH, target.x - 4
    else:
        x1, x2 = source.x, target.x + BOX_WIDTH + 4
    bend = (x1 + x2) // 2
    return f"M{x1},{y1} C{bend},{y1} {bend},{y2} {x2},{y2}"


def _path_to_league(source: Box, target: Box, at: int) -> str:
    """Down the free space left of the column, along above the League branches, and in from the top. Each has its own lane."""
    y, lane = source.y + BOX_HEIGHT // 2, source.x - 10 - 6 * (at % 5)
    floor = target.y - 14 - 6 * (at % 4)
    into = target.x + 24 + 8 * (at % 5)
    return f"M{source.x},{y} H{lane} V{floor} H{into} V{target.y - 4}"


def fit(text: str, units: int) -> str:
    """The text cut to a width: a Chinese character counts two, a Latin one one."""
    used = 0
    for at, sign in enumerate(text):
        used += _units(sign)
        if used > units:
            return text[: max(at - 1, 1)] + "…"
    return text


def _units(sign: str) -> int:
    return 2 if east_asian_width(sign) in "WF" else 1


def text_width(text: str) -> int:
    """About how wide small text is, in the units of the picture."""
    return sum(map(_units, text)) * 13 // 2
