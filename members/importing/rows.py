"""From a row to a draft: every cell parsed, every problem collected. No query; of the models only how long a text may be.

`columns` reads the rows that have no problem by the same rules, column by column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Model
from django.utils.translation import gettext as _

from branches.models import Department, PartyBranch, Programme, SchoolClass
from pairing_portal.common.spreadsheets import Cell, CellProblem, Row, Table
from pairing_portal.common.spreadsheets import values as parse

from ..models import Person
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
# Of what is not stored as it stands.
TEXT_LENGTH = 80
STAGE_ORDER = [Stage.APPLICANT, Stage.ACTIVIST, Stage.CANDIDATE, Stage.PROBATIONARY, Stage.FULL]
STAGE_FIELD = {
    Stage.APPLICANT: "applied_on", Stage.ACTIVIST: "activist_on", Stage.CANDIDATE: "candidate_on",
    Stage.PROBATIONARY: "admitted_on", Stage.FULL: "converted_on",
}  # fmt: skip
TOO_EARLY, CONTRADICTION = "too early", "contradiction"
# What `studies_of` tells.
STUDIES = ("programme", "enrolment_year", "graduates_on")
STATED_BY = {
    "programme": ("programme", "years"),
    "enrolment_year": ("enrolment_year",),
    "graduates_on": ("graduates_on",),
}
PROGRAMME_IN_CLASS = (("专升本", Programme.UPGRADE), ("专科", Programme.DIPLOMA), ("本科", Programme.BACHELOR))
POST_SEPARATORS = re.compile(r"[、,,;;/兼\s]+")


def limit_of(model: type[Model], field: str = "name") -> int:
    """How many characters this field of a model holds."""
    limit: int = model._meta.get_field(field).max_length  # type: ignore[union-attr, assignment]  # a text with a limit
    return limit


NAME_LENGTH, NUMBER_LENGTH = limit_of(Person), limit_of(Person, "number")


def text_up_to(limit: int) -> Callable[[Cell], str | None]:
    """A parser of texts that refuses longer ones."""

    def text_of(value: Cell) -> str | None:
        text = parse.to_text(value)
        if text is None or parse.is_blank(value):
            return None
        if len(text) > limit:
            raise TextTooLong("too-long", text=text[:20], limit=limit)
        return text

    return text_of


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
    "major": text_up_to(limit_of(Person, "major")),
    "school_class": text_up_to(limit_of(SchoolClass)),
    "enrolment_year": _year,
    "graduates_on": _graduation,
    "department": text_up_to(limit_of(Department)),
    "branch": text_up_to(limit_of(PartyBranch)),
    "status": parse.to_choice(STATUS_WORDS),
    "post": text_up_to(TEXT_LENGTH),
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

    def source(self, row: Row) -> Source:
        return Source(self.file, self.table.sheet.name, row.number)

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

    def _problem(self, draft: PersonDraft, key: str, message: str, *, only_if_new: bool = False) -> None:
        heading = self.table.headings.get(key, "")
        words = f"{heading}:{message}" if heading else message
        draft.problems.append(RowProblem(heading, words, key, only_if_new))

    def guessed(self, row: Row) -> frozenset[str]:
        """Which of STUDIES the row does not state itself."""
        return frozenset(
            name for name in STUDIES if all(parse.is_blank(self.table.cell(row, key)) for key in STATED_BY[name])
        )

    def draft(self, row: Row) -> PersonDraft:
        """One row with its values and all objections to it."""
        draft = PersonDraft(self.source(row), headings=self.table.headings, guessed=self.guessed(row))
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
        studies = studies_of(
            programme, school_class, stated_year, draft.number, lambda: self._cell(draft, row, "graduates_on")
        )
        for key, value in zip(STUDIES, studies, strict=True):
            if value:
                values[key] = value

    def _place(self, draft: PersonDraft, row: Row) -> None:
        values = draft.values
        branch = self.branch_of(self._cell(draft, row, "branch"))
        if branch:
            values["party_branch"] = branch
        elif self.is_party_roster:
            # Classmates known by their class stand in a register without one.
            self._problem(draft, "branch", _("The Party branch is missing in this row."), only_if_new=True)
        values["department"] = self.department_of(branch, self._cell(draft, row, "department"))

    def branch_of(self, stated: str | None) -> str:
        """The full name of the Party branch of a row, "" for none."""
        branch = stated or (self.fallback_branch if self.is_party_roster else "")
        return self.resolve_branch(branch.replace(" ", "")) if branch else ""

    def department_of(self, branch: str, stated: str | None) -> str:
        return stated or department_of(branch) or self.default_department

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
        if any(not problem.only_if_new for problem in draft.problems):
            return
        if status == Stage.FULL and "converted_on" not in draft.values and "converted_on" not in self.table.columns:
            self._assume_conversion(draft)
        stage = derive_stage(draft.values, is_league_member=False, today=self.today)
        word = str(parse.to_text(self.table.cell(row, "status")))
        objection = self.objection_to(status, stage)
        if objection == TOO_EARLY:
            self._problem(
                draft, "status",
                _("It says %(status)s, but “%(column)s” is blank or lies in the future. Fill the date in or correct the status.")
                % {"status": word, "column": self.table.headings[STAGE_FIELD[status]]},
            )  # fmt: skip
        elif objection == CONTRADICTION:
            self._contradiction(draft, word, stage)

    def objection_to(self, status: Stage, stage: Stage) -> str:
        """What is wrong between the written status and the stage the dates make; "" when they agree."""
        rank = STAGE_ORDER.index(stage) if stage in STAGE_ORDER else -1
        if status not in STAGE_ORDER:
            return CONTRADICTION if rank >= STAGE_ORDER.index(Stage.PROBATIONARY) else ""
        wanted = STAGE_ORDER.index(status)
        if rank < wanted:
            return TOO_EARLY if STAGE_FIELD[status] in self.table.columns else ""
        return CONTRADICTION if rank > wanted else ""

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
        elif applied_on is not None and applied_on < eighteenth_birthday(born_on):
            draft.notes.append(_("Under 18 on the day of application (R01). Please check."))


def eighteenth_birthday(born_on: date) -> date:
    return born_on + relativedelta(years=18)


def studies_of(
    programme: str | None, school_class: str | None, stated_year: int | None, number: str,
    stated_graduation: Callable[[], date | None],
) -> tuple[str | None, int | None, date | None]:  # fmt: skip
    """Programme, enrolment year and graduation (see STUDIES), as far as a row tells them.

    Of `number` only the first four characters are looked at. `stated_graduation` is asked only of students.
    """
    if not programme and school_class:
        programme = next((found for word, found in PROGRAMME_IN_CLASS if word in school_class), None)
    if not programme and not school_class and not stated_year and number[:1].isalpha():
        programme = Programme.STAFF
    if not programme or programme == Programme.STAFF:
        return str(programme) if programme else None, None, None
    year = stated_year or _year_of_number(number) or year_of_class(school_class)
    graduates_on = stated_graduation()
    if graduates_on is None and year:
        graduates_on = date(year + PROGRAMME_YEARS[Programme(programme)], 6, 30)
    return str(programme), year, graduates_on


def _year_of_number(number: str) -> int | None:
    return int(number[:4]) if number[:4].isdigit() and 1980 <= int(number[:4]) <= 2100 else None


def year_of_class(school_class: str | None) -> int | None:
    match = CLASS_YEAR.match(school_class or "")
    return 2000 + int(match[1]) if match else None


def department_of(branch: str) -> str:
    """机械系党总支第二党支部 → 机械系; "" when the name does not say."""
    match = DEPARTMENT.match(branch)
    return match[1] if match else ""
