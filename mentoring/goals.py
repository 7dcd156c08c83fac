"""The goals of one link as a page shows them: how each stands and what the viewer may do. Two queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from pairing_portal.common.scope import Scope

from .models import GoalStep, MentoringGoal, Mentorship
from .tiers import LinkState


@dataclass(frozen=True)
class GoalRow:
    """`badge` is a kind of `state_badge`, `words` what stands beside it."""

    goal: MentoringGoal
    steps: list[GoalStep]
    badge: str
    words: str
    may_agree: bool
    may_change: bool
    may_reach: bool
    may_tick: bool
    may_reopen: bool

    @property
    def steps_done(self) -> int:
        return sum(step.done_on is not None for step in self.steps)


def is_one_of_two(link: Mentorship, scope: Scope) -> bool:
    return scope.person_id is not None and scope.person_id in (link.mentor_id, link.mentee_id)


def may_work(link: Mentorship, scope: Scope) -> bool:
    """The two write goals while the link runs."""
    return is_one_of_two(link, scope) and link.state == LinkState.ACTIVE


def goals_of(link: Mentorship, scope: Scope, today: date) -> list[GoalRow]:
    """Open ones first, by day; what is reached or given up after them. `link` is visible to the scope."""
    goals = (
        MentoringGoal.objects.filter(mentorship=link)
        .select_related("proposed_by")
        .prefetch_related(Prefetch("steps", queryset=GoalStep.objects.order_by("due_on", "pk")))
    )
    rows = [_row(goal, link, scope, today) for goal in goals]
    return sorted(rows, key=lambda row: (not row.goal.is_open, row.goal.due_on, row.goal.pk))


def _row(goal: MentoringGoal, link: Mentorship, scope: Scope, today: date) -> GoalRow:
    goal.mentorship = link
    works = may_work(link, scope)
    is_open, is_mine = goal.is_open, goal.proposed_by_id == scope.person_id
    badge, words = _standing(goal, today)
    return GoalRow(
        goal=goal, steps=list(goal.steps.all()), badge=badge, words=words,
        may_agree=works and is_open and not goal.is_agreed and not is_mine, may_change=works and is_open,
        may_reach=works and is_open and goal.is_agreed, may_tick=works and is_open and goal.is_agreed,
        may_reopen=works and not is_open,
    )  # fmt: skip


def _standing(goal: MentoringGoal, today: date) -> tuple[str, str]:
    if goal.reached_on is not None:
        return "ok", _("reached")
    if goal.dropped_on is not None:
        return "neutral", _("given up")
    if not goal.is_agreed:
        return "wait", _("waiting for the other's yes")
    if goal.due_on < today:
        return "late", _("overdue")
    return "neutral", _("agreed")
