"""What is said, as words alone: commas, colons and brackets are set in two widths."""

from __future__ import annotations

import re

import pytest

from pairing_portal.common.problems import Refused
from pairing_portal.common.registries import notice_kinds


def plain(text: object) -> str:
    return re.sub(r"[\s,\uff0c:\uff1a;\uff1b。.()\uff08\uff09]", "", str(text))


def refused(call, **arguments) -> tuple[str, str, str]:
    """(words without punctuation and rule, rule, field) of the refusal."""
    with pytest.raises(Refused) as refusal:
        call(**arguments)
    return plain(refusal.value.text).split("规则R")[0], refusal.value.rule, refusal.value.field


def said(notice) -> tuple[str, str]:
    """(title, body) of a notice."""
    return notice_kinds.get(notice.kind).text(notice.subject)
