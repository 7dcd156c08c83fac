"""What two paired branches have on the calendar; each source is one query."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from pairing_portal.common.registries import CalendarEntry
from pairing_portal.common.scope import Scope

from .models import BranchPairing, Cover, InspectionFinding, PairingState, PairingTask, ProjectMilestone
from .rules import sits_beside_it
from .states import AGREED_STATES
from .work_models import ProjectState


def covers(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Agreed stand-in duties, the same line for both sides: who stands in for whom with what."""
    agreed: Any = Cover.objects.visible_to(scope).accepted().filter(from_on__lte=last, to_on__gte=first)
    branches = ("pairing__helping_branch", "pairing__partner_branch")
    for cover in agreed.select_related("stand_in", "absent", *branches).order_by("from_on", "pk"):
        whom = cover.absent.name if cover.absent else cover.pairing.partner_branch.short_name
        words = {"stand_in": cover.stand_in.name, "whom": whom, "duty": cover.get_duty_display()}
        yield CalendarEntry(
            on=cover.from_on, until=cover.to_on, kind="cover", icon="person-check", note=str(cover.pairing),
            title=_("%(stand_in)s stands in for %(whom)s: %(duty)s") % words, url=_cover_page(cover, scope),
            is_mine=scope.person_id is not None and scope.person_id in (cover.stand_in_id, cover.absent_id),
        )  # fmt: skip


def _cover_page(cover: Any, scope: Scope) -> str:
    """The page of stand-ins for committees and those above them, the own record for the two people."""
    if scope.whole_college or sits_beside_it(cover.pairing, scope):
        return f"{reverse('continuity')}?pairing={cover.pairing_id}#stand-ins"
    return reverse("my_record")


def tasks(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Lines of running shared plans that are still to do, on their due day."""
    today = timezone.localdate()
    due = PairingTask.objects.visible_to(scope).of_plan().open().filter(due_on__range=(first, last))
    running = due.filter(pairing__state=PairingState.ACTIVE)
    branches = ("pairing__helping_branch", "pairing__partner_branch")
    for task in running.select_related("who", *branches).order_by("due_on", "pk"):
        parts = [_("overdue") if task.due_on < today else "", task.who.name if task.who else "", str(task.pairing)]
        yield CalendarEntry(
            on=task.due_on, title=task.what, kind="task", icon="clipboard-check", note=_joined(parts),
            url=f"{reverse('work', args=[task.pairing_id])}#task-{task.pk}",
            is_mine=task.who_id is not None and task.who_id == scope.person_id,
        )  # fmt: skip


def findings(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """What is to be mended by when: for the two committees, who mend and ask after it."""
    if not scope.branch_ids:
        return
    today = timezone.localdate()
    own = Q(inspection__pairing__helping_branch_id__in=scope.branch_ids)
    own |= Q(inspection__pairing__partner_branch_id__in=scope.branch_ids)
    due = InspectionFinding.objects.visible_to(scope).unmended().filter(own, mend_by_on__range=(first, last))
    running = due.filter(inspection__pairing__state=PairingState.ACTIVE)
    for finding in running.select_related("material", "inspection__inspected_branch").order_by("mend_by_on", "pk"):
        branch = finding.inspection.inspected_branch.short_name
        yield CalendarEntry(
            on=finding.mend_by_on, title=f"{finding.material.name} · {branch}", kind="finding", icon="journal-check",
            note=_joined([_("overdue") if finding.mend_by_on < today else "", finding.problem]),
            url=reverse("inspection", args=[finding.inspection_id]),
        )  # fmt: skip


def milestones(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Milestones of running joint projects that are not reached yet."""
    today = timezone.localdate()
    due = ProjectMilestone.objects.visible_to(scope).filter(done_on=None, due_on__range=(first, last))
    running = due.filter(project__state=ProjectState.RUNNING, project__pairing__state=PairingState.ACTIVE)
    for milestone in running.select_related("project").order_by("due_on", "pk"):
        yield CalendarEntry(
            on=milestone.due_on, title=milestone.title, kind="milestone", icon="flag",
            note=_joined([_("overdue") if milestone.due_on < today else "", milestone.project.title]),
            url=reverse("project", args=[milestone.project_id]),
        )  # fmt: skip


def pairings(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """First and last day of every agreed pairing; one that ended early has no last day to keep."""
    span = (first, last)
    agreed = BranchPairing.objects.visible_to(scope).filter(state__in=AGREED_STATES)
    touching = agreed.filter(Q(starts_on__range=span) | Q(ends_on__range=span))
    for pairing in touching.with_branches().order_by("starts_on", "pk"):
        begins, ends = _("Pairing begins: %(pairing)s"), _("Pairing ends: %(pairing)s")
        url = reverse("pairing", args=[pairing.pk])
        if first <= pairing.starts_on <= last:
            yield CalendarEntry(pairing.starts_on, begins % {"pairing": pairing}, "pairing", "link", url=url)
        if first <= pairing.ends_on <= last and pairing.state != PairingState.ENDED_EARLY:
            yield CalendarEntry(pairing.ends_on, ends % {"pairing": pairing}, "pairing", "link", url=url)


def _joined(parts: list[str]) -> str:
    return " · ".join(part for part in parts if part)
