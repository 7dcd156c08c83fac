"""What the page, the print, the workbook and the Word file of an evidence pack show: one dictionary for all four."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from members.models import Person
from pairing_portal.common.scope import Scope
from pairing_portal.common.spreadsheets import Column, SheetSpec, write_xlsx

from . import pack_words
from .conversion_checks import Line
from .conversion_reader import ReviewRow
from .evidence_pack import Pack
from .models import ReviewOpinion

# The lines a person reads in their own review: what happened and what is due, not what others said or how they voted.
OWN_LINES = ("probation", "application", "committee", "notice", "meeting", "approval")


def lines_for(row: ReviewRow, *, for_person: bool) -> list[Line]:
    """The checklist as this reader may read it."""
    if not for_person:
        return row.lines
    kept = [line for line in row.lines if line.key in OWN_LINES]
    meeting_on = row.review.meeting_on
    return [
        Line(line.key, line.title, line.state, date_format(meeting_on), line.rule, line.on)
        if line.key == "meeting" and meeting_on
        else line
        for line in kept
    ]


def pack_context(
    *, person: Person, pack: Pack, row: ReviewRow | None = None, opinions: Sequence[ReviewOpinion] = (),
    for_person: bool = False, frozen_at: datetime | None = None,
) -> dict[str, Any]:  # fmt: skip
    """`row`: the review the pack belongs to; without it, it is the running record of somebody in any stage."""
    return {
        "person": person, "row": row, "review": row.review if row else None, "for_person": for_person,
        "lines": lines_for(row, for_person=for_person) if row else [], "opinions": list(opinions),
        "pack_on": pack_words.day(pack["on"]), "pack_since": pack_words.day(pack["since"]),
        "pack_dates": pack_words.dates(pack), "stage": pack_words.stage_label(pack), "frozen_at": frozen_at,
        "sections": pack_words.sections(pack, for_person=for_person), "gaps": pack_words.gap_words(pack, for_person=for_person),
        "duty_headings": [str(text) for text in pack_words.DUTY_HEADINGS],
        "duty_rows": [] if for_person else pack_words.duty_table(pack),
    }  # fmt: skip


def opinions_of(row: ReviewRow, scope: Scope) -> list[ReviewOpinion]:
    """Opinions of the review that the scope reads; none for the person themselves."""
    rows = ReviewOpinion.objects.visible_to(scope).filter(review=row.review)
    return list(rows.select_related("author", "recorded_by"))


def title_of(context: dict[str, Any]) -> str:
    words = _("Evidence pack of the conversion review") if context["review"] else _("Evidence pack")
    return f"{words} {context['person'].name}"


# --- Excel ---------------------------------------------------------------------------------------


def write_workbook(target: BinaryIO, context: dict[str, Any], *, by: str) -> None:
    """Three sheets: the duty table with its public headings, the evidence line by line, the checklist."""
    notes = [(_("made by"), by), (_("as of"), context["pack_on"]), (_("counts from"), context["pack_since"])]
    title = title_of(context)
    sheets = [
        SheetSpec(_("Mentoring duty"), [Column(text) for text in context["duty_headings"]], context["duty_rows"], title=title, notes=notes),
        SheetSpec(
            _("Evidence"), [Column(_("section"), 18), Column(_("what"), 40), Column(_("value"), 40), Column(_("source"), 30)],
            evidence_rows(context), title=title,
        ),
    ]  # fmt: skip
    if context["lines"]:
        columns = [Column(_("line"), 30), Column(_("state"), 12), Column(_("how it stands"), 50), Column(_("rule"))]
        sheets.append(SheetSpec(_("Checklist"), columns, checklist_rows(context), title=title))
    write_xlsx(target, sheets)


def evidence_rows(context: dict[str, Any]) -> list[list[str]]:
    """(section, what, value, source): figures, rows of tables, gaps and what is without evidence."""
    rows = [[_("gap"), "", words, ""] for words in context["gaps"]]
    for section in context["sections"]:
        rows += [[section.title, figure.label, figure.value, section.source] for figure in section.figures]
        rows += [
            [section.title, cells[0], row_words(section.headings, cells), section.source] for cells in section.rows
        ]
        if section.empty:
            rows.append([section.title, "", section.empty, section.source])
    return rows


def row_words(headings: Sequence[str], cells: Sequence[str]) -> str:
    """The cells after the first with their headings, in one line."""
    return "；".join(f"{heading} {cell}" for heading, cell in zip(headings[1:], cells[1:], strict=True))


def checklist_rows(context: dict[str, Any]) -> list[list[str]]:
    states = {"met": _("fulfilled"), "missing": _("missing"), "later": _("not yet due")}
    return [[line.title, states[line.state], line.words, line.rule] for line in context["lines"]]


# --- Word ----------------------------------------------------------------------------------------


def word_context(context: dict[str, Any]) -> dict[str, Any]:
    """Plain words only, as the template of `paper/word.py` takes them: no object of the portal reaches a template."""
    review, person = context["review"], context["person"]
    return {
        "title": title_of(context), "college": settings.PORTAL_COLLEGE_NAME, "on": context["pack_on"], "since": context["pack_since"],
        "printed_on": date_format(timezone.localdate()),
        "name": person.name, "number": person.number, "stage": context["stage"],
        "branch": person.party_branch.name if person.party_branch else "",
        "dates": [{"label": label, "value": value} for label, value in context["pack_dates"]],
        "gaps": context["gaps"],
        "checklist": [
            {"title": title, "state": state, "words": words, "rule": rule} for title, state, words, rule in checklist_rows(context)
        ],
        "duties": [{"tier": row[3], "people": row[4], "records": row[5], "time": row[6], "lectures": row[7]} for row in context["duty_rows"]],
        "sections": [
            {
                "title": section.title, "empty": section.empty, "gaps": section.gaps,
                "lines": [f"{figure.label} {figure.value}" for figure in section.figures]
                + [f"{cells[0]}：{row_words(section.headings, cells)}" for cells in section.rows],
            }
            for section in context["sections"]
        ],
        "opinions": [
            {
                "who": f"{opinion.get_kind_display()}{' ' + opinion.author.name if opinion.author else ''}",
                "on": date_format(opinion.given_on), "text": opinion.text,
            }
            for opinion in context["opinions"]
        ],
        "meeting": meeting_words(context), "decision": review.get_decision_display() if review and review.decision else "",
        "reason": review.decision_reason if review else "",
    }  # fmt: skip


def meeting_words(context: dict[str, Any]) -> str:
    """The vote in a sentence; "" before the meeting and for the person themselves."""
    review = context["review"]
    if review is None or review.meeting_on is None or context["for_person"]:
        return ""
    words = _("%(on)s: %(eligible)d with a vote, %(present)d present, %(written)d in writing, %(issued)d ballots issued, %(returned)d returned, %(yes)d in favour, %(no)d against, %(abstained)d abstained")  # fmt: skip
    names = ("eligible", "present", "written", "issued", "returned", "yes", "no", "abstained")
    counts = {name: getattr(review, f"{name}_count") or 0 for name in names}
    return words % (counts | {"on": date_format(review.meeting_on)})
