"""Cross-inspections: write one down, read it, report what is mended."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.doing import act, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.registries import Evidence, inspection_evidence
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import inspection_services
from .forms_work import InspectionSheet, MendedForm
from .models import BranchPairing, CrossInspection, InspectionFinding, InspectionMaterial, PairingTask, TaskArea
from .rules import runs_a_side
from .views_work import require, work_url, writable_pairing
from .work_rules import is_at_work


@require_http_methods(["GET", "POST"])
def work_inspection_new(request: HttpRequest, pk: int) -> HttpResponse:
    """One page for an inspection: a row for each kind of record, filled in where somebody looked."""
    scope, pairing = writable_pairing(request, pk)
    today = timezone.localdate()
    sheet = InspectionSheet(posted(request), pairing=pairing, scope=scope, today=today)
    if request.method == "POST" and sheet.is_valid():
        try:
            inspection = inspection_services.record_inspection(
                pairing=pairing, **sheet.service_arguments(), scope=scope, by=request.user, today=today, now=timezone.now()
            )  # fmt: skip
        except Refused as refusal:
            sheet.refuse(refusal)
        else:
            say_done(request, _("The inspection is written down. The other side sees it now."))
            return redirect("inspection", pk=inspection.pk)
    inspected = _other_side(pairing, scope)
    if inspected is not None:
        held = evidence_for(inspected, [line.material.name for line in sheet.rows], pairing.starts_on, today)
        sheet.show_evidence(held)
    context = {"sheet": sheet, "pairing": pairing, "inspection": None, "back": work_url(pk)}
    return render(request, "pairings/inspection_form.html", context, status=400 if sheet.has_errors else 200)


def _other_side(pairing: BranchPairing, scope: Scope) -> int | None:
    """Whose records are looked at, where the user runs one of the two branches only."""
    sides = (pairing.helping_branch_id, pairing.partner_branch_id)
    others = [branch_id for branch_id in sides if not scope.manages(branch_id)]
    return others[0] if len(others) == 1 else None


def evidence_for(branch_id: int, records: list[str], first: date, last: date) -> dict[str, Evidence]:
    """What the rooms that keep records hold of them; a record nobody keeps is missing."""
    found: dict[str, Evidence] = {}
    for source in inspection_evidence:
        found |= source(branch_id, records, first, last)
    return found


def _visible_inspection(request: HttpRequest, pk: int) -> tuple[Scope, CrossInspection]:
    scope = scope_of(request)
    findings = InspectionFinding.objects.visible_to(scope).select_related("material", "mended_by")
    rows = CrossInspection.objects.visible_to(scope).select_related(
        "pairing__helping_branch", "pairing__partner_branch", "inspecting_branch", "inspected_branch", "recorded_by"
    )
    return scope, get_visible_or_404(rows.prefetch_related(Prefetch("findings", queryset=findings)), pk=pk)


@require_GET
def inspection(request: HttpRequest, pk: int) -> HttpResponse:
    """What was expected and found, what is missing in words, and how far it is mended."""
    scope, row = _visible_inspection(request, pk)
    at_work = is_at_work(row.pairing)
    findings = list(row.findings.all())
    looked_at = {finding.material_id for finding in findings}
    names = [finding.material.name for finding in findings]
    held = evidence_for(row.inspected_branch_id, names, row.pairing.starts_on, row.on)
    context = {
        "inspection": row,
        "rows": [
            _finding_row(finding, planned) | {"evidence": held.get(finding.material.name)}
            for finding, planned in _with_plan(findings, row, scope)
        ],
        "has_evidence": bool(held),
        "problems": sum(bool(finding.problem) for finding in findings),
        "open_problems": sum(bool(finding.problem) and finding.mended_on is None for finding in findings),
        "not_looked_at": InspectionMaterial.objects.visible_to(scope).filter(is_active=True).exclude(pk__in=looked_at),
        "may_report": at_work and scope.manages(row.inspected_branch_id),
        "may_reopen": at_work and scope.manages(row.inspecting_branch_id),
        "may_plan": at_work and runs_a_side(row.pairing, scope),
    }
    return render(request, "pairings/inspection.html", context)


def _with_plan(
    findings: list[InspectionFinding], row: CrossInspection, scope: Scope
) -> list[tuple[InspectionFinding, bool]]:
    """Each finding, and whether its problem stands in the work plan."""
    planned = set(
        PairingTask.objects.visible_to(scope)
        .filter(pairing=row.pairing, area=TaskArea.WEAK_LINK)
        .values_list("what", flat=True)
    )
    return [(finding, inspection_services.weak_link_words(finding) in planned) for finding in findings]


def _finding_row(finding: InspectionFinding, planned: bool) -> dict[str, Any]:
    missing = (finding.expected or 0) - finding.found if finding.found is not None else 0
    is_open = bool(finding.problem) and finding.mended_on is None
    return {"finding": finding, "missing": max(missing, 0), "is_planned": planned, "is_open": is_open}


@require_http_methods(["GET", "POST"])
def inspection_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The inspecting side corrects what it wrote; what was reported mended stays."""
    scope, row = _visible_inspection(request, pk)
    require(scope.manages(row.inspecting_branch_id))
    today = timezone.localdate()
    sheet = InspectionSheet(posted(request), pairing=row.pairing, scope=scope, today=today, inspection=row)
    if request.method == "POST" and sheet.is_valid():
        try:
            inspection_services.change_inspection(
                inspection=row, **sheet.service_arguments(), scope=scope, today=today, now=timezone.now()
            )
        except Refused as refusal:
            sheet.refuse(refusal)
        else:
            say_done(request, _("Saved."))
            return redirect("inspection", pk=pk)
    names = [line.material.name for line in sheet.rows]
    sheet.show_evidence(evidence_for(row.inspected_branch_id, names, row.pairing.starts_on, row.on))
    context = {"sheet": sheet, "pairing": row.pairing, "inspection": row, "back": reverse("inspection", args=[pk])}
    return render(request, "pairings/inspection_form.html", context, status=400 if sheet.has_errors else 200)


