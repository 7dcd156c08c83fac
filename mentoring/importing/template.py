"""The empty workbook people fill in: our headings, and on a second sheet what to write under each."""

from __future__ import annotations

from typing import BinaryIO

from django.utils.translation import gettext as _

from pairing_portal.common.spreadsheets import Column, SheetSpec, write_xlsx

from .vocabulary import FOCUS_WORDS, PAIRS, TIER_WORDS

# 政治面貌 is left to the roster; a column more is one more to fill in.
LEFT_TO_ROSTER = ("mentor_status",)
WIDTHS = {"tier": 26.0, "mentee": 24.0, "goal": 40.0, "mentor_branch": 24.0}


def write_template(target: BinaryIO) -> None:
    columns = [
        Column(entry.label, WIDTHS.get(entry.key, 16.0)) for entry in PAIRS.fields if entry.key not in LEFT_TO_ROSTER
    ]
    title = _("Mentoring links: one row each. Keep the headings; what to write stands on the second sheet.")
    write_xlsx(target, [SheetSpec(_("Links"), columns, [], title=title, notes=_notes())])


def _notes() -> list[tuple[object, object]]:
    tiers = "; ".join(f"{tier.value} {words[0]}" for tier, words in TIER_WORDS.items())
    said = {
        "tier": tiers,
        "mentor": _("The name; with the number beside it nobody is taken for somebody else."),
        "mentor_number": _("As text, so that no digit is lost."),
        "mentor_branch": _("May stay blank; it tells people of one name apart."),
        "mentee": _("The name; in tier 4 the League branch."),
        "mentee_number": _("As text; blank in tier 4."),
        "category": _("Tier 2: 培养联系人 or 朋辈; blank is a formal contact where the rules allow it. Tier 4: the focus areas (%(areas)s).")
        % {"areas": "、".join(FOCUS_WORDS)},
        "starts_on": _("2026-10-08, 2026.10.08, 2026年10月8日 or a date cell; blank is the day of the import."),
        "ends_on": _("The planned last day; may stay blank."),
        "goal": _("One sentence. Never write here why somebody needs help."),
        "state": _("Blank or 进行中; rows that say 已结束 are left out."),
    }  # fmt: skip
    return [(PAIRS.label(key), words) for key, words in said.items()]
