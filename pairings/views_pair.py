"""The page of two people who help each other: goal, areas, their own tasks."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import work_services
from .forms_work import GoalForm, TaskForm
from .models import MemberPairing, PairingTask, TaskArea
from .views_work import task_row
from .work_models import PAIR_AREAS
from .work_rules import is_at_work, may_change_pair


def _visible_pair(request: HttpRequest, pk: int) -> tuple[Scope, MemberPairing]:
    scope = scope_of(request)
    rows = MemberPairing.objects.visible_to(scope).with_people()
    return scope, get_visible_or_404(
        rows.select_related("pairing__helping_branch", "pairing__partner_branch", "pairing__academic_year"), pk=pk
    )


def _changeable_pair(request: HttpRequest, pk: int) -> tuple[Scope, MemberPairing]:
    scope, pair = _visible_pair(request, pk)
    if not may_change_pair(pair, scope):
        raise PermissionDenied(
            _("Only the two people of the pair and the secretaries of the two branches change this.")
        )
    return scope, pair


@require_GET
def member_pair(request: HttpRequest, pk: int) -> HttpResponse:
    """Who the two are, what they agreed on, and what is next; phone first."""
    scope, pair = _visible_pair(request, pk)
    tasks = PairingTask.objects.visible_to(scope).filter(member_pairing=pair).select_related("who", "done_by")
    context = {
        "pair": pair,
        "people": [(pair.helper, pair.pairing.helping_branch), (pair.partner, pair.pairing.partner_branch)],
        "areas": _areas(pair, list(tasks), scope),
        "is_mine": scope.person_id in (pair.helper_id, pair.partner_id),
        "may_change": may_change_pair(pair, scope) and _is_running(pair),
    }
    return render(request, "pairings/member_pair.html", context)


def _is_running(pair: MemberPairing) -> bool:
    return pair.ended_on is None and not pair.is_draft and is_at_work(pair.pairing)


def _areas(pair: MemberPairing, tasks: list[PairingTask], scope: Scope) -> list[dict[str, Any]]:
    """The agreed areas, and others in which there is something; each with its tasks, open ones first."""
    labels, groups = dict(TaskArea.choices), []
    for area in PAIR_AREAS:
        rows = []
        for task in tasks:
            if task.area == area:
                task.member_pairing = pair
                rows.append(task_row(task, pair.pairing, scope, at_work=_is_running(pair)))
        is_agreed = area in pair.support_areas
        if rows or is_agreed:
            groups.append({"key": area, "label": labels[area], "rows": rows, "is_agreed": is_agreed})
    return groups


@require_http_methods(["GET", "POST"])
def member_pair_goal(request: HttpRequest, pk: int) -> HttpResponse:
    """The goal and the areas in which the two help each other; either of them writes it."""
    scope, pair = _changeable_pair(request, pk)
    initial = {"goal": pair.goal, "support_areas": pair.support_areas}
    form = GoalForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            work_services.agree_goal(pair=pair, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Saved. Both of you see it."))
            return redirect("member_pair", pk=pk)
    context = {"form": form, "pair": pair}
    return render(request, "pairings/member_pair_goal.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def member_pair_task_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Something the two will do."""
    scope, pair = _changeable_pair(request, pk)
    form = TaskForm(
        posted(request), pairing=pair.pairing, pair=pair, today=timezone.localdate(), initial=_first_area(request, pair)
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        arguments = form.cleaned_data | {"starts_on": None}
        try:
            task = work_services.add_pair_task(pair=pair, **arguments, scope=scope, by=request.user, now=timezone.now())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Added."), undo_url=reverse("task_remove", args=[task.pk]))
            return redirect("member_pair", pk=pk)
    context = {"form": form, "pairing": pair.pairing, "task": None, "back": reverse("member_pair", args=[pk])}
    return render(request, "pairings/work_task_form.html", context, status=400 if form.errors else 200)


def _first_area(request: HttpRequest, pair: MemberPairing) -> dict[str, Any]:
    asked = request.GET.get("area", "")
    if asked in PAIR_AREAS:
        return {"area": asked}
    return {"area": pair.support_areas[0] if pair.support_areas else PAIR_AREAS[0]}
