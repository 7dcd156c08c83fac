"""Why two people were matched, and why somebody was left over, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from .models import SupportArea

SAME_MAJOR, GRADE_STEP, AREAS, MONTHS, PAST_PAIR = "same_major", "grade_step", "areas", "months", "past_pair"


def reason_words(reasons: Iterable[Any]) -> list[str]:
    """Each reason of `MemberPairing.reasons` with its points: 同专业 +30. A reason is [key, points, detail]."""
    return [_one(reason) for reason in reasons]


def _one(reason: Any) -> str:
    if isinstance(reason, str):
        return reason
    key, points, detail = reason
    words = {
        SAME_MAJOR: lambda: _("same major"),
        GRADE_STEP: lambda: _("a grade apart") if detail else _("neighbouring grades"),
        AREAS: lambda: _("offers and asks fit: %(areas)s") % {"areas": "、".join(_areas(detail))},
        MONTHS: lambda: _("on campus together for %(months)d months") % {"months": detail},
        PAST_PAIR: lambda: _("paired before"),
        "by_hand": lambda: _("paired by hand"),
    }.get(key)
    text = str(words()) if words else str(key)
    return f"{text} {points:+d}" if points else text


def _areas(keys: Iterable[str]) -> list[str]:
    wanted = set(keys)
    return [str(label) for key, label in SupportArea.choices if key in wanted]


def left_over_words(why: str, *, limit: int) -> str:
    """Why somebody stayed without a partner, and what would help. `why` is a code of the solver or a blocker's key."""
    words = {
        "left_out": _("asked to be left out"),
        "no_shared_time": _("is never on campus together with anybody of the other side during the pairing"),
        "paired_elsewhere": _("has a pair in another pairing of this year"),
        "capacity": _("everybody who fits has a partner already; at most %(limit)d each") % {"limit": limit},
    }
    return words.get(why) or _("nobody of the other side fits the rules")
