"""Papers of the 25 steps: which ones usually lie in the file. Pure. The papers themselves are not kept, only that they are there.

What a step's row holds in `documents` is a list of words: the code of a paper; or, of what has no column of its own, a code with
its value: `notice:2026-03-02/2026-03-09` (the public notice before the meeting, first and last day) and `decision:extend/2027-05-20`
(what a meeting on conversion decided).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
NOTICE, DECISION = "notice", "decision"

PAPERS: Final[Mapping[str, Text]] = {
    "application_letter": _("application for membership"),
    "talk_record": _("record of the talk"),
    "league_recommendation": _("recommendation by the League branch or by members"),
    "committee_minutes": _("minutes of the branch committee"),
    "filing": _("filing form with the answer"),
    "contact_register": _("register of education and observation"),
    "thought_reports": _("thought reports"),
    "review_sheets": _("sheets of the half-year reviews"),
    "opinions": _("opinions heard inside and outside the Party"),
    "autobiography": _("autobiography"),
    "political_review": _("report of the political review"),
    "training_certificate": _("certificate of the training"),
    "pre_review": _("answer of the pre-review"),
    "membership_form": _("membership form"),
    "public_notice": _("public notice with its result"),
    "meeting_minutes": _("minutes of the branch meeting"),
    "ballot_report": _("report of the ballot"),
    "approval": _("approval of the higher committee"),
    "conversion_application": _("application for full membership"),
    "oath_record": _("record of the oath"),
    "archive_list": _("list of the archived papers"),
}
OF_STEP: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("application_letter",), 2: ("talk_record",), 3: ("league_recommendation", "committee_minutes"), 4: ("filing",),
    5: ("contact_register",), 6: ("thought_reports", "review_sheets"), 7: ("opinions", "committee_minutes"), 8: ("filing",),
    9: ("committee_minutes",), 10: ("autobiography", "political_review"), 11: ("training_certificate",),
    12: ("committee_minutes", "opinions"), 13: ("pre_review",), 14: ("membership_form",),
    15: ("public_notice", "meeting_minutes", "ballot_report"), 16: ("talk_record",), 17: ("approval",), 18: ("filing",),
    19: (), 20: ("oath_record",), 21: ("thought_reports", "review_sheets"), 22: ("conversion_application",),
    23: ("public_notice", "meeting_minutes", "ballot_report"), 24: ("approval",), 25: ("archive_list",),
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What a step's row says of its papers."""

    codes: tuple[str, ...] = ()
    notice_from_on: date | None = None
    notice_to_on: date | None = None
    decision: str = ""
    extended_to: date | None = None


def read(words: Any) -> Held:
    """What stands in `documents`. Words nobody knows are passed over: rows may come from elsewhere."""
    codes: list[str] = []
    first = last = until = None
    decision = ""
    for word in words if isinstance(words, list) else []:
        code, _colon, value = str(word).partition(":")
        if code == NOTICE:
            first, last = (_day(part) for part in (value + "/").split("/")[:2])
        elif code == DECISION:
            decision, _slash, day = value.partition("/")
            until = _day(day)
        elif code in PAPERS:
            codes.append(code)
    return Held(tuple(codes), first, last, decision, until)


def write(held: Held) -> list[str]:
    """The words to be stored: papers in the order of the table, each once."""
    words = [code for code in PAPERS if code in held.codes]
    if held.notice_from_on and held.notice_to_on:
        words.append(f"{NOTICE}:{held.notice_from_on.isoformat()}/{held.notice_to_on.isoformat()}")
    if held.decision:
        day = f"/{held.extended_to.isoformat()}" if held.extended_to else ""
        words.append(f"{DECISION}:{held.decision}{day}")
    return words


def papers_of(number: int, held: Iterable[str] = ()) -> list[tuple[str, Text, bool]]:
    """(code, name, lies in the file) of a step: the usual ones, then what else is held."""
    there = tuple(held)
    usual = OF_STEP[number]
    rest = tuple(code for code in there if code not in usual)
    return [(code, PAPERS[code], code in there) for code in (*usual, *rest)]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
