from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date

from activities.lectures.board import BoardRow, QuotaContext, board_rows
from activities.quota import monday_of
from activities.words import verdict_words, week_word
from branches.models import LeagueBranch


class Command(BaseCommand):
    help = "The week's lecture quota per League branch: required, counted, not counted and why, exempt."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", help="any day of the week, as 2026-10-14 (default: today)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        try:
            on = parse_date(options["on"]) if options["on"] else today
        except ValueError:
            on = None
        if on is None:
            raise CommandError("--on must read like 2026-10-14", returncode=2)
        context = QuotaContext.load()
        monday = monday_of(on)
        rows = board_rows(
            league_branches=list(LeagueBranch.objects.active()), mondays=[monday], today=today, context=context
        )
        rules = context.rules_on(monday)
        result = {
            "week": monday.isoformat(),
            "teaching_week": context.calendar.teaching_week(monday + timedelta(days=3)),
            "quota_week": context.owed(monday) > 0,
            "branches": [_entry(row, rules.min_minutes) for row in rows],
        }
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        self.stdout.write(f"{result['week']}  {result['teaching_week'] or '-'}")
        for row in rows:
            status = row.cells[0]
            said = f"  ({status.said_why})" if status.said_why else ""
            self.stdout.write(
                f"{status.counted}/{status.required}  {week_word(status)}  {row.league_branch.name}{said}"
            )


def _entry(row: BoardRow, min_minutes: int) -> dict[str, Any]:
    status = row.cells[0]
    return {
        "league_branch": row.league_branch.name,
        "required": status.required,
        "counted": status.counted,
        "lectures": [
            {
                "on": verdict.fact.on.isoformat(),
                "minutes": verdict.fact.minutes,
                "counts": verdict.counts,
                "why": verdict_words(verdict, min_minutes),
            }
            for verdict in status.verdicts
        ],
        "state": status.state.value,
    }
