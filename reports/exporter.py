"""A report is ten lines: a class that names its columns, scope and rows; the base writes the file.

    @register_report
    class PairingLedger(Report):
        name = "pairings"
        ...

Titles, headings and rows are Chinese whatever the page's language: the workbook goes to an office.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairing_portal.common.registries import Registry
from pairing_portal.common.scope import EVERYBODY_ROLES, Role, Scope
from pairing_portal.common.spreadsheets import Column, SheetSpec, write_csv, write_xlsx

from .parameters import LONGEST, Parameter, read_parameter

Watch = Callable[[Iterable[Sequence[Any]]], Iterable[Sequence[Any]]]

# Subjects of the shelf in their order; every report names one, or its module does for all of its own.
SUBJECTS: Final[dict[str, Any]] = {
    "people": gettext_lazy("People and development"),
    "pairings": gettext_lazy("Branch pairing"),
    "mentoring": gettext_lazy("Tiered mentoring"),
    "activities": gettext_lazy("Activities"),
    "lectures": gettext_lazy("Theory lectures"),
    "evaluations": gettext_lazy("Evaluation"),
    "supervision": gettext_lazy("Supervision and statistics"),
}


@dataclass(frozen=True)
class ReportRequest:
    """Who asks for what, when and why; written on the notes sheet."""

    scope: Scope
    today: date
    made_at: datetime
    made_by: str
    purpose: str = ""
    parameters: dict[str, str] | None = None

    def parameter(self, name: str) -> str:
        return (self.parameters or {}).get(name, "")


class Report(ABC):
    """Base of every report. Subclasses give `name`, `title`, `description`, `subject`, `columns()` and `rows()`."""

    name: ClassVar[str]
    title: ClassVar[Any]
    description: ClassVar[Any]
    roles: ClassVar[frozenset[Role]] = EVERYBODY_ROLES
    # A key of SUBJECTS.
    subject: ClassVar[str]
    # (name, label), (name, label, kind) or (name, label, choices) a user may give, see `read_parameter`; every report runs without any.
    parameters: ClassVar[Sequence[Sequence[Any]]] = ()

    def check(self, request: ReportRequest) -> None:  # noqa: B027  # most reports take no parameter
        """Raise `Refused` for a parameter that cannot be read; what is given is either kept or refused, never left out."""

    @abstractmethod
    def columns(self) -> list[Column]:
        """Said by each report."""

    def columns_for(self, request: ReportRequest) -> list[Column]:
        """The columns of what is asked for, where a filter chooses between forms."""
        return self.columns()

    @abstractmethod
    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        """Said by each report."""

    def definitions(self) -> list[tuple[str, str]]:
        """Lines for the notes sheet that say how figures are counted."""
        return []

    def expected_rows(self, request: ReportRequest) -> int | None:
        """How many rows there will be, for the progress bar, where one cheap query says so."""
        return None

    def sheets(self, request: ReportRequest) -> list[SheetSpec]:
        """The sheets of the workbook; a report of several gives its own, and the first is what a .csv holds."""
        return [self.sheet(request)]

    def sheet(self, request: ReportRequest) -> SheetSpec:
        return SheetSpec(
            name=str(self.title)[:31],
            columns=self.columns_for(request),
            rows=self.rows(request),
            title=str(self.title),
            notes=self.notes(request),
        )

    def notes(self, request: ReportRequest) -> list[tuple[str, str]]:
        """Who made it, when, for what, from what, and how it counts: the last sheet of the workbook."""
        return [
            (_("report"), str(self.title)),
            (_("made by"), request.made_by),
            (_("made at"), timezone.localtime(request.made_at).strftime("%Y-%m-%d %H:%M")),
            (_("purpose"), request.purpose or "—"),
            (_("filter"), self.filter_in_words(request) or _("none")),
            *self.definitions(),
        ]

    def parameter_list(self) -> list[Parameter]:
        return [read_parameter(given) for given in self.parameters]

    def filter_in_words(self, request: ReportRequest) -> str:
        """What the rows are narrowed down to."""
        given = [(one, request.parameter(one.name)) for one in self.parameter_list()]
        said = [f"{one.label}: {one.in_words(value, request.scope)}" for one, value in given if value]
        return "; ".join(said)

    def accept(self, request: ReportRequest) -> None:
        """Raise `Refused` for parameters of the wrong kind, or those the report itself cannot read."""
        for one in self.parameter_list():
            if value := request.parameter(one.name):
                one.check(value, request.scope)
        self.check(request)

    def given(self, values: Any) -> dict[str, str]:
        """The parameters of this report out of a form or a command line; others are left alone."""
        return {one.name: str(values.get(one.name, "")).strip()[:LONGEST] for one in self.parameter_list()}

    def write_xlsx(self, target: Path | BinaryIO, request: ReportRequest, *, watch: Watch | None = None) -> None:
        """Write the workbook. `watch` sees every row as it is written, and may stop the writing by raising."""
        with translation.override(settings.LANGUAGE_CODE):
            sheets = [_watched(_printable(sheet), watch) for sheet in self.sheets(request)]
            if not any(sheet.notes for sheet in sheets):
                sheets[0] = replace(sheets[0], notes=self.notes(request))
            write_xlsx(target, sheets)

    def write_csv(self, target: BinaryIO, request: ReportRequest, *, watch: Watch | None = None) -> None:
        """Write the first sheet as text, without title and notes."""
        with translation.override(settings.LANGUAGE_CODE):
            write_csv(target, _watched(self.sheets(request)[0], watch))


def _printable(sheet: SheetSpec) -> SheetSpec:
    """Reports go on paper, where a text must not be cut by the next column: it goes on below."""
    columns = [replace(column, wrap=True) if column.kind == "text" else column for column in sheet.columns]
    return replace(sheet, columns=columns)


def _watched(sheet: SheetSpec, watch: Watch | None) -> SheetSpec:
    return sheet if watch is None else replace(sheet, rows=watch(sheet.rows))


reports: Registry[Report] = Registry("reports")


def register_report(report: type[Report]) -> type[Report]:
    """Put a report on the shelf: page, command and tests find it there. Raises ValueError when it stands under no subject."""
    if getattr(report, "subject", "") not in SUBJECTS:
        raise ValueError(f"{report.name}: say as `subject` where it stands, one of {', '.join(SUBJECTS)}")
    reports.register(report.name, report())
    return report


def reports_for(scope: Scope) -> list[Report]:
    return [report for report in reports if scope.has(*report.roles)]
