"""A report is ten lines: a class that names its columns, scope and rows; the base writes the file.

    @register_report
    class PairingLedger(Report):
        name = "pairings"
        ...

Titles, headings and rows are Chinese whatever the page's language: the workbook goes to an office.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, ClassVar

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from pairing_portal.common.registries import Registry
from pairing_portal.common.scope import EVERYBODY_ROLES, Role, Scope
from pairing_portal.common.spreadsheets import Column, SheetSpec, write_csv, write_xlsx


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
    """Base of every report. Subclasses give `name`, `title`, `description`, `columns()` and `rows()`."""

    name: ClassVar[str]
    title: ClassVar[Any]
    description: ClassVar[Any]
    roles: ClassVar[frozenset[Role]] = EVERYBODY_ROLES
    # (parameter, label) pairs a user may give; every report runs without any.
    parameters: ClassVar[Sequence[tuple[str, Any]]] = ()

    def check(self, request: ReportRequest) -> None:  # noqa: B027  # most reports take no parameter
        """Raise `Refused` for a parameter that cannot be read; what is given is either kept or refused, never left out."""

    @abstractmethod
    def columns(self) -> list[Column]:
        """Said by each report."""

    @abstractmethod
    def rows(self, request: ReportRequest) -> Iterable[Sequence[Any]]:
        """Said by each report."""

    def definitions(self) -> list[tuple[str, str]]:
        """Lines for the notes sheet that say how figures are counted."""
        return []

    def notes(self, request: ReportRequest) -> list[tuple[str, str]]:
        given = "; ".join(f"{key}={value}" for key, value in (request.parameters or {}).items() if value)
        return [
            (_("report"), str(self.title)),
            (_("made by"), request.made_by),
            (_("made at"), timezone.localtime(request.made_at).strftime("%Y-%m-%d %H:%M")),
            (_("purpose"), request.purpose or "—"),
            (_("filter"), given or _("none")),
            *self.definitions(),
        ]

    def sheet(self, request: ReportRequest) -> SheetSpec:
        return SheetSpec(
            name=str(self.title)[:31],
            columns=self.columns(),
            rows=self.rows(request),
            title=str(self.title),
            notes=self.notes(request),
        )

    def write_xlsx(self, target: BinaryIO, request: ReportRequest) -> None:
        with translation.override(settings.LANGUAGE_CODE):
            write_xlsx(target, [self.sheet(request)])

    def write_csv(self, target: BinaryIO, request: ReportRequest) -> None:
        with translation.override(settings.LANGUAGE_CODE):
            write_csv(target, self.sheet(request))


reports: Registry[Report] = Registry("reports")


def register_report(report: type[Report]) -> type[Report]:
    """Put a report on the shelf: page, command and tests find it there."""
    reports.register(report.name, report())
    return report


def reports_for(scope: Scope) -> list[Report]:
    return [report for report in reports if scope.has(*report.roles)]
