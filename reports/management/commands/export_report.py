from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from pairing_portal.common.problems import Refused
from pairing_portal.common.scope import Role, Scope
from reports.exporter import ReportRequest, reports

# The command line belongs to the operator, who reads the database anyway.
OPERATOR = Scope(user_id=0, roles=frozenset({Role.STAFF}), whole_college=True, college_staff=True)


class Command(BaseCommand):
    help = "Writes a report workbook."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="which report (see --list)")
        parser.add_argument("--out", help="the file to write, .xlsx or .csv")
        parser.add_argument(
            "--param", action="append", default=[], metavar="KEY=VALUE", help="a filter; may be repeated"
        )
        parser.add_argument("--list", action="store_true", help="print the reports, one a line, name first")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            for report in reports:
                self.stdout.write(f"{report.name}  {report.title}")
            return
        name, out = options["name"], options["out"]
        if not name or not out:
            raise CommandError("say which report and where: export_report NAME --out FILE (or --list)", returncode=2)
        if name not in reports:
            raise CommandError(f"there is no report {name!r}; --list names them all", returncode=2)
        target = Path(out)
        if target.suffix.lower() not in {".xlsx", ".csv"}:
            raise CommandError("--out must end in .xlsx or .csv", returncode=2)
        report = reports.get(name)
        request = ReportRequest(
            scope=OPERATOR,
            today=timezone.localdate(),
            made_at=timezone.now(),
            made_by="manage.py export_report",
            parameters=_parameters(options["param"], {one.name for one in report.parameter_list()}),
        )
        try:
            report.accept(request)
        except Refused as refusal:
            raise CommandError(refusal.text, returncode=2) from refusal
        partial = target.with_name(target.name + ".partial")
        try:
            with partial.open("wb") as stream:
                (report.write_csv if target.suffix.lower() == ".csv" else report.write_xlsx)(stream, request)
            os.replace(partial, target)
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}") from error
        finally:
            partial.unlink(missing_ok=True)
        self.stderr.write(f"{target}")


def _parameters(pairs: list[str], known: set[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or key not in known:
            raise CommandError(f"--param {pair!r}: known are {', '.join(sorted(known)) or 'none'}", returncode=2)
        found[key] = value
    return found
