"""What a reader may ask of a report: each parameter reads its own words and refuses what it cannot read.

A report lists what it takes; the base checks them all, so that what is given is either kept or refused, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, ClassVar, Final, Generic, TypeVar

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from branches.models import AcademicYear, PartyBranch, Term, TermSeason
from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role, Scope

from ..exporter import Report, ReportRequest
from ..parameters import read_parameter

# Who reads what. An administrator sets up: rosters, pairings and calendars, never what is said of people.
OFFICES: Final = frozenset({Role.STAFF, Role.SECRETARY, Role.COMMITTEE})
OFFICES_AND_SETUP: Final = OFFICES | {Role.ADMINISTRATOR}
# Rows read at once; what else a row needs is read once for each such lot.
LOT: Final = 500

Value = TypeVar("Value")
Row = TypeVar("Row")
Choices = Iterable[tuple[Any, Any]]
EARLIEST, LATEST = 1950, 2100


@dataclass(frozen=True)
class Parameter(Generic[Value]):
    """`shape`: a kind, choices, or a function of the scope that gives choices, as the base of reports reads them.

    `convert(request, words)` gives the value of words that have that shape, or raises `Refused`.
    """

    key: str
    label: Any
    shape: Any
    convert: Callable[[ReportRequest, str], Value]

    def read(self, request: ReportRequest) -> Value | None:
        """What was asked for; None when nothing was."""
        words = request.parameter(self.key).strip()
        if not words:
            return None
        read_parameter((self.key, self.label, self.shape)).check(words, request.scope)
        return self.convert(request, words)


class ShelfReport(Report):
    """A report that says what it takes, as parameters; `columns()` and `rows()` stay its own."""

    takes: ClassVar[tuple[Parameter[Any], ...]] = ()

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.parameters = tuple((one.key, one.label, one.shape) for one in cls.takes)

    def listed(self, request: ReportRequest) -> Any:
        """The query each row of which is one row of the sheet, as the filter leaves it; None where the sheet is no such list.

        What is found out as a whole before the first row is given has none: counting it would be writing it twice.
        """
        return None

    def expected_rows(self, request: ReportRequest) -> int | None:
        rows = self.listed(request)
        return None if rows is None else int(rows.count())

    def check(self, request: ReportRequest) -> None:
        """Read every parameter; a period must not end before it begins."""
        for parameter in self.takes:
            parameter.read(request)
        if FROM in self.takes:
            period(request)


def lots(rows: Iterable[Row], size: int = LOT) -> Iterator[list[Row]]:
    """The rows in lists of at most `size`, in their order."""
    iterator = iter(rows)
    while some := list(islice(iterator, size)):
        yield some


# --- Readers -------------------------------------------------------------------------------------


def choice(key: str, label: Any, choices: Choices) -> Parameter[str]:
    """One of the values of a list of (value, label)."""
    return Parameter(key, label, [(str(value), words) for value, words in choices], lambda request, words: words)


def _sane(year: int, words: str, key: str) -> None:
    if not EARLIEST <= year <= LATEST:
        raise Refused(
            _("“%(given)s” is too far away: the years from %(first)d to %(last)d can be asked for.")
            % {"given": words, "first": EARLIEST, "last": LATEST},
            field=key,
        )


def _year(key: str, label: Any) -> Parameter[int]:
    def convert(request: ReportRequest, words: str) -> int:
        _sane(int(words), words, key)
        return int(words)

    return Parameter(key, label, "year", convert)


def _day(key: str, label: Any, *, shape: str = "date") -> Parameter[date]:
    def convert(request: ReportRequest, words: str) -> date:
        day = date.fromisoformat(words if shape == "date" else f"{words}-01")
        _sane(day.year, words, key)
        return day

    return Parameter(key, label, shape, convert)


def number(key: str, label: Any, *, least: int, most: int) -> Parameter[int]:
    """A whole number between two others."""

    def convert(request: ReportRequest, words: str) -> int:
        if not least <= int(words) <= most:
            raise Refused(
                _("“%(given)s” is not between %(least)d and %(most)d.")
                % {"given": words, "least": least, "most": most},
                field=key,
            )
        return int(words)

    return Parameter(key, label, "integer", convert)


def _read_branch(request: ReportRequest, words: str) -> PartyBranch:
    """By number or full name, among the branches whose names the scope knows."""
    branches = PartyBranch.objects.visible_to(request.scope)
    found = None
    if words.isascii() and words.isdigit() and len(words) < 10:
        found = branches.filter(pk=int(words)).first()
    elif "\x00" not in words:
        found = branches.filter(name=words).first()
    if found is None:
        raise Refused(
            _("There is no Party branch “%(given)s” among those you see. Write its full name.") % {"given": words},
            field="branch",
        )
    branch: PartyBranch = found
    return branch


def _read_term(request: ReportRequest, words: str) -> Term:
    year, _dash, season = words.partition("-")
    if len(year) == 4 and year.isascii() and year.isdigit() and season in TermSeason.values:
        terms = Term.objects.with_year().filter(academic_year__start_year=int(year), season=season)
        found: Term | None = terms.first()
        if found is not None:
            return found
    raise Refused(
        _("The calendar has no term “%(given)s”. Write the first year and the season, for example 2026-autumn.")
        % {"given": words},
        field="term",
    )


def _branches(scope: Scope) -> list[tuple[str, str]]:
    rows = PartyBranch.objects.active().visible_to(scope).order_by("department_id", "pk")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


def _terms(scope: Scope) -> list[tuple[str, str]]:
    """The calendar is no secret: also the command line, which is nobody's account, reads it."""
    rows = Term.objects.with_year().order_by("-start_monday")
    return [(f"{term.academic_year.start_year}-{term.season}", str(term)) for term in rows]


