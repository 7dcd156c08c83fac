from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from . import services
from .forms import PairingForm, ReasonForm
from .models import BranchPairing, MemberPairing, PairingState, PairingStep


@require_GET
def pairing_list(request: HttpRequest) -> HttpResponse:
    """Pairings of own branches or of the department, this year's first."""
    scope = scope_of(request)
    pairings = BranchPairing.objects.visible_to(scope).with_branches().with_pair_counts()
    state = request.GET.get("state", "")
    if state in PairingState.values:
        pairings = pairings.filter(state=state)
    waiting = set(BranchPairing.objects.visible_to(scope).waiting_for(scope).values_list("pk", flat=True))
    context = {
        "pairings": pairings,
        "waiting": waiting,
        "states": PairingState.choices,
        "state": state,
        "may_propose": bool(scope.managed_branch_ids),
    }
    return render(request, "pairings/pairing_list.html", context)


@require_http_methods(["GET", "POST"])
def pairing_new(request: HttpRequest) -> HttpResponse:
    """Propose a pairing for a branch one runs."""
    scope = scope_of(request)
    if not scope.managed_branch_ids:
        raise PermissionDenied(_("Pairings are proposed by branch secretaries."))
    form = PairingForm(request.POST or None, scope=scope, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        try:
            pairing = services.propose_pairing(**form.cleaned_data, scope=scope, by=request.user, now=timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field or None, refusal)
        else:
            messages.success(request, _("The proposal was sent to the other branch."))
            return redirect("pairing", pk=pairing.pk)
    return render(request, "pairings/pairing_form.html", {"form": form}, status=400 if form.errors else 200)


@require_GET
def pairing_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The agreement, how it came about, the pairs, and what can be done next."""
    scope = scope_of(request)
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    context = {
        "pairing": pairing,
        "steps": PairingStep.objects.visible_to(scope).filter(pairing=pairing).select_related("by", "for_branch"),
        "pairs": MemberPairing.objects.visible_to(scope).filter(pairing=pairing).with_people(),
        "may": _allowed_actions(pairing, scope),
    }
    return render(request, "pairings/pairing_detail.html", context)


def _allowed_actions(pairing: BranchPairing, scope: Scope) -> dict[str, bool]:
    asked = BranchPairing.objects.visible_to(scope).waiting_for(scope).filter(pk=pairing.pk).exists()
    runs = scope.manages(pairing.helping_branch_id) or scope.manages(pairing.partner_branch_id)
    proposed = (scope.manages(pairing.helping_branch_id) and pairing.helping_confirmed_at is not None) or (
        scope.manages(pairing.partner_branch_id) and pairing.partner_confirmed_at is not None
    )
    oversees = scope.oversees(pairing.helping_branch.department_id) or scope.oversees(
        pairing.partner_branch.department_id
    )
    return {
        "confirm": asked,
        "decline": asked,
        "withdraw": proposed and pairing.state == PairingState.PROPOSED,
        "propose": runs and pairing.state == PairingState.DRAFT,
        "end": (runs or oversees) and pairing.state == PairingState.ACTIVE,
    }


def _act(request: HttpRequest, pk: int, act: Callable[..., BranchPairing], done: str, **more: object) -> HttpResponse:
    scope = scope_of(request)
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope), pk=pk)
    try:
        act(pairing=pairing, scope=scope, by=request.user, now=timezone.now(), **more)
    except Refused as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, done)
    return redirect("pairing", pk=pk)


@require_POST
def pairing_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.confirm_pairing, _("Confirmed for your branch."))


@require_POST
def pairing_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.withdraw_pairing, _("The proposal was withdrawn and is a draft again."))


@require_POST
def pairing_propose(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.repropose_pairing, _("The proposal was sent to the other branch."))


@require_POST
def pairing_decline(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request,
        pk,
        services.decline_pairing,
        _("Declined. The other branch reads your reason."),
        reason=_typed_reason(request),
    )


@require_POST
def pairing_end(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(
        request,
        pk,
        services.end_pairing,
        _("The pairing has ended. Its records stay."),
        reason=_typed_reason(request),
        today=timezone.localdate(),
    )


def _typed_reason(request: HttpRequest) -> str:
    form = ReasonForm(request.POST)
    return str(form.cleaned_data["reason"]) if form.is_valid() else ""
