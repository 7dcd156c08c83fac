"""Joint research projects: question, people of both branches, milestones, outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.models import Person
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from .models import BranchPairing, JointProject, ProjectMilestone
from .work_models import ProjectState
from .work_rules import participant_problems, within_pairing
from .work_services import hold_pairing, require_secretary


@transaction.atomic
def start_project(
    *, pairing: BranchPairing, title: str, question: str, lead: Person | None, members: Sequence[Person], scope: Scope
) -> JointProject:
    """Begin a project of both branches. Raises `Refused` (R90) for people of a third branch or a title used before."""
    pairing = hold_pairing(pairing)
    require_secretary(pairing, scope)
    refuse_blocked(participant_problems(pairing, lead=lead, members=members))
    _require_free_title(pairing, title)
    project = JointProject.objects.create(pairing=pairing, title=title, question=question, lead=lead)
    project.members.set(members)
    return project


@transaction.atomic
def change_project(
    *, project: JointProject, title: str, question: str, lead: Person | None, members: Sequence[Person], scope: Scope
) -> JointProject:
    """Correct title, question and people. Who took part before and has left the branch since may stay."""
    pairing, project = _held_project(project, scope)
    known = [*project.members.values_list("pk", flat=True), *([project.lead_id] if project.lead_id else [])]
    refuse_blocked(participant_problems(pairing, lead=lead, members=members, known=known))
    _require_free_title(pairing, title, other_than=project)
    project.title, project.question, project.lead = title, question, lead
    project.save()
    project.members.set(members)
    return project


@transaction.atomic
def finish_project(*, project: JointProject, outcome: str, scope: Scope) -> JointProject:
    """The project has an outcome, in words."""
    if not outcome.strip():
        raise Refused(_("What came out of the project? One sentence is needed."), field="outcome")
    return _settle(project, ProjectState.FINISHED, outcome, scope)


@transaction.atomic
def stop_project(*, project: JointProject, reason: str, scope: Scope) -> JointProject:
    """The project is given up, with a reason that takes the place of the outcome."""
    if not reason.strip():
        raise Refused(_("Why is the project stopped? One sentence is needed."), field="outcome")
    return _settle(project, ProjectState.STOPPED, reason, scope)


@transaction.atomic
def resume_project(*, project: JointProject, scope: Scope) -> JointProject:
    """Undo of finishing or stopping: the project runs again; what was written stands in the history."""
    pairing = hold_pairing(project.pairing)
    require_secretary(pairing, scope)
    project = JointProject.objects.get(pk=project.pk)
    if project.state == ProjectState.RUNNING:
        raise Refused(_("This project is running already. Reload the page."))
    project.state, project.outcome = ProjectState.RUNNING, ""
    project.save()
    return project


@transaction.atomic
def add_milestone(*, project: JointProject, title: str, due_on: date, scope: Scope) -> ProjectMilestone:
    """One step of the project, due within the pairing (R90)."""
    pairing, project = _held_project(project, scope)
    refuse_blocked(within_pairing(pairing, due_on, "due_on"))
    return ProjectMilestone.objects.create(project=project, title=title, due_on=due_on)


@transaction.atomic
def finish_milestone(*, milestone: ProjectMilestone, scope: Scope, today: date) -> ProjectMilestone:
    milestone = _held_milestone(milestone, scope)
    if milestone.done_on is not None:
        raise Refused(_("This milestone was reached already. Reload the page."))
    milestone.done_on = today
    milestone.save()
    return milestone


@transaction.atomic
def reopen_milestone(*, milestone: ProjectMilestone, scope: Scope) -> ProjectMilestone:
    """Undo: the milestone is still ahead."""
    milestone = _held_milestone(milestone, scope)
    if milestone.done_on is None:
        raise Refused(_("This milestone is open already. Reload the page."))
    milestone.done_on = None
    milestone.save()
    return milestone


@transaction.atomic
def remove_milestone(*, milestone: ProjectMilestone, scope: Scope) -> None:
    """Take out a milestone that was not reached; the history keeps it."""
    milestone = _held_milestone(milestone, scope)
    if milestone.done_on is not None:
        raise Refused(_("This milestone was reached. Open it again before removing it."))
    milestone.delete()


def _settle(project: JointProject, state: ProjectState, words: str, scope: Scope) -> JointProject:
    _pairing, project = _held_project(project, scope)
    project.state, project.outcome = state, words.strip()[:500]
    project.save()
    return project


def _held_project(project: JointProject, scope: Scope) -> tuple[BranchPairing, JointProject]:
    """A running project of an active pairing, locked, for who may write."""
    pairing = hold_pairing(project.pairing)
    require_secretary(pairing, scope)
    row: JointProject = JointProject.objects.select_related("lead").get(pk=project.pk)
    if row.state != ProjectState.RUNNING:
        words = _("This project is “%(state)s”. Take it up again before changing it.")
        raise Refused(words % {"state": row.get_state_display()})
    return pairing, row


def _held_milestone(milestone: ProjectMilestone, scope: Scope) -> ProjectMilestone:
    _held_project(milestone.project, scope)
    rows: Any = ProjectMilestone.objects.filter(pk=milestone.pk)
    found: ProjectMilestone | None = rows.first()
    if found is None:
        raise Refused(_("This milestone has been removed meanwhile. Reload the page."))
    return found


def _require_free_title(pairing: BranchPairing, title: str, other_than: JointProject | None = None) -> None:
    taken = JointProject.objects.filter(pairing=pairing, title=title)
    if other_than is not None:
        taken = taken.exclude(pk=other_than.pk)
    if taken.exists():
        raise Refused(_("This pairing has a project of that title."), field="title")
