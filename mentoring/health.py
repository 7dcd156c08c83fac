"""How a link is doing, by rules stated in words: on track, needs a word, silent, too early, ended.

Judging is pure (`judge`); reading is set-wise and asks a fixed number of queries for any number of links. Only confirmed
talks count. Numbers are policy (RULES.md R84: talk_every_days, talk_silent_days, talk_first_within_days).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from django.db.models import Count, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from branches.policy import Policy
from pairing_portal.common.registries import Talks, talk_records

from .models import LeagueGuidance, LeagueMilestone, MentoringGoal, Mentorship
from .tiers import LinkState


class HealthState(TextChoices):
    """In the order in which they ask for somebody."""

    SILENT = "silent", gettext_lazy("silent")
    NEEDS_WORD = "needs_word", gettext_lazy("needs a word")
    TOO_EARLY = "too_early", gettext_lazy("too early to say")
    ON_TRACK = "on_track", gettext_lazy("on track")
    ENDED = "ended", gettext_lazy("ended")


NO_TALKS: Final = Talks()
TONES: Final = {
    HealthState.SILENT: "late", HealthState.NEEDS_WORD: "wait", HealthState.TOO_EARLY: "exempt", HealthState.ON_TRACK: "ok",
    HealthState.ENDED: "neutral",
}  # fmt: skip
ICONS: Final = {
    HealthState.SILENT: "exclamation-triangle", HealthState.NEEDS_WORD: "chat", HealthState.TOO_EARLY: "clock",
    HealthState.ON_TRACK: "check-circle", HealthState.ENDED: "dash-circle",
}  # fmt: skip


@dataclass(frozen=True)
class HealthLimits:
    """The numbers of days in force."""

    talk_every_days: int = 30
    talk_silent_days: int = 60
    talk_first_within_days: int = 14

    @classmethod
    def on(cls, day: date, policy: Policy | None = None) -> HealthLimits:
        policy = policy or Policy()
        return cls(**{name: policy.number(name, day) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class HealthFacts:
    """What the rules ask of one link or guidance. `overdue`: agreed goals (or milestones) past their day."""

    state: str
    starts_on: date
    talks: Talks = NO_TALKS
    overdue: int = 0
    is_guidance: bool = False


@dataclass(frozen=True)
class LinkHealth:
    """The verdict, why, and what to do. `days` is counted from the last confirmed talk, or from the start without one."""

    state: HealthState
    words: str
    next_step: str
    talks: Talks = NO_TALKS
    overdue: int = 0
    days: int = 0

    @property
    def label(self) -> str:
        return str(self.state.label)

    @property
    def tone(self) -> str:
        """The kind of badge."""
        return TONES[self.state]

    @property
    def icon(self) -> str:
        return ICONS[self.state]

    @property
    def asks_for_somebody(self) -> bool:
        return self.state in (HealthState.SILENT, HealthState.NEEDS_WORD)


def judge(facts: HealthFacts, today: date, limits: HealthLimits | None = None) -> LinkHealth:
    """The state of one link on `today`."""
    limits = limits or HealthLimits()
    talks = facts.talks
    days = max(0, (today - (talks.last_on or facts.starts_on)).days)
    state = _state(facts, days, today, limits)
    return LinkHealth(
        state=state, words=_words(state, facts, days, today), next_step=_next_step(state, facts), talks=talks,
        overdue=facts.overdue, days=days,
    )  # fmt: skip


def _state(facts: HealthFacts, days: int, today: date, limits: HealthLimits) -> HealthState:
    if facts.state in (LinkState.ENDED, LinkState.DECLINED):
        return HealthState.ENDED
    if facts.state != LinkState.ACTIVE or facts.starts_on > today:
        return HealthState.TOO_EARLY
    has_talked = facts.talks.last_on is not None
    is_recent = days <= limits.talk_every_days if has_talked else days < limits.talk_first_within_days
    if not is_recent and days >= limits.talk_silent_days:
        return HealthState.SILENT
    if not is_recent or facts.overdue:
        return HealthState.NEEDS_WORD
    return HealthState.ON_TRACK if has_talked else HealthState.TOO_EARLY


def _words(state: HealthState, facts: HealthFacts, days: int, today: date) -> str:
    if state == HealthState.ENDED:
        return _("The link is over.")
    if facts.state == LinkState.OFFERED:
        return _("The mentee has not answered yet.")
    if facts.state != LinkState.ACTIVE or facts.starts_on > today:
        return _("The link has not begun yet.")
    parts = []
    if facts.talks.last_on is None:
        parts.append(
            ngettext("No confirmed talk in %(days)d day since it began.", "No confirmed talk in %(days)d days since it began.", days)
            % {"days": days}
            if days
            else _("It began today.")
        )  # fmt: skip
    elif days == 0:
        parts.append(_("The last confirmed talk was today."))
    else:
        parts.append(
            ngettext("The last confirmed talk was %(days)d day ago.", "The last confirmed talk was %(days)d days ago.", days)
            % {"days": days}
        )  # fmt: skip
    if facts.overdue:
        parts.append(_overdue_words(facts))
    if facts.talks.waiting:
        parts.append(
            ngettext("%(count)d entry waits to be confirmed.", "%(count)d entries wait to be confirmed.", facts.talks.waiting)
            % {"count": facts.talks.waiting}
        )  # fmt: skip
    return " ".join(parts)


def _overdue_words(facts: HealthFacts) -> str:
    count = facts.overdue
    if facts.is_guidance:
        words = ngettext("%(count)d milestone is overdue.", "%(count)d milestones are overdue.", count)
    else:
        words = ngettext("%(count)d agreed goal is overdue.", "%(count)d agreed goals are overdue.", count)
    return words % {"count": count}


def _next_step(state: HealthState, facts: HealthFacts) -> str:
    if state == HealthState.ENDED:
        return ""
    if facts.talks.waiting:
        return _("The waiting entry needs to be confirmed.")
    if facts.state == LinkState.OFFERED:
        return _("Wait for the answer.")
    if state == HealthState.SILENT:
        return _("Ask the two; talk soon, or let somebody else take over.")
    if state == HealthState.NEEDS_WORD and facts.overdue:
        if facts.is_guidance:
            return _("Look at the overdue milestones with the League branch.")
        return _("Look at the overdue goals together.")
    if state == HealthState.NEEDS_WORD:
        return _("Arrange a talk and log it.")
    return _("Arrange the first talk.") if state == HealthState.TOO_EARLY else _("Go on.")


def health_rules(policy: Policy, today: date) -> list[str]:
    """The rules as sentences, with the numbers in force."""
    limits = HealthLimits.on(today, policy)
    return [
        _("On track: a confirmed talk in the last %(days)d days, and no agreed goal overdue.")
        % {"days": limits.talk_every_days},
        _("Needs a word: no confirmed talk for more than %(days)d days, none in the first %(first)d days, or an agreed goal overdue.")
        % {"days": limits.talk_every_days, "first": limits.talk_first_within_days},
        _("Silent: no confirmed talk for %(days)d days or longer.") % {"days": limits.talk_silent_days},
        _("Too early to say: the link has run for less than %(days)d days without a talk, or has not begun.")
        % {"days": limits.talk_first_within_days},
        _("Ended: the link is over; what was logged stays."),
    ]  # fmt: skip


# --- Reading ------------------------------------------------------------------------------------


def talks_of(kind: str, ids: Sequence[int]) -> dict[int, Talks]:
    """Talks on record by id of link ("link") or guidance ("guidance"); ids without any are absent."""
    if not ids or kind not in talk_records:
        return {}
    return talk_records.get(kind)(ids)


def health_of_links(links: Iterable[Mentorship], today: date, policy: Policy | None = None) -> dict[int, LinkHealth]:
    """Health by id of link: three queries for any number of links."""
    rows = list(links)
    ids = [link.pk for link in rows]
    overdue = dict(
        MentoringGoal.objects.overdue(today)
        .filter(mentorship_id__in=ids)
        .order_by()
        .values_list("mentorship_id")
        .annotate(count=Count("pk"))
    )
    return _judge_all(rows, talks_of("link", ids), overdue, today, policy)


def health_of_guidances(
    guidances: Iterable[LeagueGuidance], today: date, policy: Policy | None = None
) -> dict[int, LinkHealth]:
    """Health by id of guidance; overdue are milestones of the League branch. Three queries for any number."""
    rows = list(guidances)
    late = dict(
        LeagueMilestone.objects.open()
        .filter(plan__league_branch_id__in={row.league_branch_id for row in rows}, due_on__lt=today)
        .order_by()
        .values_list("plan__league_branch_id")
        .annotate(count=Count("pk"))
    )
    overdue = {row.pk: late.get(row.league_branch_id, 0) for row in rows}
    return _judge_all(rows, talks_of("guidance", [row.pk for row in rows]), overdue, today, policy)


def _judge_all(
    rows: Sequence[Mentorship | LeagueGuidance],
    talks: dict[int, Talks],
    overdue: dict[int, int],
    today: date,
    policy: Policy | None,
) -> dict[int, LinkHealth]:
    limits = HealthLimits.on(today, policy)
    return {
        row.pk: judge(
            HealthFacts(
                row.state,
                row.starts_on,
                talks.get(row.pk, NO_TALKS),
                overdue.get(row.pk, 0),
                isinstance(row, LeagueGuidance),
            ),
            today,
            limits,
        )
        for row in rows
    }


def count_health(healths: Iterable[LinkHealth]) -> dict[HealthState, int]:
    """How many stand in each state; every state is there."""
    counted = Counter(health.state for health in healths)
    return {state: counted[state] for state in HealthState}


Row = TypeVar("Row", Mentorship, LeagueGuidance)


def filter_by_health(rows: Iterable[Row], health: dict[int, LinkHealth], state: str) -> list[Row]:
    """The rows in one state, in their order; all of them when `state` is none of the states."""
    if state not in HealthState.values:
        return list(rows)
    return [row for row in rows if row.pk in health and health[row.pk].state == state]
