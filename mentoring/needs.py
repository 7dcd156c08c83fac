"""Why somebody is helped: five coarse codes, who may read them, and how they are packed for the encrypted column. Pure.

RULES.md P2: no diagnosis, no subsidy level, no free text. Psychological difficulty is one bit: referred to the college's
counselling service. General support has no code: it needs neither consent nor a row (P3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from pairing_portal.common.encryption import Undecipherable

# Texts of every length are padded to a multiple of this, so that the length of the ciphertext says nothing.
PADDED_TO: Final = 128


@dataclass(frozen=True)
class Need:
    code: str
    label: Any
    hint: Any = ""


NEEDS: tuple[Need, ...] = (
    Need("academic", _("studies"), _("courses, exams, learning habits")),
    Need("financial", _("living costs"), _("no amounts and no levels of aid are stored")),
    Need("discipline", _("rhythm and discipline"), _("attendance, daily rhythm")),
    Need("social", _("getting on with others"), _("class, dormitory, finding friends")),
    Need(
        "psychological",
        _("referred to the college's counselling service"),
        _("only that: yes or no. Mentors keep company and help with studies; counselling is for the service"),
    ),
)


class ReaderRole(TextChoices):
    """As what somebody reads."""

    SELF = "self", _("yourself")
    MENTOR = "mentor", _("your mentor")
    COUNSELLOR = "counsellor", _("your counsellor")
    SECRETARY = "secretary", _("your branch secretary")


# Mentors read; these also record.
RECORDING_ROLES: Final = frozenset({ReaderRole.SELF, ReaderRole.COUNSELLOR, ReaderRole.SECRETARY})


def known_codes() -> list[str]:
    return [need.code for need in NEEDS]


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """The known ones of `codes`, each once, in the order of the table."""
    wanted = set(codes)
    return tuple(code for code in known_codes() if code in wanted)


def shown(codes: Iterable[str]) -> list[Need]:
    wanted = in_order(codes)
    return [need for need in NEEDS if need.code in wanted]


def pack(person_id: int, codes: Iterable[str]) -> str:
    """The text that is encrypted: bound to its person, so that a row moved to somebody else does not open."""
    text = f"{person_id}|{','.join(in_order(codes))}"
    return text.ljust(-(-len(text) // PADDED_TO) * PADDED_TO)


def unpack(person_id: int, text: str) -> tuple[str, ...]:
    """Codes in order. Raises `Undecipherable` for a text that was packed for somebody else."""
    owner, _bar, codes = text.strip().partition("|")
    if owner != str(person_id):
        raise Undecipherable("the text belongs to another row")
    return in_order(codes.split(","))
