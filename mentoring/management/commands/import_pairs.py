from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from mentoring.importing.service import PairsReport, import_pairs


class Command(BaseCommand):
    help = "Imports existing mentoring links (.xlsx, .xls, .csv), all or nothing. Links of tier 1 wait for the mentee's yes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="check and show, write nothing")
        parser.add_argument(
            "--skip-refused", action="store_true", help="apply the good rows of a file with refused ones"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", returncode=2) from error
        with translation.override("zh-hans"):
            report = import_pairs(
                name=path.name, data=data, scope=None, dry_run=options["dry_run"], skip_refused=options["skip_refused"],
                today=timezone.localdate(), now=timezone.now(),
            )  # fmt: skip
            if options["json"]:
                self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
            else:
                self._tell(report)
        if report.is_refused:
            sys.exit(1)

    def _tell(self, report: PairsReport) -> None:
        self.stdout.write(report.name)
        if report.refusal:
            self.stdout.write("  " + report.refusal)
            return
        counts = _("new %(created)d, changed %(updated)d, unchanged %(unchanged)d, refused %(refused)d") % report.counts
        lines = [counts]
        if report.never_stored:
            lines.append(_("never stored: %(names)s") % {"names": "、".join(report.never_stored)})
        if report.ignored_columns:
            lines.append(_("ignored columns: %(names)s") % {"names": "、".join(report.ignored_columns)})
        for name in report.unknown_sheets:
            lines.append(_("sheet “%(name)s” is no list of links and was left out") % {"name": name})
        said = [(row.source, row.message) for row in report.plan.refused] + report.plan.notes
        for source, message in said:
            lines.append(
                _("%(sheet)s, row %(row)d: %(message)s")
                % {"sheet": source.sheet, "row": source.row, "message": message}
            )
        lines.append(_("applied") if report.applied else _("nothing was written"))
        for line in lines:
            self.stdout.write("  " + line)
