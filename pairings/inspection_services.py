"""One branch looks through the records of the other: what was found, and what is mended since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from branches.models import PartyBranch
from notifications.services import post_notices, retire_notices
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.scope import Scope

from . import notices_work
from .models import BranchPairing, CrossInspection, InspectionFinding, PairingTask, Side, TaskArea
from .work_rules import FindingEntry, finding_problems, inspection_problems
from .work_services import hold_pairing, require_secretary


@transaction.atomic
def record_inspection(
    *,
    pairing: BranchPairing,
    inspecting_branch: PartyBranch,
    inspected_branch: PartyBranch,
    on: date,
    inspectors: str,
    note: str,
    findings: Iterable[FindingEntry],
    scope: Scope,
    by: User,
    today: date,
    now: datetime,
) -> CrossInspection:
    """Write down an inspection; rows left empty were not looked at. Tells the inspected side when there is something to mend.

    Raises `Refused` (R90): a third branch, a day to come or before the pairing, a problem without a day, nothing looked at.
    """
    pairing = hold_pairing(pairing)
    refuse_blocked(
        inspection_problems(
            pairing=pairing, inspecting_branch=inspecting_branch, inspected_branch=inspected_branch, on=on, today=today
        )
    )
    _require_inspector(inspecting_branch.pk, scope)
    entries = _checked(pairing, findings, on)
    inspection = CrossInspection.objects.create(
        pairing=pairing, inspecting_branch=inspecting_branch, inspected_branch=inspected_branch, on=on,
        inspectors=inspectors.strip(), note=note.strip(), recorded_by=by,
    )  # fmt: skip
    for entry in entries:
        InspectionFinding.objects.create(inspection=inspection, material=entry.material, **_values(entry))
    post_notices(notices=notices_work.inspection_recorded(inspection), now=now)
    return inspection


@transaction.atomic
def change_inspection(
    *,
    inspection: CrossInspection,
    on: date,
    inspectors: str,
    note: str,
    findings: Iterable[FindingEntry],
    scope: Scope,
    today: date,
    now: datetime,
) -> CrossInspection:
    """Correct what was written down. A finding reported mended stays as it is; one that is emptied is taken out."""
    pairing, inspection = _held_inspection(inspection)
    _require_inspector(inspection.inspecting_branch_id, scope)
    refuse_blocked(
        inspection_problems(
            pairing=pairing,
            inspecting_branch=inspection.inspecting_branch,
            inspected_branch=inspection.inspected_branch,
            on=on,
            today=today,
        )
    )
    known = {finding.material_id: finding for finding in InspectionFinding.objects.filter(inspection=inspection)}
    settled = {material_id for material_id, finding in known.items() if finding.mended_on is not None}
    days_before = {finding.mend_by_on for finding in known.values()}
    entries = _checked(pairing, findings, on, settled=settled)
    inspection.on, inspection.inspectors, inspection.note = on, inspectors.strip(), note.strip()
    inspection.save()
    for entry in entries:
        finding = known.get(entry.material.pk) or InspectionFinding(inspection=inspection, material=entry.material)
        _write(finding, _values(entry))
    written = {entry.material.pk for entry in entries} | settled
    for material_id, finding in known.items():
        if material_id not in written:
            finding.delete()
    _retire_settled(inspection, days_before, now=now)
    return inspection


@transaction.atomic
def report_mended(
    *, finding: InspectionFinding, note: str, scope: Scope, by: User, today: date, now: datetime
) -> InspectionFinding:
    """The inspected side says how a problem was mended; the reminders stop."""
    _pairing, finding = _held_finding(finding)
    if not scope.manages(finding.inspection.inspected_branch_id):
        raise Refused(_("Only the inspected branch reports that a problem is mended."))
    if not finding.problem:
        raise Refused(_("No problem was found in this record: there is nothing to mend."))
    if finding.mended_on is not None:
        raise Refused(_("%(name)s has reported this already. Reload the page.") % {"name": finding.mended_by})
    if not note.strip():
        raise Refused(_("One sentence on how it was mended is needed: the other side reads it."), field="note")
    finding.mended_on, finding.mended_by, finding.mend_note = today, by, note.strip()[:300]
    finding.save()
    retire_notices(prefix=notices_work.reopened_prefix(finding), now=now)
    _retire_settled(finding.inspection, {finding.mend_by_on}, now=now)
    return finding


@transaction.atomic
def reopen_finding(
    *, finding: InspectionFinding, scope: Scope, by: User, today: date, now: datetime
) -> InspectionFinding:
    """The inspecting side finds the problem still there, or who reported it mended today takes that back."""
    _pairing, finding = _held_finding(finding)
    inspects = scope.manages(finding.inspection.inspecting_branch_id)
    if finding.mended_on is None:
        raise Refused(_("This problem is open already. Reload the page."))
    if not inspects and not (finding.mended_by_id == by.pk and finding.mended_on == today):
        raise Refused(_("Only the inspecting branch opens a problem again."))
    finding.mended_on, finding.mended_by, finding.mend_note = None, None, ""
    finding.save()
    if inspects:
        post_notices(notices=notices_work.finding_reopened(finding, now=now), now=now)
    return finding


@transaction.atomic
def plan_mending(*, finding: InspectionFinding, scope: Scope) -> PairingTask:
    """Turn a problem into a line of the development plan: a weak link, due when it is to be mended by. Once."""
    pairing, finding = _held_finding(finding)
    require_secretary(pairing, scope)
    if not finding.problem:
        raise Refused(_("No problem was found in this record: there is nothing to mend."))
    what = weak_link_words(finding)
    if PairingTask.objects.filter(pairing=pairing, area=TaskArea.WEAK_LINK, what=what).exists():
        raise Refused(_("This problem stands in the work plan already."))
    is_helping = finding.inspection.inspected_branch_id == pairing.helping_branch_id
    return PairingTask.objects.create(
        pairing=pairing, area=TaskArea.WEAK_LINK, what=what, side=Side.HELPING if is_helping else Side.PARTNER,
        due_on=finding.mend_by_on,
    )  # fmt: skip


def weak_link_words(finding: InspectionFinding) -> str:
    """How a problem reads as a line of the plan; the same problem always reads the same."""
    return f"{finding.material.name}:{finding.problem}"[:200]


def _checked(
    pairing: BranchPairing, findings: Iterable[FindingEntry], on: date, *, settled: Iterable[int] = ()
) -> list[FindingEntry]:
    entries = [entry for entry in findings if not entry.is_empty and entry.material.pk not in settled]
    if not entries and not settled:
        raise Refused(_("Nothing was looked at. Fill in at least one record."), field="__all__")
    for entry in entries:
        refuse_blocked(finding_problems(pairing, entry, on))
    return entries


def _values(entry: FindingEntry) -> dict[str, Any]:
    return {
        "expected": entry.expected, "found": entry.found, "problem": entry.problem, "mend_by_on": entry.mend_by_on,
    }  # fmt: skip


def _write(finding: InspectionFinding, values: dict[str, Any]) -> None:
    """Save only what changed, so that the history tells of corrections and of nothing else."""
    if finding.pk and all(getattr(finding, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(finding, name, value)
    finding.save()


def _require_inspector(branch_id: int, scope: Scope) -> None:
    if not scope.manages(branch_id):
        raise Refused(_("An inspection is written down by the secretary or organisation officer who inspected."))


def _held_inspection(inspection: CrossInspection) -> tuple[BranchPairing, CrossInspection]:
    pairing = hold_pairing(inspection.pairing)
    rows: Any = CrossInspection.objects.select_related("inspecting_branch", "inspected_branch")
    return pairing, rows.get(pk=inspection.pk)


def _held_finding(finding: InspectionFinding) -> tuple[BranchPairing, InspectionFinding]:
    pairing = hold_pairing(finding.inspection.pairing)
    rows: Any = InspectionFinding.objects.select_related(
        "material", "mended_by", "inspection__inspected_branch", "inspection__pairing"
    )
    found = rows.filter(pk=finding.pk).first()
    if found is None:
        raise Refused(_("This finding has been corrected meanwhile. Reload the page."))
    return pairing, found


def _retire_settled(inspection: CrossInspection, days: Iterable[date | None], *, now: datetime) -> None:
    """Notices of those of `days` on which nothing is left to mend leave the bell."""
    open_days = set(
        InspectionFinding.objects.unmended().filter(inspection=inspection).values_list("mend_by_on", flat=True)
    )
    for day in days:
        if day is not None and day not in open_days:
            retire_notices(prefix=notices_work.finding_due_prefix(inspection.pk, day), now=now)
    if not open_days:
        retire_notices(prefix=f"{notices_work.INSPECTION_RECORDED}:{inspection.pk}:", now=now)
