"""The one door for lists of links: the command and the page both come through here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, BinaryIO

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditAction, User
from accounts.services import record_audit
from members.importing.reading import WorkbookReading
from members.importing.service import wait_for_other_imports
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import FileRefused

from .apply import apply_plan
from .drafts import PairDraft
from .plan import Plan
from .planner import Planner
from .reach import Reach
from .rows import read_pairs
from .vocabulary import PAIRS

MAX_ROWS = 5_000


class PairsRefused(FileRefused):
    """Raised for a file none of whose rows may be applied."""

    texts = {
        **FileRefused.texts,
        "nothing-recognised": gettext_lazy(
            "No sheet of this file is a list of mentoring links. It needs at least the headings 帮扶层级, 帮扶人 and 被帮扶对象 "
            "in one row; sheets found: %(sheets)s."
        ),
        "too-many-links": gettext_lazy("The file has more than %(limit)d links. Split it into several files."),
    }


@dataclass
class PairsReport(WorkbookReading):
    """What one file would do, or did."""

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

    def read(self) -> list[PairDraft]:
        """The rows of all tables. Raises `FileRefused` when none is ours or there are too many."""
        book = self.read_tables([PAIRS])
        if not self.tables:
            raise PairsRefused("nothing-recognised", sheets="、".join(sheet.name for sheet in book.sheets))
        if sum(len(table.rows) for table in self.tables) > MAX_ROWS:
            raise PairsRefused("too-many-links", limit=MAX_ROWS)
        return [draft for table in self.tables for draft in read_pairs(table, file=self.name)]

    def write_faults(self, target: BinaryIO) -> None:
        """The user's workbook with the refused rows marked."""
        self.mark_faults(target, self.plan.refused)

    def as_json(self) -> dict[str, Any]:
        """The object `import_pairs --json` prints; `links` are those made, or that would be."""
        refused: list[dict[str, Any]] = []
        if self.refusal:
            refused.append({"file": self.name, "sheet": "", "row": 0, "column": "", "message": self.refusal})
        refused += [
            {
                "file": row.source.file, "sheet": row.source.sheet, "row": row.source.row, "column": row.column,
                "message": row.message,
            }
            for row in self.plan.refused
        ]  # fmt: skip
        links = [
            {
                "row": link.source.row, "tier": link.tier.value, "mentor": link.mentor.number, "mentee": link.mentee_key,
            }
            for link in self.plan.created
        ]  # fmt: skip
        counts = {key: self.counts[key] for key in ("created", "updated", "unchanged")}
        ignored = [*self.never_stored, *self.ignored_columns]
        return {
            "files": 1,
            **counts,
            "applied": self.applied,
            "ignored_columns": ignored,
            "refused": refused,
            "links": links,
        }


def import_pairs(
    *, name: str, data: bytes, scope: Scope | None, dry_run: bool, skip_refused: bool = False, today: date, now: datetime,
    user: User | None = None, fingerprint: str | None = None,
) -> PairsReport:  # fmt: skip
    """Read, check and (unless `dry_run`) apply one list of links, all or nothing.

    `scope` None is the operator's command line. A refused row keeps the file back unless `skip_refused`. With `fingerprint`
    (from a preview) a file whose plan has changed since is kept back and marked stale. Applied links are known at once:
    those of tier 1 wait for the mentee's yes, the others run.
    """
    report = PairsReport(name, data=data)
    try:
        drafts = report.read()
        if dry_run:
            report.plan = Planner(Reach.load(drafts, scope, today, lock=False)).plan(drafts)
            return report
        with transaction.atomic():
            wait_for_other_imports()
            report.plan = Planner(Reach.load(drafts, scope, today, lock=True)).plan(drafts)
            if fingerprint is not None and report.plan.fingerprint() != fingerprint:
                report.is_stale = True
            elif skip_refused or not report.plan.refused:
                _apply(report, user=user, now=now)
    except FileRefused as refusal:
        report.refusal, report.plan = refusal.message, Plan()
    except IntegrityError:
        report.refusal = _("This link was made meanwhile, or does not fit what is there now. Reload the page.")
        report.plan, report.applied = Plan(), False
    return report


def _apply(report: PairsReport, *, user: User | None, now: datetime) -> None:
    """Write the plan and a line of the trail."""
    apply_plan(report.plan, user=user, now=now)
    report.applied = True
    detail = {"file_sha256": hashlib.sha256(report.data).hexdigest(), **report.counts}
    record_audit(action=AuditAction.IMPORTED, user=user, now=now, object_type="pairs", detail=detail)
