"""Why a mentor was proposed, and why somebody stays without one, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .tiers import Tier

SAME_CLASS, SAME_MAJOR, MONTHS, LIGHT_LOAD = "same_class", "same_major", "months", "light_load"
HIGHER_YEAR, UPGRADE, PAIRED_BRANCH = "higher_year", "upgrade", "paired_branch"
# Why somebody has no mentor: codes of `proposal.py`, some of them keys of its blockers.
NOT_PROPOSED, SAID_NO, NOBODY, CAPACITY = "not_proposed", "said_no", "nobody", "capacity"
OTHER_CLASS, NOT_EARLIER, UNKNOWN_DAY, NOT_HIGHER = "other_class", "not_earlier", "unknown_day", "not_higher"
LINKED, CIRCLE, BY_RULES = "linked", "circle", "by_rules"


def reason_words(reasons: Iterable[Any]) -> list[str]:
    """Each reason of a link's `reasons` with its points: 同班 +20. A reason is [key, points, detail]."""
    return [_one(reason) for reason in reasons]


def _one(reason: Any) -> str:
    if isinstance(reason, str):
        return reason
    key, points, detail = reason
    words = _REASONS.get(key)
    text = words(detail) if words else str(key)
    return f"{text} {points:+d}" if points else text


def _months(detail: Any) -> str:
    return ngettext("on campus together for %(months)d month", "on campus together for %(months)d months", detail) % {
        "months": detail
    }


def _years(detail: Any) -> str:
    return ngettext("%(years)d year of study ahead", "%(years)d years of study ahead", detail) % {"years": detail}


def _load(detail: Any) -> str:
    return _("helps nobody else yet") if not detail else _("helps only one other so far")


_REASONS: Final[dict[str, Callable[[Any], str]]] = {
    SAME_CLASS: lambda detail: _("same class"),
    SAME_MAJOR: lambda detail: _("same major"),
    MONTHS: _months,
    LIGHT_LOAD: _load,
    HIGHER_YEAR: _years,
    UPGRADE: lambda detail: _("diploma-to-bachelor student"),
    PAIRED_BRANCH: lambda detail: _("of the paired %(branch)s; nobody of the own branch has room") % {"branch": detail},
    "by_hand": lambda detail: _("chosen by hand"),
    "import": lambda detail: _("from an imported list"),
}


def without_words(why: str, *, tier: int, limit: int = 0) -> str:
    """Why somebody stays without a mentor, and what would help. `limit`: mentees a mentor of the tier may have."""
    if why == CAPACITY:
        return _full_words(tier, limit)
    if why == NOBODY:
        return _nobody_words(tier)
    if why == LINKED and tier == Tier.LEAGUE_BRANCHES:
        return _("whoever fits guides it already")
    words = {
        NOT_PROPOSED: _("somebody fits and has room: make a proposal"),
        SAID_NO: _("said no to an offer this year; ask first whether another one is welcome"),
        OTHER_CLASS: _("no member or activist sits in this class"),
        NOT_EARLIER: _("no full member joined earlier, here or in a paired branch"),
        UNKNOWN_DAY: _("days of admission are missing in the roster; enter them first"),
        NOT_HIGHER: _("no other full member is in a higher year of study, here or in a paired branch"),
        LINKED: _("whoever fits is linked already; make one of the links formal, or enter more full members"),
        CIRCLE: _("whoever fits is helped by this one; end that link first"),
    }
    return words.get(why) or _("nobody fits the rules")


def _full_words(tier: int, limit: int) -> str:
    values = {"limit": limit}
    return {
        Tier.CLASSMATES: _("all members and activists of the class help somebody (at most %(limit)d each)"),
        Tier.ACTIVISTS: _("all full members who fit have their activists (at most %(limit)d each)"),
        Tier.NEW_MEMBERS: _("all full members who joined earlier have their new members (at most %(limit)d each)"),
        Tier.LEAGUE_BRANCHES: _("all full members who fit guide a League branch (at most %(limit)d each)"),
    }[Tier(tier)] % values


def _nobody_words(tier: int) -> str:
    if tier == Tier.CLASSMATES:
        return _("no member or activist sits in this class")
    return _("neither the branch nor a paired one has a full member who could; pair the branch first")
