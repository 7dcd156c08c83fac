"""The page of what two branches do together, and the tasks of its plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import work_services
from .forms_work import EvidenceForm, TaskForm
from .models import BranchPairing, CrossInspection, JointProject, PairingTask, ProjectMilestone, TaskArea
from .plan_template import PLAN, planned
from .rules import runs_a_side
from .states import OPEN_STATES
from .work_models import PLAN_AREAS
from .work_rules import is_at_work, may_change_task, may_tick

SHOWN = {
    "": gettext_lazy("all"),
    "open": gettext_lazy("to do"),
    "overdue": gettext_lazy("overdue"),
    "done": gettext_lazy("done"),
}


@dataclass(frozen=True)
class TaskRow:
    """A task and what the viewer may do with it."""

    task: PairingTask
    may_tick: bool
    may_change: bool


@require_GET
def work(request: HttpRequest, pk: int) -> HttpResponse:
    """The shared plan by area, the inspections, the projects: what, who, by when, how it stands."""
    scope = scope_of(request)
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    tasks = list(
        PairingTask.objects.visible_to(scope)
        .of_plan()
        .filter(pairing=pairing)
        .select_related("who", "done_by", "member_pairing")
    )
    show = request.GET.get("show", "")
    show = show if show in SHOWN else ""
    kept = {key: [task for task in tasks if _is_shown(task, key)] for key in SHOWN}
    context = {
        "pairing": pairing,
        "areas": _by_area(kept[show], pairing, scope),
        "task_count": len(tasks),
        "filters": [{"key": key, "label": SHOWN[key], "count": len(kept[key])} for key in SHOWN],
        "show": show,
        "inspections": _inspections(pairing, scope),
        "projects": _projects(pairing, scope),
        "may_write": runs_a_side(pairing, scope) and is_at_work(pairing),
        "is_over": pairing.state not in OPEN_STATES,
        "is_at_work": is_at_work(pairing),
    }
    return render(request, "pairings/work.html", context)


def _is_shown(task: PairingTask, show: str) -> bool:
    if show == "done":
        return task.done_on is not None
    if show == "open":
        return task.done_on is None
    if show == "overdue":
        return task.done_on is None and task.due_on is not None and task.due_on < timezone.localdate()
    return True


def _by_area(tasks: list[PairingTask], pairing: BranchPairing, scope: Scope) -> list[dict[str, Any]]:
    labels = dict(TaskArea.choices)
    groups = []
    for area in PLAN_AREAS:
        rows = [task_row(task, pairing, scope) for task in tasks if task.area == area]
        if rows:
            groups.append({"label": labels[area], "rows": rows})
    return groups


def task_row(task: PairingTask, pairing: BranchPairing, scope: Scope, *, at_work: bool | None = None) -> TaskRow:
    """`at_work`: nothing is ticked off once the pairing (or the pair) is over."""
    task.pairing = pairing
    running = is_at_work(pairing) if at_work is None else at_work
    return TaskRow(task, running and may_tick(task, scope), running and may_change_task(task, scope))


def _inspections(pairing: BranchPairing, scope: Scope) -> Any:
    """Newest first, with problems, those mended, and the next day to mend by."""
    problem = ~Q(findings__problem="")
    still_open = problem & Q(findings__mended_on=None)
    return (
        CrossInspection.objects.visible_to(scope)
        .filter(pairing=pairing)
        .select_related("inspecting_branch", "inspected_branch")
        .annotate(
            looked_at=Count("findings"),
            problems=Count("findings", filter=problem),
            open_problems=Count("findings", filter=still_open),
            next_mend_on=Min("findings__mend_by_on", filter=still_open),
        )
    )


def _projects(pairing: BranchPairing, scope: Scope) -> list[JointProject]:
    """Projects with their next milestone as `next_milestone`, and how many of how many are reached."""
    milestones = ProjectMilestone.objects.visible_to(scope)
    projects = list(
        JointProject.objects.visible_to(scope)
        .filter(pairing=pairing)
        .select_related("lead")
        .prefetch_related(Prefetch("milestones", queryset=milestones))
    )
    for project in projects:
        steps = list(project.milestones.all())
        project.next_milestone = next((step for step in steps if step.done_on is None), None)
        project.step_count, project.done_count = len(steps), sum(step.done_on is not None for step in steps)
    return projects


def writable_pairing(request: HttpRequest, pk: int) -> tuple[Scope, BranchPairing]:
    """A visible pairing for who may write in it: 404 for strangers, 403 for insiders without the right."""
    scope = scope_of(request)
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    require(runs_a_side(pairing, scope))
    return scope, pairing


def require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied(
            _("This is written by the secretaries and organisation officers of the two branches. Ask one of them.")
        )


def work_url(pairing_id: int) -> str:
    return reverse("work", args=[pairing_id])


@require_http_methods(["GET", "POST"])
def work_task_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A new line of the shared plan."""
    scope, pairing = writable_pairing(request, pk)
    form = TaskForm(posted(request), pairing=pairing, today=timezone.localdate(), initial=_area_asked(request))
    if request.method == "POST" and form.is_valid():
        try:
            task = work_services.add_task(
                pairing=pairing, **form.service_arguments(), scope=scope, by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Added to the plan."), undo_url=reverse("task_remove", args=[task.pk]))
            return redirect(work_url(pk))
    context = {"form": form, "pairing": pairing, "task": None, "back": work_url(pk)}
    return render(request, "pairings/work_task_form.html", context, status=400 if form.errors else 200)


@require_POST
def work_plan_start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the plan with the lines of the template, spread over what is left of the pairing."""
    scope, pairing = writable_pairing(request, pk)
    starts_on = min(max(timezone.localdate(), pairing.starts_on), pairing.ends_on)
    lines = [planned(line, starts_on, pairing.ends_on) for line in PLAN]
    return act(
        request,
        lambda: work_services.start_plan(pairing=pairing, tasks=lines, scope=scope),
        done=_("The plan is begun. Change what does not fit, and name who does it."),
        back=work_url(pk),
    )


def _area_asked(request: HttpRequest) -> dict[str, str]:
    area = request.GET.get("area", "")
    return {"area": area if area in PLAN_AREAS else str(PLAN_AREAS[0])}


def _visible_task(request: HttpRequest, pk: int) -> tuple[Scope, PairingTask]:
    scope = scope_of(request)
    rows = PairingTask.objects.visible_to(scope).select_related(
        "pairing__helping_branch", "pairing__partner_branch", "member_pairing__pairing"
    )
    return scope, get_visible_or_404(rows, pk=pk)


def _task_page(task: PairingTask, show: str = "") -> str:
    """Where the task stands, at its row."""
    if task.member_pairing_id:
        return f"{reverse('member_pair', args=[task.member_pairing_id])}#task-{task.pk}"
    query = f"?show={show}" if show in SHOWN and show else ""
    return f"{work_url(task.pairing_id)}{query}#task-{task.pk}"


@require_POST
def task_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a task off in one press; for ten seconds it can be taken back."""
    scope, task = _visible_task(request, pk)
    require(may_tick(task, scope))
    form = EvidenceForm(request.POST)
    back = _task_page(task, request.POST.get("show", ""))
    if not form.is_valid():
        say_refused(request, form.errors["evidence"][0])
        return redirect(back)
    return act(
        request,
        lambda: work_services.finish_task(
            task=task, evidence=form.cleaned_data["evidence"], scope=scope, by=request.user,
            today=timezone.localdate(), now=timezone.now(),
        ),
        done=_("Ticked off: %(what)s") % {"what": task.what},
        back=back,
        undo_url=reverse("task_reopen", args=[pk]),
    )  # fmt: skip


@require_POST
def task_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of ticking off."""
    scope, task = _visible_task(request, pk)
    require(may_tick(task, scope))
    return act(
        request,
        lambda: work_services.reopen_task(task=task, scope=scope),
        done=_("Open again: %(what)s") % {"what": task.what},
        back=_task_page(task),
    )


@require_http_methods(["GET", "POST"])
def task_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a task of the plan or of a pair."""
    scope, task = _visible_task(request, pk)
    require(may_change_task(task, scope))
    form = TaskForm(
        posted(request), pairing=task.pairing, pair=task.member_pairing, task=task, today=timezone.localdate()
    )
    if request.method == "POST" and form.is_valid():
        try:
            work_services.change_task(
                task=task, **form.service_arguments(), scope=scope, by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect(_task_page(task))
    context = {"form": form, "pairing": task.pairing, "task": task, "back": _task_page(task)}
    return render(request, "pairings/work_task_form.html", context, status=400 if form.errors else 200)


@require_POST
def task_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an open line out of the plan."""
    scope, task = _visible_task(request, pk)
    require(may_change_task(task, scope))
    return act(
        request,
        lambda: work_services.remove_task(task=task, scope=scope, now=timezone.now()),
        done=_("Taken out: %(what)s") % {"what": task.what},
        back=_task_page(task).split("#")[0],
    )
