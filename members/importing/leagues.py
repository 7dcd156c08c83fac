"""From a table of League branches to drafts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from pairing_portal.common.spreadsheets import CellProblem, Row, Table
from pairing_portal.common.spreadsheets import values as parse

from .drafts import LeagueDraft, PersonDraft, RowProblem, Source
from .rows import DEPARTMENT_IN_NAME, PARSERS, _text, _year_of_class
from .vocabulary import MODEL_TYPE_WORDS

LEAGUE_PARSERS = {
    "league_name": _text,
    "department": _text,
    "school_class": _text,
    "enrolment_year": PARSERS["enrolment_year"],
    "member_count": lambda value: parse.to_int(value, low=0, high=2000),
    "secretary_number": parse.to_number_text,
    "model_type": parse.to_choice(MODEL_TYPE_WORDS),
    "branch": _text,
}


def read_leagues(table: Table, *, file: str, default_department: str) -> list[LeagueDraft]:
    return [_draft(table, row, file, default_department) for row in table.rows]


def _draft(table: Table, row: Row, file: str, default_department: str) -> LeagueDraft:
    draft = LeagueDraft(Source(file, table.sheet.name, row.number))
    found: dict[str, Any] = {}
    for key, parser in LEAGUE_PARSERS.items():
        try:
            found[key] = parser(table.cell(row, key))
        except CellProblem as problem:
            heading = table.headings[key]
            draft.problems.append(RowProblem(heading, f"{heading}:{problem.message}", key))
    draft.name = (found.get("league_name") or "").replace(" ", "")
    draft.secretary_number = found.get("secretary_number") or ""
    draft.secretary_name = parse.to_name(table.cell(row, "secretary"))[0] or ""
    school_class = (found.get("school_class") or "").replace(" ", "")
    in_name = DEPARTMENT_IN_NAME.match(draft.name)
    department = found.get("department") or (in_name[1] if in_name else "") or default_department
    year = found.get("enrolment_year") or _year_of_class(school_class)
    draft.values = {
        "department": department, "school_class": school_class, "enrolment_year": year,
        "member_count": found.get("member_count"), "model_type": str(found.get("model_type") or ""),
        "party_branch": found.get("branch") or "",
    }  # fmt: skip
    for key, value, words in (
        ("league_name", draft.name, _("The name of the League branch is missing.")),
        ("department", department, _("The department is missing.")),
        ("enrolment_year", year, _("The enrolment year is missing.")),
    ):
        if not value and not any(problem.key == key for problem in draft.problems):
            draft.problems.append(RowProblem(table.headings.get(key, ""), words, key))
    if bool(draft.secretary_number) != bool(draft.secretary_name):
        heading = table.headings["secretary"]
        draft.problems.append(
            RowProblem(heading, _("A League branch secretary needs a name and a number."), "secretary")
        )
    return draft


def secretary_draft(draft: LeagueDraft) -> PersonDraft:
    """The secretary as a person of the class; only made when the roster has nobody of that number."""
    school_class = draft.values["school_class"]
    values: dict[str, Any] = {
        "name": draft.secretary_name,
        "department": draft.values["department"],
        "is_league_member": True,
    }
    if school_class:
        values["school_class"] = school_class
        values["programme"] = (
            "upgrade" if "专升本" in school_class else "diploma" if "专科" in school_class else "bachelor"
        )
        values["enrolment_year"] = draft.values["enrolment_year"]
    return PersonDraft(draft.source, draft.secretary_number, values, only_creates=True)
