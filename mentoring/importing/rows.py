"""From a row to a draft: every cell parsed, every problem collected. No query."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext as _

from members.importing.drafts import Source
from members.importing.rows import TEXT_LENGTH, limit_of, text_up_to
from members.importing.vocabulary import STATUS_WORDS
from pairing_portal.common.spreadsheets import Cell, CellProblem, Row, Table
from pairing_portal.common.spreadsheets import values as parse

from ..models import Mentorship
from ..tiers import Tier
from .drafts import Named, PairDraft
from .vocabulary import STATE_WORDS, focus_areas, formality, to_tier

# 张三(26土木本科1班)
_NAME_AND_PLACE = re.compile(r"(.+?)\s*[((](.+)[))]")
_GOAL_LENGTH = limit_of(Mentorship, "goal")

_text = text_up_to(TEXT_LENGTH)
_PARSERS: dict[str, Callable[[Cell], Any]] = {
    "tier": to_tier,
    "mentor": lambda cell: parse.to_name(cell).text,
    "mentor_number": parse.to_number_text,
    "mentor_branch": _text,
    "mentee": lambda cell: parse.to_name(cell).text,
    "mentee_number": parse.to_number_text,
    "category": text_up_to(1_000),
    "goal": text_up_to(_GOAL_LENGTH),
    "state": parse.to_choice(STATE_WORDS),
}


def read_pairs(table: Table, *, file: str) -> list[PairDraft]:
    """The rows of one table in their order."""
    return [_RowReader(table, row, file).draft() for row in table.rows]


class _RowReader:
    def __init__(self, table: Table, row: Row, file: str) -> None:
        self.table, self.row = table, row
        self.result = PairDraft(Source(file, table.sheet.name, row.number), headings=table.headings)

    def draft(self) -> PairDraft:
        draft = self.result
        draft.tier = self._cell("tier")
        draft.mentor = _named(self._cell("mentor"), self._cell("mentor_number"))
        draft.mentor.branch = (self._cell("mentor_branch") or "").replace(" ", "")
        draft.mentor_stage = self._status()
        name = self._cell("mentee")
        if draft.tier == Tier.LEAGUE_BRANCHES:
            draft.mentee = Named(name=name or "")
        else:
            draft.mentee = _named(name, self._cell("mentee_number"))
        category, draft.goal = self._cell("category") or "", self._cell("goal") or ""
        draft.is_formal = formality(category)
        draft.focus_areas = focus_areas(f"{category} {draft.goal}")
        draft.starts_on, draft.ends_on = self._date("starts_on", is_end=False), self._date("ends_on", is_end=True)
        draft.is_over = self._cell("state") is False
        self._missing()
        return draft

    def _missing(self) -> None:
        draft = self.result
        for key, is_there, words in (
            ("tier", draft.tier is not None, _("The tier is missing. Write a number from 1 to 4, or its name.")),
            ("mentor", bool(draft.mentor), _("The mentor is missing: a number, or at least a name.")),
            ("mentee", bool(draft.mentee), _("The mentee is missing: a number, or at least a name; in tier 4 the League branch.")),
        ):  # fmt: skip
            if not is_there and not any(problem.key.startswith(key) for problem in draft.problems):
                draft.refuse(key, words)

    def _cell(self, key: str) -> Any:
        return self._parsed(key, _PARSERS[key])

    def _parsed(self, key: str, parser: Callable[[Cell], Any]) -> Any:
        try:
            return parser(self.table.cell(self.row, key))
        except CellProblem as problem:
            self.result.refuse(key, f"{self.table.headings[key]}:{problem.message}")
            return None

    def _date(self, key: str, *, is_end: bool) -> date | None:
        """A day; a month is its first day, or at the end its last."""

        def read(cell: Cell) -> date | None:
            try:
                return parse.to_date(cell, date1904=self.table.date1904)
            except CellProblem as problem:
                if problem.code != "month-only":
                    raise
            first = parse.to_date(cell, month_ok=True, date1904=self.table.date1904)
            return first + relativedelta(months=1, days=-1) if first and is_end else first

        found: date | None = self._parsed(key, read)
        return found

    def _status(self) -> str:
        """What the file says the mentor is; a word it does not know is no fault, the roster decides."""
        try:
            return parse.to_choice(STATUS_WORDS)(self.table.cell(self.row, "mentor_status")) or ""
        except CellProblem:
            return ""


def _named(name: str | None, number: str | None) -> Named:
    match = _NAME_AND_PLACE.fullmatch(name or "")
    if match is None:
        return Named(number or "", "" if parse.is_blank(name) else name or "")
    return Named(number or "", match[1], school_class=match[2].replace(" ", ""))
