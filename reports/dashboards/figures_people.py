"""Figures about people and their links as they are today: pairing coverage, mentoring health, the way into the Party."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from members.models import Person
from members.stages import DEVELOPING_STAGES, MEMBER_STAGES, Stage
from mentoring.health import TONES, LinkHealth, health_of_links
from mentoring.health_page import COUNTED
from mentoring.models import Mentorship
from pairings.models import MemberPairing

from .base import ALL, Axes, Axis, FigureSource, Rows, ShownRow, Values, number, state_axis
from .selection import Selection, Unit

PAIRED: Final = "paired"
UNPAIRED: Final = "unpaired"
PEOPLE: Final = "people"
STAGES: Final = (*DEVELOPING_STAGES, *MEMBER_STAGES)


def _unit_axis(selection: Selection) -> list[Axis]:
    return [Axis(unit.key, unit.label) for unit in selection.units]


def _branch_ids(selection: Selection, line: str) -> list[int]:
    """The branches of one unit, or all."""
    if line == ALL:
        return selection.ids
    return [pk for unit in selection.units if unit.key == line for pk in unit.branch_ids]


def _unit_of(units: Sequence[Unit]) -> dict[int, str]:
    return {pk: unit.key for unit in units for pk in unit.branch_ids}


def people_rows(people: Any) -> Rows:
    """People, each one."""
    rows = people.select_related("party_branch").order_by("party_branch_id", "name", "pk")
    return Rows(rows, _show_people, lambda: people.count())


def _show_people(page: Sequence[Person]) -> list[ShownRow]:
    return [
        ShownRow(row.name, f"{row.party_branch.short_name if row.party_branch else ''} · {row.get_stage_display()}", reverse("person", args=[row.pk]))
        for row in page
    ]  # fmt: skip


# --- Pairing coverage ---------------------------------------------------------------------------


def _members(branch_ids: Sequence[int]) -> Any:
    """Members of the branches, with `is_paired`: whether they have a published pair that runs."""
    pairs = MemberPairing.objects.open().filter(Q(helper_id=OuterRef("pk")) | Q(partner_id=OuterRef("pk")))
    return Person.objects.members().filter(party_branch_id__in=branch_ids).annotate(is_paired=Exists(pairs))


def _pairing_axes(selection: Selection) -> Axes:
    columns = [state_axis(PAIRED, _("with a pair"), "ok"), state_axis(UNPAIRED, _("without a pair"), "exempt")]
    return Axes(_unit_axis(selection), columns)


def _pairing_values(selection: Selection, axes: Axes) -> Values:
    unit_of, found = _unit_of(selection.units), Counter[tuple[str, str]]()
    counts = _members(selection.ids).order_by().values_list("party_branch_id", "is_paired").annotate(n=Count("pk"))
    for branch_id, is_paired, count in counts:
        found[unit_of[branch_id], PAIRED if is_paired else UNPAIRED] += count
    return found


def _pairing_rows(selection: Selection, line: str, column: str) -> Rows:
    people = _members(_branch_ids(selection, line))
    return people_rows(people.filter(is_paired=column == PAIRED) if column else people)


PAIRING: Final = FigureSource(
    "pairings",
    gettext_lazy("Pairing coverage"),
    gettext_lazy("Probationary and full members who have a published pair today. The period changes nothing here."),
    "stacked",
    gettext_lazy("unit"),
    pgettext_lazy("counted in", "people"),
    gettext_lazy("The branches have no probationary or full members yet. Once members are in the roster, pair them with those of the other branch."),
    _pairing_axes,
    _pairing_values,
    _pairing_rows,
    number,
    see_also="pairings",
)  # fmt: skip


# --- Mentoring health ---------------------------------------------------------------------------


def _health_axes(selection: Selection) -> Axes:
    return Axes(_unit_axis(selection), [state_axis(str(state), str(state.label), TONES[state]) for state in COUNTED])


def _links(branch_ids: Sequence[int], selection: Selection) -> tuple[list[Mentorship], dict[int, LinkHealth]]:
    links = list(Mentorship.objects.running().filter(party_branch_id__in=branch_ids).order_by("party_branch_id", "pk"))
    return links, health_of_links(links, selection.today)


def _health_values(selection: Selection, axes: Axes) -> Values:
    unit_of = _unit_of(selection.units)
    links, health = _links(selection.ids, selection)
    return Counter((unit_of[link.party_branch_id], str(health[link.pk].state)) for link in links)


def _health_rows(selection: Selection, line: str, column: str) -> Rows:
    links, health = _links(_branch_ids(selection, line), selection)
    found = [link for link in links if column in (ALL, str(health[link.pk].state))]

    def show(page: Sequence[Mentorship]) -> list[ShownRow]:
        ids = [link.pk for link in page]
        named = Mentorship.objects.filter(pk__in=ids).with_people().in_bulk()
        return [
            ShownRow(
                f"{named[pk].mentor.name} → {named[pk].mentee.name}",
                f"{named[pk].party_branch.short_name} · {health[pk].state.label} · {health[pk].words}",
                reverse("mentoring_link", args=[pk]),
            )
            for pk in ids
        ]

    return Rows(found, show, lambda: len(found))


HEALTH: Final = FigureSource(
    "health",
    gettext_lazy("Mentoring health"),
    gettext_lazy("Running mentoring links by their health today. The period changes nothing here."),
    "stacked",
    gettext_lazy("unit"),
    pgettext_lazy("counted in", "links"),
    gettext_lazy("No mentoring link runs. Links are drafted and published under Tiered mentoring."),
    _health_axes,
    _health_values,
    _health_rows,
    number,
    see_also="mentoring_health",
)


# --- The way into the Party -----------------------------------------------------------------------


def _stage_axes(selection: Selection) -> Axes:
    return Axes([Axis(str(stage), str(stage.label)) for stage in STAGES], [Axis(PEOPLE, _("people"))])


def _in_stages(selection: Selection, stages: Sequence[str]) -> Any:
    return Person.objects.filter(party_branch_id__in=selection.ids, stage__in=stages)


def _stage_values(selection: Selection, axes: Axes) -> Values:
    counts = _in_stages(selection, STAGES).order_by().values_list("stage").annotate(n=Count("pk"))
    return {(str(Stage(stage)), PEOPLE): count for stage, count in counts}


def _stage_rows(selection: Selection, line: str, column: str) -> Rows:
    return people_rows(_in_stages(selection, [line] if line else STAGES))


PIPELINE: Final = FigureSource(
    "pipeline",
    gettext_lazy("The way into the Party"),
    gettext_lazy("People of the branches by their stage today. The period changes nothing here."),
    "bars",
    gettext_lazy("stage"),
    pgettext_lazy("counted in", "people"),
    gettext_lazy(
        "Nobody of the branches is on the way into the Party. People come in with the roster or one by one under Members."
    ),
    _stage_axes,
    _stage_values,
    _stage_rows,
    number,
    see_also="people",
)
