"""Pairings: steps of an agreement that wait, tasks of the shared plan, findings of cross-inspections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pairings.models import BranchPairing, InspectionFinding, PairingState, PairingTask, Side

from .base import Overdue, SupervisionSource, Watch

A_DAY: Final = timedelta(days=1)


def find_agreements(watch: Watch) -> Iterator[Overdue]:
    """Proposals one branch has not confirmed, and changes its author has not made, for longer than the days of a reminder."""
    days = watch.number("confirm_reminder_days")
    waiting = BranchPairing.objects.filter(
        Q(helping_branch_id__in=watch.ids) | Q(partner_branch_id__in=watch.ids),
        state__in=(PairingState.PROPOSED, PairingState.CHANGES_ASKED),
    )
    rows = waiting.with_branches().annotate(moved_at=Max("steps__at")).order_by("pk")
    for pairing in rows:
        if pairing.moved_at is None or pairing.moved_at > watch.days_ago(days):
            continue
        since = timezone.localdate(pairing.moved_at) + timedelta(days=days)
        if pairing.state == PairingState.CHANGES_ASKED:
            turns, words = [pairing.author_branch_id], _("%(pairing)s: changes are asked for")
        else:
            turns, words = _unconfirmed(pairing), _("%(pairing)s waits to be confirmed")
        for branch_id in turns:
            if branch_id in watch.branches:
                yield Overdue(
                    f"agreement-{pairing.pk}-{branch_id}", branch_id, words % {"pairing": str(pairing)}, since,
                    reverse("pairing", args=[pairing.pk]), user_ids=watch.runs(branch_id),
                )  # fmt: skip


def _unconfirmed(pairing: BranchPairing) -> list[int]:
    sides = (
        (pairing.helping_branch_id, pairing.helping_confirmed_at),
        (pairing.partner_branch_id, pairing.partner_confirmed_at),
    )
    return [branch_id for branch_id, confirmed_at in sides if confirmed_at is None]


def find_tasks(watch: Watch) -> Iterator[Overdue]:
    """Lines of shared work plans past their day, in the branch whose side does them."""
    near = Q(pairing__helping_branch_id__in=watch.ids) | Q(pairing__partner_branch_id__in=watch.ids)
    open_tasks = (
        PairingTask.objects.open().of_plan().filter(near, due_on__lt=watch.today, pairing__state=PairingState.ACTIVE)
    )
    for task in open_tasks.select_related("pairing", "who").order_by("due_on", "pk"):
        sides = {
            Side.HELPING: [task.pairing.helping_branch_id], Side.PARTNER: [task.pairing.partner_branch_id],
            Side.BOTH: [task.pairing.helping_branch_id, task.pairing.partner_branch_id],
        }[Side(task.side)]  # fmt: skip
        words = _("%(what)s, due on %(on)s") % {"what": task.what, "on": date_format(task.due_on)}
        for branch_id in sides:
            if branch_id in watch.branches:
                is_own = task.who is not None and task.who.party_branch_id == branch_id
                yield Overdue(
                    f"task-{task.pk}-{branch_id}", branch_id, words, task.due_on + A_DAY,
                    f"{reverse('work', args=[task.pairing_id])}#task-{task.pk}", task.who_id if is_own else None,
                    watch.or_secretaries(task.who.user_id if is_own else None, branch_id),
                )  # fmt: skip


def find_findings(watch: Watch) -> Iterator[Overdue]:
    """Problems found in a branch's records and not mended by their day."""
    rows = InspectionFinding.objects.unmended().filter(
        inspection__inspected_branch_id__in=watch.ids, inspection__pairing__state=PairingState.ACTIVE, mend_by_on__lt=watch.today
    )  # fmt: skip
    for finding in rows.select_related("inspection", "material").order_by("mend_by_on", "pk"):
        branch_id = finding.inspection.inspected_branch_id
        words = _("%(record)s: to be mended by %(on)s") % {
            "record": finding.material.name, "on": date_format(finding.mend_by_on),
        }  # fmt: skip
        yield Overdue(
            f"finding-{finding.pk}", branch_id, words, finding.mend_by_on + A_DAY,
            f"{reverse('inspection', args=[finding.inspection_id])}#finding-{finding.pk}", user_ids=watch.runs(branch_id),
        )  # fmt: skip


PAIRINGS: Final = (
    SupervisionSource("agreements", "R90", gettext_lazy("Agreements waiting for a branch"), "info", find_agreements),
    SupervisionSource("tasks", "R90", gettext_lazy("Tasks of pairings overdue"), "info", find_tasks),
    SupervisionSource("findings", "R90", gettext_lazy("Findings of inspections not mended"), "warn", find_findings),
)
