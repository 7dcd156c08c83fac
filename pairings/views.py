from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from . import ending_services, services
from .forms import PairingForm, ReasonForm
from .models import (
    BranchPairing,
    CommitteePairing,
    MemberPairing,
    PairingAction,
    PairingState,
    PairingStep,
    PairingTask,
)
from .rules import is_over, oversees_it, runs_a_side, wrote_it
from .situation import situation
from .states import AGREED_STATES, ENDED_STATES, WRITABLE_STATES
from .summary import summary_lines


@require_GET
def pairing_list(request: HttpRequest) -> HttpResponse:
    """Pairings of own branches or of the department, this year's first."""
    scope = scope_of(request)
    pairings = BranchPairing.objects.visible_to(scope).with_branches().with_pair_counts()
    state = request.GET.get("state", "")
    if state in PairingState.values:
        pairings = pairings.filter(state=state)
    else:
        pairings = pairings.exclude(state=PairingState.WITHDRAWN)
    waiting = set(BranchPairing.objects.visible_to(scope).waiting_for(scope).values_list("pk", flat=True))
    to_revise = BranchPairing.objects.visible_to(scope).filter(
        state=PairingState.CHANGES_ASKED, author_branch_id__in=scope.managed_branch_ids
    )
    context = {
        "pairings": pairings,
        "waiting": waiting | set(to_revise.values_list("pk", flat=True)),
        "states": PairingState.choices,
        "state": state,
        "may_propose": bool(scope.managed_branch_ids),
    }
    return render(request, "pairings/pairing_list.html", context)


