"""The one door for rosters: the command and the admin's pages both come through here."""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO

from django.db import connection, transaction

from accounts.models import AuditAction, User
from accounts.services import record_audit
from branches.models import PartyBranch
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import FileRefused

from .apply import apply_plan
from .columns import ColumnReader
from .directory import Directory
from .drafts import LeagueDraft, PersonDraft, PlainRow
from .leagues import read_leagues
from .plan import Plan
from .planner import Planner
from .reading import WorkbookReading
from .refusals import RosterRefused
from .repeats import Circumstances, Repeats
from .rows import DEPARTMENT_IN_NAME, PeopleReader, department_of, limit_of
from .vocabulary import LEAGUES, VOCABULARIES

# One import at a time: the plan must hold until it is written.
IMPORT_LOCK = 731_926


@dataclass
class FileReport(WorkbookReading):
    """What one file would do, or did. A repetition is not even read."""

    refusal: str = ""
    plan: Plan = field(default_factory=Plan)
    applied: bool = False
    # The plan is not the one that was shown any more.
    is_stale: bool = False

    @property
    def is_refused(self) -> bool:
        return bool(self.refusal or self.plan.refused)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "created": len(self.plan.created),
            "updated": len(self.plan.updated),
            "unchanged": self.plan.unchanged,
            "refused": len(self.plan.refused),
        }

    def read(self) -> None:
        """Raises `RosterRefused` when no sheet is one of ours."""
        book = self.read_tables(VOCABULARIES)
        if not self.tables:
            raise RosterRefused("nothing-recognised", sheets="、".join(sheet.name for sheet in book.sheets))

    def take_over(self, earlier: dict[str, Any]) -> None:
        """What an earlier import noted, instead of reading and planning."""
        self.plan = Plan(unchanged=earlier["unchanged"])
        self.never_stored, self.ignored_columns = earlier["never_stored"], earlier["ignored_columns"]

    def write_faults(self, target: BinaryIO) -> None:
        """The user's workbook with the refused rows marked."""
        if self.book is None:
            self.read()
        self.mark_faults(target, self.plan.refused)


