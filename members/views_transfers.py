"""Transfers of affiliation: the list, one of them with its steps, beginning one, leaving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from branches.models import PartyBranch
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import take_back_services as back
from . import transfer_page
from . import transfer_services as services
from .forms_transfers import (
    BackForm,
    DayForm,
    GoForm,
    LeaveForm,
    LetterForm,
    MoveForm,
    ReasonForm,
    StepForm,
    TakeForm,
)
from .hand_over import allowed_keys, choosable, plan_lines
from .leaving_services import leave_person
from .models import AffiliationTransfer, Person, TransferKind, TransferState

PAGE = 50
STATES = {
    "open": gettext_lazy("under way"), "late": gettext_lazy("overdue"), "closed": gettext_lazy("dealt with"),
}  # fmt: skip


@dataclass(frozen=True)
class StepPage:
    """One step: for which kinds it is offered, its form, its service, its words."""

    kinds: tuple[str, ...]
    title: str | Promise
    submit: str | Promise
    form: type[StepForm]
    service: Callable[..., object]
    done: str | Promise
    needs_today: bool = True
    # Shows what ends with it, and asks who takes over.
    ends_things: bool = False
    state: str = TransferState.OPEN


STAYING = (TransferKind.STAYS, TransferKind.ABROAD)
STEPS: dict[str, StepPage] = {
    "take": StepPage(
        (TransferKind.BRANCH,), gettext_lazy("Agree to the transfer"), gettext_lazy("Agree"), TakeForm, services.take_move,
        gettext_lazy("The transfer is done."), ends_things=True,
    ),
    "receipt": StepPage(
        (TransferKind.OUT,), gettext_lazy("The receipt is here"), gettext_lazy("Record the receipt"), DayForm,
        services.record_receipt, gettext_lazy("The receipt is recorded; the person has left."), ends_things=True,
    ),
    "letter": StepPage(
        (TransferKind.OUT,), gettext_lazy("Write the letter anew"), gettext_lazy("Record the new letter"), LetterForm,
        services.renew_letter, gettext_lazy("The new letter is recorded."),
    ),
    "contact": StepPage(
        STAYING, gettext_lazy("Contact"), gettext_lazy("Record the contact"), DayForm, services.record_contact,
        gettext_lazy("The contact is recorded."),
    ),
    "onward": StepPage(
        STAYING, gettext_lazy("Write a transfer letter"), gettext_lazy("Record the letter"), LetterForm,
        services.letter_after_stay, gettext_lazy("The letter is recorded."),
    ),
    "end": StepPage(
        STAYING, gettext_lazy("The stay is over"), gettext_lazy("End it"), DayForm, services.end_stay,
        gettext_lazy("The stay is over; the person has left."), ends_things=True,
    ),
    "successors": StepPage(
        tuple(TransferKind.values), gettext_lazy("Who takes over"), gettext_lazy("Keep the choice"), TakeForm,
        services.choose_successors, gettext_lazy("The choice is kept; it is carried out when the transfer is done."),
        needs_today=False, ends_things=True,
    ),
    "back": StepPage(
        tuple(TransferKind.values), gettext_lazy("Take the transfer back"), gettext_lazy("Take back"), BackForm, back.take_back,
        gettext_lazy("The transfer is taken back. What is left to be done by hand stands below."), state=TransferState.DONE,
    ),
    "call_off": StepPage(
        tuple(TransferKind.values), gettext_lazy("Call the transfer off"), gettext_lazy("Call off"), ReasonForm,
        services.call_off, gettext_lazy("The transfer is called off."), needs_today=False,
    ),
}  # fmt: skip


def require_reader(scope: Scope) -> None:
    if not (scope.branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(
            _("Transfers are for the branch's committee and the department. Your own stand on your page.")
        )


def branch_filter(rows: Any, words: str, lookup: str) -> Any:
    """Rows of one branch where the address names one; what is no number leaves the list as it is."""
    return rows.filter(**{lookup: int(words)}) if words.isascii() and words.isdigit() and len(words) < 10 else rows


@require_GET
def transfers(request: HttpRequest) -> HttpResponse:
    """Transfers of the branches one answers for: under way, overdue, finished."""
    scope, today = scope_of(request), timezone.localdate()
    require_reader(scope)
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    rows = AffiliationTransfer.objects.visible_to(scope).with_names().distinct()
    rows = rows.exclude(state=TransferState.OPEN) if state == "closed" else rows.filter(state=TransferState.OPEN)
    found = transfer_page.transfer_rows(
        list(branch_filter(rows, request.GET.get("branch", ""), "from_branch_id")), today
    )
    if state == "late":
        found = [row for row in found if row.due is not None and row.due.is_late]
    elif state == "open":
        found.sort(key=lambda row: (row.due is None, not (row.due and row.due.is_late)))
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "states": [{"key": key, "label": label} for key, label in STATES.items()],
        "state": state,
        "may_send": bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff),
    }
    return render(request, "members/transfer_list.html", context)


@require_GET
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """One transfer: where from, where to, what is due, the steps one may take, what the person holds, what it did."""
    scope, today = scope_of(request), timezone.localdate()
    row = get_visible_or_404(AffiliationTransfer.objects.visible_to(scope).with_names().distinct(), pk=pk)
    keeps = services.keeps(row, scope)
    holdings = _holdings(row) if keeps and row.state == TransferState.OPEN else None
    context = {
        "line": transfer_page.transfer_rows([row], today)[0],
        "transfer": row,
        "steps": _steps(row, scope, holdings),
        "holdings": holdings,
        "planned": plan_lines(row.successors, holdings.ideas) if holdings else (),
        "told": back.told(row) if keeps else None,
        "history": row.history.select_related("history_user").order_by("history_date", "history_id") if keeps else (),
        "is_mine": row.person_id == scope.person_id,
        "answering": services.answering_branches(row) if row.kind == TransferKind.BRANCH else (),
    }
    return render(request, "members/transfer_detail.html", context)


def _steps(row: AffiliationTransfer, scope: Scope, holdings: services.Holdings | None) -> list[dict[str, Any]]:
    """The steps offered now, the main one first."""
    if not services.keeps(row, scope):
        return []
    names = [name for name, page in STEPS.items() if row.kind in page.kinds and page.state == row.state]
    if not services.may_answer(row, scope):
        names = [name for name in names if name != "take"]
    if not back.may_take_back(row, scope, timezone.localdate()):
        names = [name for name in names if name != "back"]
    if not (holdings and allowed_keys([idea.key for idea in holdings.ideas if idea.key and idea.candidates], scope)):
        names = [name for name in names if name != "successors"]
    return [
        {
            "title": STEPS[name].title,
            "url": reverse(f"transfer_{name}", args=[row.pk]),
            "is_danger": name in ("call_off", "back"),
        }
        for name in names
    ]


def _holdings(row: AffiliationTransfer) -> services.Holdings:
    today = timezone.localdate()
    if row.kind == TransferKind.BRANCH:
        return services.moving_preview(people=[row.person], branch_id=row.from_branch_id, on=today)
    return services.leaving_preview(people=[row.person], on=today)


@require_http_methods(["GET", "POST"])
def transfer_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """One step: its form, one service call, back to the transfer."""
    scope, today = scope_of(request), timezone.localdate()
    row = get_visible_or_404(AffiliationTransfer.objects.visible_to(scope).with_names().distinct(), pk=pk)
    if not services.keeps(row, scope):
        raise PermissionDenied(_("The branch's secretary or the department keeps this transfer."))
    page = STEPS[step]
    is_ending = page.ends_things and row.state == TransferState.OPEN
    branch_id = row.from_branch_id if row.kind == TransferKind.BRANCH else None
    ideas = choosable(row.person_id, branch_id, today, scope) if is_ending else []
    form = page.form(posted(request), row=row, today=today, ideas=ideas, kept=row.successors)
    if request.method == "POST" and form.is_valid():
        more: dict[str, Any] = {"today": today} if page.needs_today else {}
        given = form.given()
        if step == "successors":
            given = {"successors": given.get("successors", {})}
        try:
            made = page.service(
                transfer=row, scope=scope, by=cast(User, request.user), now=timezone.now(), **more, **given
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, page.done)
            return redirect("transfer", pk=made.pk if isinstance(made, AffiliationTransfer) else row.pk)
    holdings = _holdings(row) if is_ending else None
    asked = {idea.key for idea in ideas}
    context = {
        "transfer": row, "form": form, "step": page, "holdings": holdings.without(asked) if holdings else None,
        "planned": plan_lines({key: value for key, value in row.successors.items() if key not in asked}, holdings.ideas)
        if holdings else (),
        "told": back.told(row) if step == "back" else None,
        "obstacle": back.obstacle(row, today) if step == "back" else "",
    }  # fmt: skip
    return render(request, "members/transfer_step.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def transfer_new(request: HttpRequest, person_id: int) -> HttpResponse:
    """Begin one: what the person holds is shown first; then to another branch, or out, staying, abroad."""
    scope, today = scope_of(request), timezone.localdate()
    person = get_visible_or_404(
        Person.objects.visible_to(scope).select_related("party_branch", "department").distinct(), pk=person_id
    )
    if not services.runs(scope, person.party_branch):
        raise PermissionDenied(_("A transfer is begun by the branch's secretary or the department."))
    data, is_move = posted(request), request.POST.get("way") != "go"
    branches = PartyBranch.objects.visible_to(scope).active().exclude(pk=person.party_branch_id or 0)
    ideas = choosable(person.pk, person.party_branch_id, today, scope)
    move = MoveForm(data if is_move else None, branches=branches, today=today, ideas=ideas)
    go = GoForm(None if is_move else data, today=today)
    form = move if is_move else go
    if request.method == "POST" and form.is_valid():
        try:
            made = _begin(request, person, form, is_move=is_move)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The transfer is entered."))
            return redirect("transfer", pk=made.pk)
    context = {
        "person": person, "move": move, "go": go, "is_go": not is_move,
        "holdings": services.moving_preview(
            people=[person], branch_id=person.party_branch_id, on=today
        ).without([idea.key for idea in ideas]),
    }  # fmt: skip
    return render(request, "members/transfer_new.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def person_leave(request: HttpRequest, person_id: int) -> HttpResponse:
    """Somebody leaves without a transfer: what ends is shown first, and who takes over is chosen."""
    scope, today = scope_of(request), timezone.localdate()
    person = get_visible_or_404(
        Person.objects.visible_to(scope).select_related("party_branch", "department").distinct(), pk=person_id
    )
    if not services.runs(scope, person.party_branch):
        raise PermissionDenied(_("Who leaves is entered by the branch's secretary or the department."))
    ideas = choosable(person.pk, None, today, scope)
    form = LeaveForm(posted(request), today=today, ideas=ideas)
    if request.method == "POST" and form.is_valid():
        try:
            lines = leave_person(
                person=person, scope=scope, by=cast(User, request.user), today=today, now=timezone.now(), request=request,
                **form.given(),
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, " ".join(lines))
            return redirect("person", pk=person.pk)
    holdings = services.leaving_preview(people=[person], on=today).without([idea.key for idea in ideas])
    context = {"person": person, "form": form, "holdings": holdings}
    return render(request, "members/person_leave.html", context, status=400 if form.errors else 200)


def _begin(request: HttpRequest, person: Person, form: Any, *, is_move: bool) -> AffiliationTransfer:
    who: dict[str, Any] = {"scope": scope_of(request), "by": cast(User, request.user), "today": timezone.localdate()}
    given = form.given() if is_move else dict(form.cleaned_data)
    on = given.pop("starts_on")
    if is_move:
        return services.ask_move(person=person, on=on, now=timezone.now(), **given, **who)
    return services.start_going(person=person, on=on, **given, **who)