@require_http_methods(["GET", "POST"])
def pairing_new(request: HttpRequest) -> HttpResponse:
    """Propose a pairing for a branch one runs; `?from=` starts from the agreement of one that has ended."""
    scope = scope_of(request)
    if not scope.managed_branch_ids:
        raise PermissionDenied(_("Pairings are proposed by branch secretaries."))
    previous = _ended_pairing(request, scope)
    form = PairingForm(request.POST or None, scope=scope, today=timezone.localdate(), previous=previous)
    if request.method == "POST" and form.is_valid():
        try:
            pairing = services.propose_pairing(
                **form.proposal(), previous=previous, send=_is_sent(request), scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _proposal_done(request, pairing)
    return _proposal_page(request, form, previous=previous)


@require_http_methods(["GET", "POST"])
def pairing_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The proposer rewrites a draft, or what the other side asked to change."""
    scope = scope_of(request)
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    if not wrote_it(pairing, scope):
        raise PermissionDenied(_("Only the branch that proposed may change or send this proposal."))
    if pairing.state not in WRITABLE_STATES:
        messages.error(request, _("This proposal cannot be edited any more. What can be done stands on this page."))
        return redirect("pairing", pk=pk)
    form = PairingForm(
        request.POST or None, scope=scope, today=timezone.localdate(), pairing=pairing,
        couple_stays=services.was_sent(pairing), initial={"seen_step": _last_step(pairing, scope)},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            pairing = services.revise_pairing(
                pairing=pairing, **form.proposal(), send=_is_sent(request), scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                now=timezone.now(), seen_step=form.cleaned_data["seen_step"],
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return _proposal_done(request, pairing)
    return _proposal_page(request, form, pairing=pairing)


def _ended_pairing(request: HttpRequest, scope: Scope) -> BranchPairing | None:
    """The pairing `?from=` names: one of an own branch that has ended."""
    text = request.GET.get("from")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Http404
    ended: BranchPairing = get_visible_or_404(
        BranchPairing.objects.changeable_by(scope).with_branches().filter(state__in=ENDED_STATES), pk=int(text)
    )
    return ended


def _is_sent(request: HttpRequest) -> bool:
    return request.POST.get("then") != "keep"


def _proposal_done(request: HttpRequest, pairing: BranchPairing) -> HttpResponse:
    done = {
        PairingState.DRAFT: _("Saved as a draft. Only your branch sees it until it is sent."),
        PairingState.ACTIVE: _("You run both branches: the pairing is active."),
    }.get(PairingState(pairing.state), _("The proposal was sent to the other branch."))
    messages.success(request, done)
    return redirect("pairing", pk=pairing.pk)


def _proposal_page(request: HttpRequest, form: PairingForm, **context: Any) -> HttpResponse:
    values = {"form": form, "pairing": None, "previous": None} | context
    return render(request, "pairings/pairing_form.html", values, status=400 if form.errors else 200)


@require_GET
def pairing_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The agreement, how it came about, the pairs, and what can be done next."""
    scope, today = scope_of(request), timezone.localdate()
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    steps = list(PairingStep.objects.visible_to(scope).filter(pairing=pairing).select_related("by", "for_branch"))
    pairs = MemberPairing.objects.visible_to(scope).published().filter(pairing=pairing).with_people()
    related = BranchPairing.objects.visible_to(scope).select_related("academic_year")
    context = {
        "pairing": pairing,
        "steps": steps,
        "last_step": steps[-1].pk if steps else "",
        "asked": next((step for step in reversed(steps) if step.action == PairingAction.ASK_CHANGES), None),
        "is_agreed": pairing.state in AGREED_STATES,
        "situation": situation(pairing, scope, today),
        "tasks": _plan(pairing, scope),
        "pairs": pairs.order_by(F("ended_on").asc(nulls_first=True), "pk"),
        "summary": summary_lines(pairing.summary),
        "previous": related.filter(pk=pairing.previous_id).first(),
        "following": related.filter(previous=pairing).first(),
        "may": _allowed_actions(pairing, scope),
    }
    return render(request, "pairings/pairing_detail.html", context)


@require_GET
def pairing_print(request: HttpRequest, pk: int) -> HttpResponse:
    """The agreement on A4, with a line for each secretary's signature."""
    scope = scope_of(request)
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    context = {
        "pairing": pairing,
        "is_agreed": pairing.state in AGREED_STATES,
        "tasks": _plan(pairing, scope),
        "posts": CommitteePairing.objects.visible_to(scope)
        .filter(pairing=pairing, ended_on=None, published_at__isnull=False)
        .exclude(pk__in=CommitteePairing.objects.visible_to(scope).vacant().values("pk"))
        .count(),
        # Of the agreement, not of what this person sees: a member reads the same paper as the secretary.
        "pairs": BranchPairing.objects.visible_to(scope).with_pair_counts().get(pk=pk).pair_count,
    }
    return render(request, "pairings/pairing_print.html", context)


def _plan(pairing: BranchPairing, scope: Scope) -> Any:
    rows = PairingTask.objects.visible_to(scope).of_plan().filter(pairing=pairing)
    return rows.order_by(F("due_on").asc(nulls_last=True), "pk")


def _last_step(pairing: BranchPairing, scope: Scope) -> int | None:
    last = PairingStep.objects.visible_to(scope).filter(pairing=pairing).last()
    return last.pk if last else None


def _allowed_actions(pairing: BranchPairing, scope: Scope) -> dict[str, bool]:
    asked = BranchPairing.objects.visible_to(scope).waiting_for(scope).filter(pk=pairing.pk).exists()
    runs, wrote = runs_a_side(pairing, scope), wrote_it(pairing, scope)
    may_end = (runs or oversees_it(pairing, scope)) and pairing.state == PairingState.ACTIVE
    over = is_over(pairing, timezone.localdate())
    return {
        "confirm": asked,
        "edit": wrote and pairing.state in WRITABLE_STATES,
        "propose": wrote and pairing.state == PairingState.DRAFT,
        "withdraw": wrote and pairing.state in (PairingState.PROPOSED, PairingState.CHANGES_ASKED),
        "discard": wrote and pairing.state in WRITABLE_STATES,
        "complete": may_end and over,
        "end": may_end and not over,
        "board": runs and pairing.state == PairingState.ACTIVE and not over,
        "renew": runs and pairing.state in ENDED_STATES,
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
    text = request.POST.get("seen_step", "")
    seen = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
    return _act(request, pk, services.confirm_pairing, _("Confirmed for your branch."), seen_step=seen)


@require_POST
def pairing_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.withdraw_pairing, _("The proposal was withdrawn and is a draft again."))


@require_POST
def pairing_propose(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.repropose_pairing, _("The proposal was sent to the other branch."))


@require_POST
def pairing_discard(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, services.discard_pairing, _("The draft was discarded. You can propose anew."))


@require_POST
def pairing_ask_changes(request: HttpRequest, pk: int) -> HttpResponse:
    return _act_with_reason(request, pk, services.ask_changes, _("The other branch reads what you want changed."))


@require_POST
def pairing_decline(request: HttpRequest, pk: int) -> HttpResponse:
    return _act_with_reason(request, pk, services.decline_pairing, _("Declined. The other branch reads your reason."))


@require_POST
def pairing_end(request: HttpRequest, pk: int) -> HttpResponse:
    done = _("The pairing has ended. Its records stay.")
    return _act_with_reason(request, pk, ending_services.end_pairing, done, today=timezone.localdate())


def _act_with_reason(
    request: HttpRequest, pk: int, act: Callable[..., BranchPairing], done: str, **more: object
) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        get_visible_or_404(BranchPairing.objects.visible_to(scope_of(request)), pk=pk)
        messages.error(request, _("The reason: %(error)s") % {"error": form.errors["reason"][0]})
        return redirect("pairing", pk=pk)
    return _act(request, pk, act, done, reason=form.cleaned_data["reason"], **more)
