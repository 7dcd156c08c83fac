"""The chart of who is on campus: months across, branches down, stand-ins as bars. Pure but for the words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from branches.models import PartyBranch

from .continuity import Forecast, MonthForecast, remedies
from .cover_words import gap_words, month_span, remedy_words
from .models import Cover

SHADES = 4


@dataclass(frozen=True)
class Cell:
    """A branch in a month. `shade` is 0 to 4, by how many of its full members are there; `less` compares with what is known."""

    forecast: MonthForecast
    shade: int
    less: int
    is_new_gap: bool
    title: str


@dataclass(frozen=True)
class Bar:
    """An agreed stand-in; the columns before, under and after it."""

    cover: Cover
    before: int
    span: int
    after: int


@dataclass(frozen=True)
class GapRun:
    """Months without a quorum that follow each other and have the same ways out."""

    months: str
    words: str
    remedies: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    branch: PartyBranch
    cells: tuple[Cell, ...]
    bars: tuple[Bar, ...]
    gaps: tuple[GapRun, ...]


@dataclass(frozen=True)
class Year:
    """The heading over the months of one year."""

    number: int
    months: int


def chart_rows(
    branches: Iterable[PartyBranch],
    *,
    forecasts: Mapping[int, Forecast],
    known: Mapping[int, Forecast],
    covers: Mapping[int, Sequence[Cover]],
    today: date,
) -> list[Row]:
    """A row a branch. `forecasts` are shown, `known` is without what is being tried; `covers` by partner branch."""
    return [
        Row(
            branch,
            tuple(map(_cell, forecasts[branch.pk].months, known[branch.pk].months)),
            tuple(_bars(covers.get(branch.pk, ()), [month.month for month in forecasts[branch.pk].months])),
            tuple(gap_runs(forecasts[branch.pk].months, today=today)),
        )
        for branch in branches
    ]


def year_headings(months: Sequence[date]) -> list[Year]:
    return [Year(year, len(list(group))) for year, group in groupby(months, key=lambda month: month.year)]


def gap_runs(months: Sequence[MonthForecast], *, today: date) -> list[GapRun]:
    told = [
        (month, gap_words(month), tuple(remedy_words(month, remedies(month, months, today=today)))) for month in months
    ]
    runs = []
    for (words, ways), group in groupby(told, key=lambda one: one[1:]):
        members = list(group)
        if words:
            runs.append(GapRun(month_span(members[0][0].month, members[-1][0].month), words, ways))
    return runs


def _cell(month: MonthForecast, known: MonthForecast) -> Cell:
    here, everybody = month.full_on_campus, month.full_members
    return Cell(
        forecast=month,
        shade=-(-SHADES * here // everybody) if everybody else 0,
        less=known.full_on_campus - here,
        is_new_gap=month.gap and not known.gap,
        title=_("%(month)s: %(here)d of %(all)d full members on campus, %(members)d of %(everybody)d members")
        % {
            "month": date_format(month.month, "YEAR_MONTH_FORMAT"),
            "here": here,
            "all": everybody,
            "members": month.on_campus,
            "everybody": month.members,
        },
    )


def _bars(covers: Iterable[Cover], months: Sequence[date]) -> Iterable[Bar]:
    for cover in covers:
        under = [index for index, month in enumerate(months) if _touches(cover, month)]
        if under:
            yield Bar(cover, under[0], len(under), len(months) - under[-1] - 1)


def _touches(cover: Cover, month: date) -> bool:
    return (
        (cover.from_on.year, cover.from_on.month) <= (month.year, month.month) <= (cover.to_on.year, cover.to_on.month)
    )
