"""From a table of League branches to drafts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from branches.models import LeagueBranch
from pairing_portal.common.spreadsheets import Cell, CellProblem, Row, Table
from pairing_portal.common.spreadsheets import values as parse

from . import rows
from .drafts import LeagueDraft, PersonDraft, RowProblem, Source
from .refusals import TextTooLong
from .rows import DEPARTMENT_IN_NAME, limit_of, text_up_to, year_of_class
from .vocabulary import MODEL_TYPE_WORDS

SECRETARY = ("secretary", "secretary_number")


def _name(cell: Cell) -> str | None:
    return _not_longer(parse.to_name(cell)[0], rows.NAME_LENGTH)


def _number(cell: Cell) -> str | None:
    return _not_longer(parse.to_number_text(cell), rows.NUMBER_LENGTH)


def _not_longer(text: str | None, limit: int) -> str | None:
    if text is not None and len(text) > limit:
        raise TextTooLong("too-long", text=text[:20], limit=limit)
    return text


PARSERS: dict[str, Callable[[Cell], Any]] = {
    "league_name": text_up_to(limit_of(LeagueBranch)),
    **{key: rows.PARSERS[key] for key in ("department", "school_class", "enrolment_year", "branch")},
    "member_count": lambda value: parse.to_int(value, low=0, high=2000),
    "secretary": _name,
    "secretary_number": _number,
    "model_type": parse.to_choice(MODEL_TYPE_WORDS),
}


def read_leagues(table: Table, *, file: str, default_department: str) -> list[LeagueDraft]:
    return [_draft(table, row, file, default_department) for row in table.rows]


def _draft(table: Table, row: Row, file: str, default_department: str) -> LeagueDraft:
    draft = LeagueDraft(Source(file, table.sheet.name, row.number), headings=table.headings)
    found = {key: _parsed(draft, key, parser, table.cell(row, key)) for key, parser in PARSERS.items()}
    draft.name = (found["league_name"] or "").replace(" ", "")
    draft.secretary_number = found["secretary_number"] or ""
    draft.secretary_name = found["secretary"] or ""
    school_class = (found["school_class"] or "").replace(" ", "")
    in_name = DEPARTMENT_IN_NAME.match(draft.name)
    department = found["department"] or (in_name[1] if in_name else "") or default_department
    year = found["enrolment_year"] or year_of_class(school_class)
    draft.values = {
        "department": department, "school_class": school_class, "enrolment_year": year,
        "member_count": found["member_count"], "model_type": str(found["model_type"] or ""),
        "party_branch": found["branch"] or "",
    }  # fmt: skip
    for key, value, words in (
        ("league_name", draft.name, _("The name of the League branch is missing.")),
        ("department", department, _("The department is missing.")),
        ("enrolment_year", year, _("The enrolment year is missing.")),
    ):
        if not value and not _is_faulty(draft, key):
            refuse_league(draft, key, words)
    if bool(draft.secretary_number) != bool(draft.secretary_name) and not _is_faulty(draft, *SECRETARY):
        refuse_league(draft, "secretary", _("A League branch secretary needs a name and a number."))
    return draft


def _parsed(draft: LeagueDraft, key: str, parser: Callable[[Cell], Any], cell: Cell) -> Any:
    try:
        return parser(cell)
    except CellProblem as problem:
        refuse_league(draft, key, f"{draft.headings[key]}:{problem.message}")
        return None


def refuse_league(draft: LeagueDraft, key: str, message: str) -> None:
    """Object to this row because of the field `key`."""
    draft.problems.append(RowProblem(draft.headings.get(key, ""), message, key))


def _is_faulty(draft: LeagueDraft, *keys: str) -> bool:
    return any(problem.key in keys for problem in draft.problems)


def secretary_draft(draft: LeagueDraft, school_class: str) -> PersonDraft:
    """The secretary as a person of this class; only made when the roster has nobody of that number."""
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
    return PersonDraft(draft.source, draft.secretary_number, values)