@dataclass
class ImportReport:
    files: list[FileReport] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        return any(file.is_refused for file in self.files)

    @property
    def applied(self) -> bool:
        return bool(self.files) and all(file.applied for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """The object `import_roster --json` prints."""
        ignored: list[str] = []
        refused: list[dict[str, Any]] = []
        for file in self.files:
            ignored += [heading for heading in (*file.never_stored, *file.ignored_columns) if heading not in ignored]
            if file.refusal:
                refused.append({"file": file.name, "sheet": "", "row": 0, "column": "", "message": file.refusal})
            refused += [
                {
                    "file": row.source.file,
                    "sheet": row.source.sheet,
                    "row": row.source.row,
                    "column": row.column,
                    "message": row.message,
                }
                for row in file.plan.refused
            ]
        return {
            "files": len(self.files),
            **{key: sum(file.counts[key] for file in self.files) for key in ("created", "updated", "unchanged")},
            "applied": self.applied,
            "ignored_columns": ignored,
            "refused": refused,
        }


def import_rosters(
    *,
    files: Sequence[tuple[str, bytes]],
    scope: Scope | None,
    branch_default: str = "",
    dry_run: bool,
    skip_refused: bool = False,
    today: date,
    now: datetime,
    user: User | None = None,
    fingerprints: Sequence[str] | None = None,
) -> ImportReport:
    """Read, check and (unless `dry_run`) apply rosters, each file all or nothing.

    `scope` None is the operator's command line. A refused row keeps its whole file back unless `skip_refused`. With
    `fingerprints` (one a file, from a preview) a file whose plan has changed since is kept back and marked stale.
    """
    report = ImportReport()
    for position, (name, data) in enumerate(files):
        expected = fingerprints[position] if fingerprints is not None else None
        with _collector_paused():
            file = _import_file(
                name, data, scope=scope, branch_default=branch_default, dry_run=dry_run, skip_refused=skip_refused,
                today=today, now=now, user=user, expected=expected,
            )  # fmt: skip
        report.files.append(file)
    return report


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Hundreds of thousands of rows without cycles: looking for some again and again costs a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _import_file(
    name: str, data: bytes, *, scope: Scope | None, branch_default: str, dry_run: bool, skip_refused: bool, today: date,
    now: datetime, user: User | None, expected: str | None,
) -> FileReport:  # fmt: skip
    report = FileReport(name, data=data)
    repeats = Repeats(Circumstances(hashlib.sha256(data).hexdigest(), name, branch_default, scope, today))
    earlier = repeats.earlier(now)
    try:
        if earlier is not None:
            report.take_over(earlier)
        else:
            report.read()
        if dry_run:
            if earlier is None:
                report.plan = _plan(report, Directory.load(scope), branch_default, today)
            return report
        with transaction.atomic():
            wait_for_other_imports()
            directory = None
            if earlier is None:
                repeats.begin(sum(len(table.rows) for table in report.tables))
                directory = Directory.load(scope)
                report.plan = _plan(report, directory, branch_default, today)
            if expected is not None and report.plan.fingerprint() != expected:
                report.is_stale = True
            elif skip_refused or not report.plan.refused:
                _apply(report, repeats, directory, user=user, today=today, now=now)
    except FileRefused as refusal:
        report.refusal = refusal.message
        report.plan = Plan()
    return report


def wait_for_other_imports() -> None:
    """Hold the one lock of all imports until the transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])


def _apply(
    report: FileReport, repeats: Repeats, directory: Directory | None, *, user: User | None, today: date, now: datetime
) -> None:
    """Write the plan and a line of the trail. `directory` None: nothing was planned, the file is a repetition."""
    apply_plan(report.plan, user=user, today=today, now=now)
    report.applied = True
    detail: dict[str, Any] = {"file_sha256": repeats.circumstances.sha256, **report.counts}
    note = repeats.note(report.plan, directory) if directory is not None and not report.unknown_sheets else None
    if note is not None:
        columns = {"never_stored": report.never_stored, "ignored_columns": report.ignored_columns}
        detail["repeat"] = note | columns
    record_audit(action=AuditAction.IMPORTED, user=user, now=now, object_type="roster", detail=detail)


def _plan(report: FileReport, directory: Directory, branch_default: str, today: date) -> Plan:
    scope = directory.scope
    if branch_default:
        branch_default = directory.resolve_branch(branch_default)
        if scope is not None and not directory.may_use_branch(branch_default):
            raise RosterRefused("branch-does-not-exist", branch=branch_default)
        if len(branch_default) > limit_of(PartyBranch):
            raise RosterRefused("branch-name-too-long", branch=branch_default[:20], limit=limit_of(PartyBranch))
    in_name = DEPARTMENT_IN_NAME.match(re.sub(r"[\s_\-()()]+", "", report.name.rsplit("/", 1)[-1]))
    default_department = department_of(branch_default) or (in_name[1] if in_name else "")
    if not default_department and scope is not None and len(scope.home_department_ids) == 1:
        by_id = {pk: name for name, pk in directory.departments.items()}
        default_department = by_id.get(next(iter(scope.home_department_ids)), "")
    people: list[PersonDraft | PlainRow] = []
    leagues: list[LeagueDraft] = []
    for table in report.tables:
        if table.vocabulary is LEAGUES:
            leagues += read_leagues(table, file=report.name, default_department=default_department)
        else:
            reader = PeopleReader(
                table, file=report.name, default_branch=branch_default, default_department=default_department, today=today,
                resolve_branch=directory.resolve_branch,
            )  # fmt: skip
            people += ColumnReader(reader, directory).rows()
    return Planner(directory, today=today).plan(people, leagues)