def _visible_finding(request: HttpRequest, pk: int) -> tuple[Scope, InspectionFinding, str]:
    scope = scope_of(request)
    rows = InspectionFinding.objects.visible_to(scope).select_related("inspection__pairing", "material")
    finding = get_visible_or_404(rows, pk=pk)
    return scope, finding, f"{reverse('inspection', args=[finding.inspection_id])}#finding-{pk}"


@require_POST
def finding_mended(request: HttpRequest, pk: int) -> HttpResponse:
    """The inspected side reports how a problem was mended."""
    scope, finding, back = _visible_finding(request, pk)
    require(scope.manages(finding.inspection.inspected_branch_id))
    form = MendedForm(request.POST)
    if not form.is_valid():
        say_refused(request, form.errors["note"][0])
        return redirect(back)
    return act(
        request,
        lambda: inspection_services.report_mended(
            finding=finding, note=form.cleaned_data["note"], scope=scope, by=request.user, today=timezone.localdate(),
            now=timezone.now(),
        ),
        done=_("Reported. The other side sees it; the reminders stop."),
        back=back,
        undo_url=reverse("finding_reopen", args=[pk]),
    )  # fmt: skip


@require_POST
def finding_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """The inspecting side sees the problem still there; or undo of the report."""
    scope, finding, back = _visible_finding(request, pk)
    require(runs_a_side(finding.inspection.pairing, scope))
    return act(
        request,
        lambda: inspection_services.reopen_finding(
            finding=finding, scope=scope, by=request.user, today=timezone.localdate(), now=timezone.now()
        ),
        done=_("The finding is open again."),
        back=back,
    )


@require_POST
def finding_task(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the problem into the plan as a weak link to mend."""
    scope, finding, back = _visible_finding(request, pk)
    require(runs_a_side(finding.inspection.pairing, scope))
    return act(
        request,
        lambda: inspection_services.plan_mending(finding=finding, scope=scope),
        done=_("It stands in the work plan now, under the weak links."),
        back=back,
    )
