from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from members.importing.service import FileReport, ImportReport, import_rosters


class Command(BaseCommand):
    help = "Imports rosters, class lists and lists of League branches (.xlsx, .xls, .csv), each file all or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--branch", default="", help="the Party branch of files that name none")
        parser.add_argument("--dry-run", action="store_true", help="check and show, write nothing")
        parser.add_argument(
            "--skip-refused", action="store_true", help="apply the good rows of a file with refused ones"
        )
        parser.add_argument(
            "--faults", metavar="OUT.xlsx", help="write the first refused file back with its faults marked"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        files = []
        for name in options["files"]:
            try:
                files.append((Path(name).name, Path(name).read_bytes()))
            except OSError as error:
                raise CommandError(f"{name}: {error.strerror}", returncode=2) from error
        with translation.override("zh-hans"):
            report = import_rosters(
                files=files, scope=None, branch_default=options["branch"].strip(), dry_run=options["dry_run"],
                skip_refused=options["skip_refused"], today=timezone.localdate(), now=timezone.now(),
            )  # fmt: skip
            if options["faults"]:
                _write_faults(report, Path(options["faults"]))
            if options["json"]:
                self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
            else:
                for file in report.files:
                    self._tell(file)
        if report.is_refused:
            sys.exit(1)

    def _tell(self, file: FileReport) -> None:
        self.stdout.write(file.name)
        if file.refusal:
            self.stdout.write("  " + file.refusal)
            return
        self.stdout.write(
            "  " + _("new %(created)d, changed %(updated)d, unchanged %(unchanged)d, refused %(refused)d") % file.counts
        )
        plan = file.plan
        places = [
            *plan.new_departments,
            *(name for name, _department in plan.new_branches),
            *(name for _d, name in plan.new_classes),
        ]
        if places:
            self.stdout.write("  " + _("created with it: %(names)s") % {"names": "、".join(places)})
        if file.never_stored:
            self.stdout.write("  " + _("never stored: %(names)s") % {"names": "、".join(file.never_stored)})
        if file.ignored_columns:
            self.stdout.write("  " + _("ignored columns: %(names)s") % {"names": "、".join(file.ignored_columns)})
        for name in file.unknown_sheets:
            self.stdout.write("  " + _("sheet “%(name)s” is no roster and was left out") % {"name": name})
        for row in plan.refused:
            self.stdout.write(
                "  "
                + _("%(sheet)s, row %(row)d: %(message)s")
                % {"sheet": row.source.sheet, "row": row.source.row, "message": row.message}
            )
        self.stdout.write("  " + (_("applied") if file.applied else _("nothing was written")))


def _write_faults(report: ImportReport, target: Path) -> None:
    refused = next((file for file in report.files if file.is_refused and file.book is not None), None)
    if refused is None:
        return
    try:
        with target.open("wb") as stream:
            refused.write_faults(stream)
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror}", returncode=2) from error
