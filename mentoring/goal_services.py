"""Goals of two people: proposed by one, agreed by the other, reached or given up. The link is the one lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices_work
from .models import GoalStep, MentoringGoal, Mentorship
from .services import lock_link
from .tiers import LinkState
from .work_rules import StepEntry, goal_problems


@transaction.atomic
def propose_goal(
    *, link: Mentorship, what: str, due_on: date, steps: Sequence[StepEntry], scope: Scope, today: date, now: datetime
) -> MentoringGoal:  # fmt: skip
    """One of the two proposes; that counts as their own yes, and the other is asked. Raises `Refused` for days that do not fit."""
    link = _held(link, scope)
    refuse_blocked(goal_problems(due_on=due_on, steps=steps, today=today, link_ends_on=link.ends_on))
    goal = MentoringGoal(mentorship=link, what=what.strip()[:200], due_on=due_on)
    _sign_anew(goal, scope, now)
    goal.save()
    _write_steps(goal, steps)
    post_notices(notices=notices_work.goal_proposed(goal), now=now)
    return goal


@transaction.atomic
def change_goal(
    *, goal: MentoringGoal, what: str, due_on: date, steps: Sequence[StepEntry], scope: Scope, today: date, now: datetime
) -> MentoringGoal:  # fmt: skip
    """Another wording, day or other steps: who changes it has agreed, the other is asked again. Done steps stay."""
    goal = _held_goal(goal, scope)
    _require_open(goal)
    known = {step.pk: step for step in goal.steps.all()}
    entries = [
        StepEntry(
            entry.what, entry.due_on, entry.pk,
            entry.pk in known and (known[entry.pk].done_on is not None or known[entry.pk].due_on == entry.due_on),
        )
        for entry in steps
    ]  # fmt: skip
    refuse_blocked(goal_problems(due_on=due_on, steps=entries, today=today, link_ends_on=goal.mentorship.ends_on))
    goal.what, goal.due_on = what.strip()[:200], due_on
    _sign_anew(goal, scope, now)
    goal.save()
    _write_steps(goal, entries)
    retire_notices(prefix=notices_work.goal_prefix(goal), now=now)
    post_notices(notices=notices_work.goal_proposed(goal), now=now)
    return goal


@transaction.atomic
def agree_goal(*, goal: MentoringGoal, scope: Scope, now: datetime) -> MentoringGoal:
    """The other's yes: from now on the goal holds."""
    goal = _held_goal(goal, scope)
    _require_open(goal)
    if goal.is_agreed:
        raise Refused(_("Both have agreed to this goal already. Reload the page."))
    is_mentor = scope.person_id == goal.mentorship.mentor_id
    if (goal.mentor_agreed_at if is_mentor else goal.mentee_agreed_at) is not None:
        raise Refused(_("This is your own proposal; it waits for the other's yes."))
    if is_mentor:
        goal.mentor_agreed_at = now
    else:
        goal.mentee_agreed_at = now
    goal.save()
    retire_notices(prefix=notices_work.goal_prefix(goal), now=now)
    post_notices(notices=notices_work.goal_agreed(goal), now=now)
    return goal


@transaction.atomic
def reach_goal(*, goal: MentoringGoal, scope: Scope, today: date, now: datetime) -> MentoringGoal:
    """Either of the two says that it is reached."""
    goal = _held_goal(goal, scope)
    _require_open(goal)
    if not goal.is_agreed:
        raise Refused(_("This goal is not agreed by both yet. Agree first, then mark it as reached."))
    goal.reached_on = today
    goal.save()
    retire_notices(prefix=notices_work.overdue_prefix(goal), now=now)
    return goal


@transaction.atomic
def drop_goal(*, goal: MentoringGoal, reason: str, scope: Scope, today: date, now: datetime) -> MentoringGoal:
    """Given up, or a proposal turned down: with a reason the other can read."""
    goal = _held_goal(goal, scope)
    _require_open(goal)
    if not reason.strip():
        raise Refused(_("Please say why in a few words: the other will read it."), field="reason")
    goal.dropped_on, goal.drop_reason = today, reason.strip()[:200]
    goal.save()
    retire_notices(prefix=notices_work.goal_prefix(goal), now=now)
    retire_notices(prefix=notices_work.overdue_prefix(goal), now=now)
    return goal


@transaction.atomic
def reopen_goal(*, goal: MentoringGoal, scope: Scope) -> MentoringGoal:
    """Undo of reaching or giving up."""
    goal = _held_goal(goal, scope)
    if goal.is_open:
        raise Refused(_("This goal is open already. Reload the page."))
    goal.reached_on, goal.dropped_on, goal.drop_reason = None, None, ""
    goal.save()
    return goal


@transaction.atomic
def toggle_step(*, step: GoalStep, scope: Scope, today: date) -> GoalStep:
    """Done, or to be done again."""
    goal = _held_goal(step.goal, scope)
    _require_open(goal)
    if not goal.is_agreed:
        raise Refused(_("This goal is not agreed by both yet. Agree first, then tick off its steps."))
    row = GoalStep.objects.filter(pk=step.pk).first()
    if row is None:
        raise Refused(_("This step has been taken out meanwhile. Reload the page."))
    row.done_on = None if row.done_on else today
    row.save(update_fields=["done_on"])
    return row


def _held(link: Mentorship, scope: Scope) -> Mentorship:
    link = lock_link(link)
    if scope.person_id not in (link.mentor_id, link.mentee_id):
        raise Refused(_("Goals are set by the two people of the link themselves."))
    if link.state != LinkState.ACTIVE:
        words = _("Goals are worked on while the link runs. This one is “%(state)s”; what was written stays.")
        raise Refused(words % {"state": link.get_state_display()})
    return link


def _held_goal(goal: MentoringGoal, scope: Scope) -> MentoringGoal:
    link = _held(goal.mentorship, scope)
    row: MentoringGoal = MentoringGoal.objects.get(pk=goal.pk)
    row.mentorship = link
    return row


def _require_open(goal: MentoringGoal) -> None:
    if not goal.is_open:
        raise Refused(_("This goal is reached or given up already. Open it again first."))


def _sign_anew(goal: MentoringGoal, scope: Scope, now: datetime) -> None:
    """Who writes has agreed, the other has not."""
    link = goal.mentorship
    is_mentor = scope.person_id == link.mentor_id
    goal.proposed_by = link.mentor if is_mentor else link.mentee
    goal.mentor_agreed_at, goal.mentee_agreed_at = (now, None) if is_mentor else (None, now)


def _write_steps(goal: MentoringGoal, entries: Sequence[StepEntry]) -> None:
    """The steps as written: those there changed, new ones added, the missing taken out unless they are done."""
    known = {step.pk: step for step in goal.steps.all()}
    for entry in entries:
        step = known.pop(entry.pk or 0, None) or GoalStep(goal=goal)
        if step.done_on is None:
            step.what, step.due_on = entry.what.strip()[:200], entry.due_on
            step.save()
    for step in known.values():
        if step.done_on is None:
            step.delete()