YEAR: Final = _year("year", gettext_lazy("first year of the academic year"))
CALENDAR_YEAR: Final = _year("calendar_year", gettext_lazy("calendar year"))
MONTH: Final = _day("month", gettext_lazy("month"), shape="month")
FROM: Final = _day("from", pgettext_lazy("period", "from"))
TO: Final = _day("to", pgettext_lazy("period", "to"))
TERM: Final = Parameter("term", gettext_lazy("term"), _terms, _read_term)
BRANCH: Final = Parameter("branch", gettext_lazy("Party branch"), _branches, _read_branch)


def period(request: ReportRequest) -> tuple[date | None, date | None]:
    """First and last day asked for, both included; refused when the last comes before the first."""
    first, last = FROM.read(request), TO.read(request)
    if first and last and last < first:
        raise Refused(_("The period ends before it begins. Choose a later last day."), field="to")
    return first, last


def within(request: ReportRequest, column: str) -> dict[str, date]:
    """Lookups that keep rows whose `column` lies in the period asked for."""
    first, last = period(request)
    found = {}
    if first:
        found[f"{column}__gte"] = first
    if last:
        found[f"{column}__lte"] = last
    return found


def known_year(year: int | None, request: ReportRequest) -> AcademicYear | None:
    """The academic year of that first year, or the one today lies in; None where the calendar has none."""
    years = AcademicYear.objects.all()
    found: AcademicYear | None = years.filter(start_year=year).first() if year else years.current(request.today)
    return found


def whole_branches(scope: Scope) -> Any:
    """Active Party branches of which the scope sees everybody: a figure of theirs is never a part of the truth."""
    branches = PartyBranch.objects.active().visible_to(scope)
    if scope.whole_college:
        return branches
    return branches.filter(Q(pk__in=scope.branch_ids) | Q(department_id__in=scope.department_ids))


def names(values: Sequence[Any]) -> str:
    """Names in one cell."""
    return "、".join(str(value) for value in values if value)
