"""Words for the codes of the quota, in one place: pages, workbooks and commands say the same."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from .quota import Flag, LectureVerdict, NotCounted, WeekState, WeekStatus, monday_of

STATE_WORDS: dict[WeekState, Any] = {
    WeekState.MET: _("met"),
    WeekState.MISSED: _("missed"),
    WeekState.EXEMPT: _("exempt"),
    WeekState.RUNNING: _("running"),
    WeekState.NOT_OWED: _("none owed"),
}
# Kinds of badge (see the template tag `state_badge`).
STATE_BADGES: dict[WeekState, str] = {
    WeekState.MET: "ok",
    WeekState.MISSED: "late",
    WeekState.EXEMPT: "exempt",
    WeekState.RUNNING: "wait",
    WeekState.NOT_OWED: "neutral",
}
# "No lecture this week, because …": unmet all the same, with a word and an icon of its own.
SAID_WORD, SAID_ICON = _("no lecture, reason given"), "chat-square-text"
WHY_WORDS: dict[NotCounted, Any] = {
    NotCounted.TOO_SHORT: _("too short (R71)"),
    NotCounted.OTHER_MATERIAL: _("not from the prescribed textbook (R72)"),
    NotCounted.NOT_CONFIRMED: _("not confirmed by the League branch yet"),
    NotCounted.DENIED: _("did not take place, says the League branch"),
    NotCounted.CANCELLED: _("cancelled"),
    NotCounted.PLANNED: _("planned, not given yet"),
    NotCounted.EXEMPT: _("the League branch is exempt this week"),
}
FLAG_WORDS: dict[Flag, Any] = {
    Flag.LATE_ENTRY: _("entered late"),
    Flag.SPEAKER_WITHOUT_DUTY: _("speaker without this duty (R74)"),
    Flag.SHARED: _("given to several League branches"),
}


def verdict_words(verdict: LectureVerdict, min_minutes: int = 30) -> str:
    """Why a lecture counts or not, and what to look at."""
    if verdict.why == NotCounted.TOO_SHORT:
        return str(_("shorter than %(minutes)d minutes (R71)") % {"minutes": min_minutes})
    words = [str(WHY_WORDS[verdict.why])] if verdict.why else []
    words += [str(FLAG_WORDS[flag]) for flag in verdict.flags]
    return "; ".join(words)


def week_word(status: WeekStatus) -> str:
    """The state of a week in a word; a week about which somebody said why there was none has its own."""
    return str(SAID_WORD if status.is_unmet_with_reason else STATE_WORDS[status.state])


def pace_words(status: WeekStatus, today: date) -> str:
    """What is still to do in the week that runs: 还差 1 次,周日前; "" for every other week, and where nothing is missing."""
    if status.state != WeekState.RUNNING or status.monday != monday_of(today):
        return ""
    missing = status.missing
    return ngettext("one more by Sunday", "%(counter)s more by Sunday", missing) % {"counter": missing}


def why_words(status: WeekStatus) -> str:
    """Why a week is as it is, in one line for the title of its cell: the reason given, what was not counted and why."""
    lines = [_now("No lecture this week: %(why)s") % {"why": status.said_why}] if status.said_why else []
    for verdict in status.verdicts:
        if verdict.why:
            lines.append(f"{verdict.fact.on:%m-%d} {WHY_WORDS[verdict.why]}")
    return "; ".join(lines)
