"""From a table to drafts: every cell parsed, every problem of a row collected. Pure but for the words of messages.

Twenty thousand rows repeat few values, so parsing goes through one dictionary a column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext as _

from branches.models import Programme
from pairing_portal.common.spreadsheets import Cell, CellProblem, Row, Table
from pairing_portal.common.spreadsheets import values as parse

from ..stages import Stage, date_order_faults, derive_stage
from .drafts import PersonDraft, RowProblem, Source
from .refusals import RosterRefused, TextTooLong
from .vocabulary import (
    DATE_KEYS,
    PARTY_KEYS,
    POST_WORDS,
    PROGRAMME_WORDS,
    PROGRAMME_YEARS,
    STATUS_WORDS,
    YEARS_WORDS,
)

BRANCH_IN_TITLE = re.compile(r"([\u4e00-\u9fff0-9A-Za-z]{1,40}?党支部)")
DEPARTMENT = re.compile(r"^([\u4e00-\u9fff]{1,20}?)党总支")
DEPARTMENT_IN_NAME = re.compile(r"([\u4e00-\u9fff]{1,15}?(?:系|学院))")
CLASS_YEAR = re.compile(r"^(\d{2})(?!\d)")
NAME_LENGTH, TEXT_LENGTH, NUMBER_LENGTH = 50, 80, 20
STAGE_ORDER = [Stage.APPLICANT, Stage.ACTIVIST, Stage.CANDIDATE, Stage.PROBATIONARY, Stage.FULL]
STAGE_FIELD = {
    Stage.APPLICANT: "applied_on", Stage.ACTIVIST: "activist_on", Stage.CANDIDATE: "candidate_on",
    Stage.PROBATIONARY: "admitted_on", Stage.FULL: "converted_on",
}  # fmt: skip
POST_SEPARATORS = re.compile(r"[、,,;;/兼\s]+")


def _text(value: Cell) -> str | None:
    text = parse.to_text(value)
    if text is not None and (parse.is_blank(value) or not text):
        return None
    if text is not None and len(text) > TEXT_LENGTH:
        raise TextTooLong("too-long", text=text[:20], limit=TEXT_LENGTH)
    return text


def _year(value: Cell) -> int | None:
    if isinstance(value, date):
        return value.year
    text = parse.to_text(value)
    if text is not None:
        match = re.match(r"^(\d{4})(?!\d)", text.replace(".0", "") if text.endswith(".0") else text)
        if match:
            value = match[1]
    return parse.to_int(value, low=1950, high=2100)


def _graduation(value: Cell) -> date | None:
    return parse.to_date(value, month_ok=True)


PARSERS: dict[str, Callable[[Cell], Any]] = {
    "number": parse.to_number_text,
    "sex": parse.to_sex,
    "ethnicity": parse.to_ethnicity,
    "born_on": parse.to_date,
    "phone": parse.to_phone,
    "programme": parse.to_choice(PROGRAMME_WORDS),
    "years": parse.to_choice(YEARS_WORDS),
    "major": _text,
    "school_class": _text,
    "enrolment_year": _year,
    "graduates_on": _graduation,
    "department": _text,
    "branch": _text,
    "status": parse.to_choice(STATUS_WORDS),
    "post": _text,
    "away_from": parse.to_date,
    "away_to": parse.to_date,
    **dict.fromkeys(DATE_KEYS, parse.to_date),
}


class PeopleReader:
    """Reads one table of people. `default_branch` and `default_department` fill what neither columns nor title say."""

    def __init__(
        self, table: Table, *, file: str, default_branch: str, default_department: str, today: date,
        resolve_branch: Callable[[str], str],
    ) -> None:  # fmt: skip
        self.table, self.file, self.today = table, file, today
        self.default_department = default_department
        self.resolve_branch = resolve_branch
        self.is_party_roster = not PARTY_KEYS.isdisjoint(table.columns)
        title_branch = BRANCH_IN_TITLE.search(table.title.replace(" ", "")) if table.title else None
        self.fallback_branch = title_branch[1] if title_branch else default_branch
        self.caches: dict[str, dict[Any, Any]] = {key: {} for key in table.columns}
        if self.is_party_roster and "branch" not in table.columns and not self.fallback_branch:
            raise RosterRefused("branch-unknown", sheet=table.sheet.name)

    def drafts(self) -> list[PersonDraft]:
        return [self._draft(row) for row in self.table.rows]

    def _cell(self, draft: PersonDraft, row: Row, key: str) -> Any:
        index = self.table.columns.get(key)
        if index is None or index >= len(row.cells):
            return None
        raw = row.cells[index]
        if raw is None or raw == "":
            return None
        cache = self.caches[key]
        known = raw if not isinstance(raw, bool) else (bool, raw)
        if known not in cache:
            try:
                cache[known] = PARSERS[key](raw)
            except CellProblem as problem:
                cache[known] = problem
        value = cache[known]
        if isinstance(value, CellProblem):
            draft.problems.append(
                RowProblem(self.table.headings[key], f"{self.table.headings[key]}:{value.message}", key)
            )
            return None
        return value

    def _problem(self, draft: PersonDraft, key: str, message: str) -> None:
        heading = self.table.headings.get(key, "")
        draft.problems.append(RowProblem(heading, f"{heading}:{message}" if heading else message, key))

    def _draft(self, row: Row) -> PersonDraft:
        draft = PersonDraft(Source(self.file, self.table.sheet.name, row.number), headings=self.table.headings)
        values = draft.values
        draft.number = self._cell(draft, row, "number") or ""
        self._name(draft, row)
        for key in ("sex", "ethnicity", "born_on", "phone", "major", *DATE_KEYS):
            if key in self.table.columns:
                value = self._cell(draft, row, key)
                if value is not None:
                    values[key] = value
        if not draft.number and not any(problem.key == "number" for problem in draft.problems):
            self._problem(draft, "number", _("The number is missing. Every row needs one."))
        elif len(draft.number) > NUMBER_LENGTH:
            self._problem(
                draft, "number", _("The number is longer than %(limit)d characters.") % {"limit": NUMBER_LENGTH}
            )
        self._studies(draft, row)
        self._place(draft, row)
        self._check_order(draft)
        self._status(draft, row)
        self._post(draft, row)
        self._absence(draft, row)
        self._age(draft)
        return draft

    def _name(self, draft: PersonDraft, row: Row) -> None:
        try:
            name, had_controls = parse.to_name(self.table.cell(row, "name"))
        except CellProblem as problem:
            self._problem(draft, "name", problem.message)
            return
        if not name:
            self._problem(draft, "name", _("The name is missing."))
        elif len(name) > NAME_LENGTH:
            self._problem(draft, "name", _("The name is longer than %(limit)d characters.") % {"limit": NAME_LENGTH})
        else:
            draft.values["name"] = name
            if had_controls:
                draft.notes.append(_("Invisible characters were removed from the name."))

    def _studies(self, draft: PersonDraft, row: Row) -> None:
        values = draft.values
        school_class = self._cell(draft, row, "school_class")
        if school_class:
            values["school_class"] = school_class.replace(" ", "")
        programme = self._cell(draft, row, "programme") or self._cell(draft, row, "years")
        stated_year = self._cell(draft, row, "enrolment_year")
        if not programme and school_class:
            programme = next(
                (
                    found
                    for word, found in (
                        ("专升本", Programme.UPGRADE),
                        ("专科", Programme.DIPLOMA),
                        ("本科", Programme.BACHELOR),
                    )
                    if word in school_class
                ),
                None,
            )
        if not programme and not school_class and not stated_year and draft.number[:1].isalpha():
            programme = Programme.STAFF
        if not programme:
            return
        values["programme"] = str(programme)
        if programme == Programme.STAFF:
            return
        year = stated_year or _year_of_number(draft.number) or _year_of_class(school_class)
        if year:
            values["enrolment_year"] = year
        graduates_on = self._cell(draft, row, "graduates_on")
        if graduates_on is None and year:
            graduates_on = date(year + PROGRAMME_YEARS[Programme(programme)], 6, 30)
        if graduates_on is not None:
            values["graduates_on"] = graduates_on

    def _place(self, draft: PersonDraft, row: Row) -> None:
        values = draft.values
        branch = self._cell(draft, row, "branch") or (self.fallback_branch if self.is_party_roster else "")
        if branch:
            values["party_branch"] = self.resolve_branch(branch.replace(" ", ""))
        elif self.is_party_roster:
            self._problem(draft, "branch", _("The Party branch is missing in this row."))
        department = self._cell(draft, row, "department") or department_of(values.get("party_branch", ""))
        values["department"] = department or self.default_department

    def _check_order(self, draft: PersonDraft) -> None:
        for later, earlier in date_order_faults(draft.values):
            self._problem(
                draft,
                later,
                _("%(later)s lies before %(earlier_name)s (%(earlier)s). Check both dates.")
                % {
                    "later": draft.values[later],
                    "earlier": draft.values[earlier],
                    "earlier_name": self.table.headings.get(earlier, earlier),
                },
            )

    def _status(self, draft: PersonDraft, row: Row) -> None:
        status = self._cell(draft, row, "status")
        if status is None:
            return
        if status in (Stage.LEAGUE_MEMBER, Stage.NON_MEMBER):
            draft.values["is_league_member"] = status == Stage.LEAGUE_MEMBER
        if draft.problems:
            return
        if status == Stage.FULL and "converted_on" not in draft.values and "converted_on" not in self.table.columns:
            self._assume_conversion(draft)
        stage = derive_stage(draft.values, is_league_member=False, today=self.today)
        rank = STAGE_ORDER.index(stage) if stage in STAGE_ORDER else -1
        word = str(parse.to_text(self.table.cell(row, "status")))
        if status in STAGE_ORDER:
            wanted = STAGE_ORDER.index(status)
            if rank < wanted and STAGE_FIELD[status] in self.table.columns:
                self._problem(
                    draft, "status",
                    _("It says %(status)s, but “%(column)s” is blank or lies in the future. Fill the date in or correct the status.")
                    % {"status": word, "column": self.table.headings[STAGE_FIELD[status]]},
                )  # fmt: skip
            elif rank > wanted:
                self._contradiction(draft, word, stage)
        elif rank >= STAGE_ORDER.index(Stage.PROBATIONARY):
            self._contradiction(draft, word, stage)

    def _contradiction(self, draft: PersonDraft, word: str, stage: Stage) -> None:
        self._problem(
            draft,
            "status",
            _("It says %(status)s, but the date under “%(column)s” makes the person a %(stage)s. Correct one of them.")
            % {"status": word, "column": self.table.headings.get(STAGE_FIELD[stage], ""), "stage": stage.label},
        )

    def _assume_conversion(self, draft: PersonDraft) -> None:
        admitted_on = draft.values.get("admitted_on")
        if admitted_on is not None and admitted_on + relativedelta(years=1) <= self.today:
            draft.values["converted_on"] = admitted_on + relativedelta(years=1)
            draft.notes.append(
                _("The file has no date of full membership; %(date)s, a year after admission, was taken.")
                % {"date": draft.values["converted_on"]}
            )

    def _post(self, draft: PersonDraft, row: Row) -> None:
        words = self._cell(draft, row, "post")
        if not words:
            return
        for word in POST_SEPARATORS.split(words):
            if word in POST_WORDS:
                draft.posts.append(POST_WORDS[word])
            elif word:
                draft.notes.append(
                    _("“%(word)s” is not a post of a branch committee and was left out.") % {"word": word}
                )

    def _absence(self, draft: PersonDraft, row: Row) -> None:
        first, last = self._cell(draft, row, "away_from"), self._cell(draft, row, "away_to")
        if first is None and last is None:
            return
        if first is None:
            self._problem(draft, "away_to", _("The internship has an end and no beginning."))
        elif last is not None and last < first:
            self._problem(
                draft,
                "away_to",
                _("The internship ends (%(last)s) before it begins (%(first)s).") % {"first": first, "last": last},
            )
        else:
            draft.absence = (first, last)

    def _age(self, draft: PersonDraft) -> None:
        born_on, applied_on = draft.values.get("born_on"), draft.values.get("applied_on")
        if born_on is None:
            return
        if born_on >= self.today:
            self._problem(draft, "born_on", _("The date of birth lies in the future."))
        elif applied_on is not None and applied_on < born_on + relativedelta(years=18):
            draft.notes.append(_("Under 18 on the day of application (R01). Please check."))


def _year_of_number(number: str) -> int | None:
    return int(number[:4]) if number[:4].isdigit() and 1980 <= int(number[:4]) <= 2100 else None


def _year_of_class(school_class: str | None) -> int | None:
    match = CLASS_YEAR.match(school_class or "")
    return 2000 + int(match[1]) if match else None


def department_of(branch: str) -> str:
    """机械系党总支第二党支部 → 机械系; "" when the name does not say."""
    match = DEPARTMENT.match(branch)
    return match[1] if match else ""
