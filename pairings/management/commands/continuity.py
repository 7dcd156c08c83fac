from __future__ import annotations

import json
from typing import Any
from unicodedata import east_asian_width

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from branches.models import PartyBranch
from pairings.continuity import MONTHS_AHEAD, ConversionOffCampus, MonthForecast, OffCampus
from pairings.forecast import BranchForecast, forecast_for
from pairings.presence import MONTHS_AT_MOST


class Command(BaseCommand):
    help = "Who is on campus, branch by branch and month by month, and where nobody can lawfully hold a meeting."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--branch", metavar="NAME", help="one Party branch: its name, or an end only it has")
        parser.add_argument(
            "--months", type=int, default=MONTHS_AHEAD, help="how many, the running one first (default: %(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        months = options["months"]
        if not 1 <= months <= MONTHS_AT_MOST:
            raise CommandError(f"--months must be a whole number from 1 to {MONTHS_AT_MOST}", returncode=2)
        branches = list(PartyBranch.objects.active())
        if options["branch"] is not None:
            branches = [_named(branches, options["branch"].strip())]
        found = forecast_for(branches=branches, today=timezone.localdate(), months=months)
        if options["json"]:
            self.stdout.write(json.dumps({"branches": [_entry(one) for one in found]}, ensure_ascii=False))
            return
        for one in found:
            self._tell(one)

    def _tell(self, found: BranchForecast) -> None:
        self.stdout.write(found.branch.name)
        heading = [_("month"), _("members"), _("on campus"), _("full members on campus")]
        widths = [max(_width(word), 7) for word in heading]
        self.stdout.write("  " + _line(heading, widths))
        for month in found.months:
            numbers = [f"{month.month:%Y-%m}", str(month.members), str(month.on_campus), str(month.full_on_campus)]
            self.stdout.write(("  " + _line(numbers, widths) + "  " + _remark(month)).rstrip())
        for conversion in found.conversions:
            self.stdout.write("  " + _conversion(conversion))


def _named(branches: list[PartyBranch], name: str) -> PartyBranch:
    """The branch of that name, else the one whose name ends so; `CommandError` when it is none or several."""
    exact = [branch for branch in branches if branch.name == name]
    found = exact or [branch for branch in branches if name and branch.name.endswith(name)]
    if not found:
        raise CommandError(f"--branch {name}: no active Party branch of this name", returncode=2)
    if len(found) > 1:
        names = "、".join(branch.name for branch in found)
        raise CommandError(f"--branch {name}: several Party branches end so: {names}", returncode=2)
    return found[0]


def _entry(found: BranchForecast) -> dict[str, Any]:
    return {
        "branch": found.branch.name,
        "months": [
            {
                "month": f"{month.month:%Y-%m}",
                "members": month.members,
                "on_campus": month.on_campus,
                "full_on_campus": month.full_on_campus,
                "gap": month.gap,
            }
            for month in found.months
        ],
    }


def _remark(month: MonthForecast) -> str:
    words = []
    if month.gap:
        words.append(_("gap: no full member on campus") if month.empty else _("gap: no quorum on any day"))
    if month.below_three:
        words.append(_("too few full members for a branch"))
    return " · ".join(words)


def _conversion(conversion: ConversionOffCampus) -> str:
    person, until = conversion.person, conversion.until
    if conversion.why is OffCampus.GRADUATED:
        words = _("%(on)s conversion of %(name)s (%(number)s), after graduation")
    elif until is None:
        words = _("%(on)s conversion of %(name)s (%(number)s), away until further notice")
    else:
        words = _("%(on)s conversion of %(name)s (%(number)s), away until %(until)s")
    return words % {"on": conversion.due_on, "name": person.name, "number": person.number, "until": until}


def _line(cells: list[str], widths: list[int]) -> str:
    return "  ".join(" " * (width - _width(cell)) + cell for cell, width in zip(cells, widths, strict=True))


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
