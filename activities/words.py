"""Words for the codes of the quota, in one place: pages, workbooks and commands say the same."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from .quota import Flag, LectureVerdict, NotCounted, WeekState

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
