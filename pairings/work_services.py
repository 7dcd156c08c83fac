"""The shared work plan and what a member pair sets out to do. The row of the pairing is the one lock of all work under it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from members.models import Person
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices_work
from .models import BranchPairing, MemberPairing, PairingTask, Side, SupportArea
from .plan_template import PlannedTask
from .rules import plan_problems, runs_a_side
from .steps import lock_pairing
from .work_rules import (
    branch_ids,
    day_words,
    is_at_work,
    may_change_pair,
    may_change_task,
    may_tick,
    task_problems,
)


@transaction.atomic
def add_task(
    *,
    pairing: BranchPairing,
    area: str,
    what: str,
    side: str,
    who: Person | None,
    starts_on: date | None,
    due_on: date | None,
    scope: Scope,
    by: User,
    now: datetime,
) -> PairingTask:
    """Put a line into the shared work plan and tell whose it is. Raises `Refused` (R90) for days and people outside the pairing."""
    pairing = hold_pairing(pairing)
    require_secretary(pairing, scope)
    values = {"area": area, "side": side, "who": who, "starts_on": starts_on, "due_on": due_on}
    refuse_blocked(task_problems(pairing=pairing, pair=None, **values))  # type: ignore[arg-type]  # the names and types of its parameters
    task = PairingTask.objects.create(pairing=pairing, what=what, **values)
    _tell_assigned(task, by=by, now=now)
    return task


@transaction.atomic
def start_plan(*, pairing: BranchPairing, tasks: Iterable[PlannedTask], scope: Scope) -> list[PairingTask]:
    """Begin an empty work plan with these lines (those of the template, say). Raises `Refused` when it has some already."""
    pairing = hold_pairing(pairing)
    require_secretary(pairing, scope)
    tasks = list(tasks)
    if PairingTask.objects.filter(pairing=pairing).of_plan().exists():
        raise Refused(_("The plan has been begun already. Reload the page and add what is missing."))
    refuse_blocked(plan_problems(tasks, starts_on=pairing.starts_on, ends_on=pairing.ends_on))
    return [
        PairingTask.objects.create(pairing=pairing, area=task.area, side=task.side, what=task.what, due_on=task.due_on)
        for task in tasks
    ]


@transaction.atomic
def add_pair_task(
    *,
    pair: MemberPairing,
    area: str,
    what: str,
    who: Person | None,
    starts_on: date | None,
    due_on: date | None,
    scope: Scope,
    by: User,
    now: datetime,
) -> PairingTask:
    """Something a member pair will do in study, life, job hunting or work; the two themselves write it, or a secretary."""
    pairing = hold_pairing(pair.pairing)
    pair = _running_pair(pair, scope)
    values = {"area": area, "side": Side.BOTH, "who": who, "starts_on": starts_on, "due_on": due_on}
    refuse_blocked(task_problems(pairing=pairing, pair=pair, **values))  # type: ignore[arg-type]  # the names and types of its parameters
    task = PairingTask.objects.create(pairing=pairing, member_pairing=pair, what=what, **values)
    _tell_assigned(task, by=by, now=now)
    return task


@transaction.atomic
def change_task(
    *,
    task: PairingTask,
    area: str,
    what: str,
    side: str,
    who: Person | None,
    starts_on: date | None,
    due_on: date | None,
    scope: Scope,
    by: User,
    now: datetime,
) -> PairingTask:
    """Correct a task. Somebody who was not named before is told; who is no longer named is not asked any more."""
    pairing, task = _held_task(task)
    _require_task(task, scope)
    pair, previous = task.member_pairing, task.who_id
    values = {"area": area, "side": side, "who": who, "starts_on": starts_on, "due_on": due_on}
    # Who was named before may have left the branch since; that alone does not stop a correction.
    has_left = who is not None and who.pk == previous and who.party_branch_id not in branch_ids(pairing)
    checked = {**values, "who": None} if has_left and pair is None else values
    refuse_blocked(task_problems(pairing=pairing, pair=pair, **checked))  # type: ignore[arg-type]  # the names and types of its parameters
    task.what = what
    for name, value in values.items():
        setattr(task, name, value)
    task.save()
    if task.who_id != previous:
        retire_notices(prefix=notices_work.assigned_prefix(task), now=now)
        _tell_assigned(task, by=by, now=now)
    return task


@transaction.atomic
def remove_task(*, task: PairingTask, scope: Scope, now: datetime) -> None:
    """Take out a line that was never done; what was done stays."""
    _pairing, task = _held_task(task)
    _require_task(task, scope)
    if task.done_on is not None:
        raise Refused(
            _("This task was done on %(on)s. Open it again before removing it.") % {"on": day_words(task.done_on)}
        )
    retire_notices(prefix=notices_work.assigned_prefix(task), now=now)
    task.delete()


@transaction.atomic
def finish_task(*, task: PairingTask, evidence: str, scope: Scope, by: User, today: date, now: datetime) -> PairingTask:
    """Tick a task off, with a sentence on where its evidence is. A second press reads who was first."""
    _pairing, task = _held_task(task)
    if not may_tick(task, scope):
        raise Refused(
            _("A task is ticked off by the one whose it is, by the pair, or by a secretary of the two branches.")
        )
    if task.done_on is not None:
        raise Refused(_("%(name)s has ticked this off already. Reload the page.") % {"name": task.done_by})
    task.done_on, task.done_by, task.evidence = today, by, evidence.strip()[:300]
    task.save()
    retire_notices(prefix=notices_work.assigned_prefix(task), now=now)
    return task


@transaction.atomic
def reopen_task(*, task: PairingTask, scope: Scope) -> PairingTask:
    """Undo: the task is to be done again. Its evidence stays in the history."""
    _pairing, task = _held_task(task)
    if not may_tick(task, scope):
        raise Refused(
            _("A task is opened again by the one whose it is, by the pair, or by a secretary of the two branches.")
        )
    if task.done_on is None:
        raise Refused(_("This task is open already. Reload the page."))
    task.done_on, task.done_by, task.evidence = None, None, ""
    task.save()
    return task


@transaction.atomic
def agree_goal(*, pair: MemberPairing, goal: str, support_areas: Iterable[str], scope: Scope) -> MemberPairing:
    """What the two want to reach, and in which areas they help each other; either of them may write it."""
    hold_pairing(pair.pairing)
    pair = _running_pair(pair, scope)
    chosen = set(support_areas)
    pair.goal = goal.strip()[:200]
    pair.support_areas = [area for area in SupportArea.values if area in chosen]
    pair.save()
    return pair


def hold_pairing(pairing: BranchPairing) -> BranchPairing:
    """The pairing as it is now, locked until the transaction ends. Raises `Refused` (R90) unless it is active."""
    row = lock_pairing(pairing)
    if not is_at_work(row):
        words = _("Work is written down while a pairing is active. This one is “%(state)s”; what was written stays.")
        raise Refused(words % {"state": row.get_state_display()}, rule="R90")
    return row


def require_secretary(pairing: BranchPairing, scope: Scope) -> None:
    if not runs_a_side(pairing, scope):
        raise Refused(
            _("This is written by the secretaries and organisation officers of the two branches. Ask one of them.")
        )


def _held_task(task: PairingTask) -> tuple[BranchPairing, PairingTask]:
    pairing = hold_pairing(task.pairing)
    rows: Any = PairingTask.objects.select_related("pairing", "member_pairing__pairing", "who", "done_by")
    found = rows.filter(pk=task.pk).first()
    if found is None:
        raise Refused(_("This task has been removed meanwhile. Reload the page."))
    if found.member_pairing is not None:
        _require_running(found.member_pairing)
    return pairing, found


def _require_task(task: PairingTask, scope: Scope) -> None:
    if task.member_pairing is None:
        require_secretary(task.pairing, scope)
    elif not may_change_task(task, scope):
        _refuse_pair()


def _running_pair(pair: MemberPairing, scope: Scope) -> MemberPairing:
    row: MemberPairing = MemberPairing.objects.select_related("pairing").get(pk=pair.pk)
    _require_running(row)
    if not may_change_pair(row, scope):
        _refuse_pair()
    return row


def _require_running(pair: MemberPairing) -> None:
    if pair.ended_on is not None:
        raise Refused(
            _("This pair ended on %(on)s. What was written stays.") % {"on": day_words(pair.ended_on)}, rule="R90"
        )
    if pair.is_draft:
        raise Refused(_("This pair is not published yet. Publish the pairs first."), rule="R90")


def _refuse_pair() -> None:
    raise Refused(_("Only the two people of the pair and the secretaries of the two branches change this."))


def _tell_assigned(task: PairingTask, *, by: User, now: datetime) -> None:
    notice = notices_work.task_assigned(task)
    if notice is not None and notice.user_id != by.pk:
        post_notices(notices=[notice], now=now)
