"""What waits for a secretary in pairings: answers, changes, stand-ins, findings, tasks. One query each, one line each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from branches.policy import Policy
from pairing_portal.common.scope import Scope
from pairings.models import BranchPairing, Cover, CoverState, InspectionFinding, PairingState, PairingTask

from .workbench_parts import Task

SHOWN = 5


def pairing_tasks(scope: Scope, today: date) -> list[Task]:
    """Empty for whoever runs no branch."""
    if not scope.managed_branch_ids:
        return []
    return [
        *_proposals(scope, today),
        *_changes(scope),
        *_asks(scope),
        *_findings(scope, today),
        *_overdue(scope, today),
    ]


def _late_before(today: date) -> Any:
    return timezone.now() - timedelta(days=Policy().number("confirm_reminder_days", today))


def _proposals(scope: Scope, today: date) -> list[Task]:
    tasks = []
    late_before = _late_before(today)
    for pairing in BranchPairing.objects.visible_to(scope).waiting_for(scope).with_branches()[:SHOWN]:
        since = pairing.helping_confirmed_at or pairing.partner_confirmed_at
        label = _("Pairing proposed: %(pairing)s") % {"pairing": pairing}
        address = reverse("pairing", args=[pairing.pk])
        tasks.append(Task(label, 1, address, "link", since, bool(since and since < late_before)))
    return tasks


def _changes(scope: Scope) -> list[Task]:
    """Own proposals the other side wants changed."""
    mine = BranchPairing.objects.visible_to(scope).filter(
        state=PairingState.CHANGES_ASKED, author_branch_id__in=scope.managed_branch_ids
    )
    return [
        Task(
            _("Changes asked for: %(pairing)s") % {"pairing": pairing},
            1,
            reverse("pairing", args=[pairing.pk]),
            "pencil",
        )
        for pairing in mine.with_branches()[:SHOWN]
    ]


def _asks(scope: Scope) -> list[Task]:
    """Stand-ins asked of an own branch."""
    asked = Cover.objects.visible_to(scope).filter(
        state=CoverState.ASKED, stand_in__party_branch_id__in=scope.managed_branch_ids
    )
    found = asked.aggregate(count=Count("pk"), oldest=Min("asked_at"))
    return _task(_("Stand-ins to answer"), found, reverse("continuity"), "person-check")


def _findings(scope: Scope, today: date) -> list[Task]:
    """Findings of cross-inspections in own records; late when the day to mend them by is past."""
    found = (
        InspectionFinding.objects.visible_to(scope)
        .unmended()
        .filter(
            inspection__inspected_branch_id__in=scope.managed_branch_ids, inspection__pairing__state=PairingState.ACTIVE
        )
        .aggregate(count=Count("pk"), oldest=Min("mend_by_on"), pairing=Min("inspection__pairing"))
    )
    address = reverse("work", args=[found["pairing"]]) if found["count"] else ""
    is_late = bool(found["oldest"] and found["oldest"] < today)
    return _task(_("Findings to mend"), found | {"oldest": None}, address, "clipboard-data", is_late=is_late)


def _overdue(scope: Scope, today: date) -> list[Task]:
    """Lines of shared work plans that are past their day, on an own branch's side."""
    mine = Q(side="both") | Q(side="helping", pairing__helping_branch_id__in=scope.managed_branch_ids)
    mine |= Q(side="partner", pairing__partner_branch_id__in=scope.managed_branch_ids)
    found = (
        PairingTask.objects.changeable_by(scope)
        .open()
        .of_plan()
        .filter(mine, due_on__lt=today, pairing__state=PairingState.ACTIVE)
        .aggregate(count=Count("pk"), oldest=Min("due_on"), pairing=Min("pairing"))
    )
    address = reverse("work", args=[found["pairing"]]) if found["count"] else ""
    return _task(_("Tasks of the work plan overdue"), found, address, "calendar-check", is_late=True)


def _task(label: str, found: dict[str, Any], address: str, icon: str, *, is_late: bool = False) -> list[Task]:
    return [Task(label, found["count"], address, icon, found["oldest"], is_late)] if found["count"] else []
