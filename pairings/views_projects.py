"""Joint research projects and their milestones."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import project_services
from .forms_work import MilestoneForm, OutcomeForm, ProjectForm
from .models import JointProject, ProjectMilestone
from .rules import runs_a_side
from .views_work import require, work_url, writable_pairing
from .work_models import ProjectState
from .work_rules import is_at_work


@require_http_methods(["GET", "POST"])
def work_project_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a joint project."""
    scope, pairing = writable_pairing(request, pk)
    form = ProjectForm(posted(request), pairing=pairing, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        try:
            project = project_services.start_project(pairing=pairing, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The project is begun. Set its milestones next."))
            return redirect("project", pk=project.pk)
    context = {"form": form, "pairing": pairing, "project": None, "back": work_url(pk)}
    return render(request, "pairings/project_form.html", context, status=400 if form.errors else 200)


def _visible_project(request: HttpRequest, pk: int) -> tuple[Scope, JointProject]:
    scope = scope_of(request)
    rows = JointProject.objects.visible_to(scope).select_related(
        "pairing__helping_branch", "pairing__partner_branch", "lead__school_class", "lead__party_branch"
    )
    return scope, get_visible_or_404(rows, pk=pk)


@require_GET
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """Question, people, milestones, outcome."""
    scope, row = _visible_project(request, pk)
    return render(request, "pairings/project.html", _project_context(row, scope, MilestoneForm(), OutcomeForm()))


def _project_context(row: JointProject, scope: Scope, milestone_form: Any, outcome_form: Any) -> dict[str, Any]:
    writes = runs_a_side(row.pairing, scope) and is_at_work(row.pairing)
    members = row.members.select_related("school_class", "party_branch").order_by("party_branch_id", "name_key")
    return {
        "project": row,
        "members": [person for person in members if person.pk != row.lead_id],
        "milestones": ProjectMilestone.objects.visible_to(scope).filter(project=row),
        "may_write": writes and row.state == ProjectState.RUNNING,
        "may_resume": writes and row.state != ProjectState.RUNNING,
        "milestone_form": milestone_form,
        "outcome_form": outcome_form,
    }


@require_http_methods(["GET", "POST"])
def project_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct title, question and people."""
    scope, row = _visible_project(request, pk)
    require(runs_a_side(row.pairing, scope))
    members = list(row.members.values_list("pk", flat=True))
    known = [*members, *([row.lead_id] if row.lead_id else [])]
    initial = {"title": row.title, "question": row.question, "lead": row.lead_id, "members": members}
    form = ProjectForm(posted(request), pairing=row.pairing, today=timezone.localdate(), known=known, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            project_services.change_project(project=row, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Saved."))
            return redirect("project", pk=pk)
    context = {"form": form, "pairing": row.pairing, "project": row, "back": reverse("project", args=[pk])}
    return render(request, "pairings/project_form.html", context, status=400 if form.errors else 200)


@require_POST
def project_milestone_new(request: HttpRequest, pk: int) -> HttpResponse:
    """One more step of the project."""
    scope, row = _visible_project(request, pk)
    require(runs_a_side(row.pairing, scope))
    form = MilestoneForm(request.POST)
    if form.is_valid():
        try:
            milestone = project_services.add_milestone(project=row, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Milestone added."), undo_url=reverse("milestone_remove", args=[milestone.pk]))
            return redirect("project", pk=pk)
    return render(request, "pairings/project.html", _project_context(row, scope, form, OutcomeForm()), status=400)


@require_POST
def project_finish(request: HttpRequest, pk: int) -> HttpResponse:
    return _settle(request, pk, "finish")


@require_POST
def project_stop(request: HttpRequest, pk: int) -> HttpResponse:
    return _settle(request, pk, "stop")


def _settle(request: HttpRequest, pk: int, how: str) -> HttpResponse:
    """Finish with an outcome or stop with a reason; both can be taken back."""
    scope, row = _visible_project(request, pk)
    require(runs_a_side(row.pairing, scope))
    form = OutcomeForm(request.POST)
    if form.is_valid():
        words = form.cleaned_data["outcome"]
        try:
            if how == "finish":
                project_services.finish_project(project=row, outcome=words, scope=scope)
            else:
                project_services.stop_project(project=row, reason=words, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            done = _("The project is finished.") if how == "finish" else _("The project is stopped.")
            say_done(request, done, undo_url=reverse("project_resume", args=[pk]))
            return redirect("project", pk=pk)
    return render(request, "pairings/project.html", _project_context(row, scope, MilestoneForm(), form), status=400)


@require_POST
def project_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of finishing or stopping."""
    scope, row = _visible_project(request, pk)
    require(runs_a_side(row.pairing, scope))
    return act(
        request,
        lambda: project_services.resume_project(project=row, scope=scope),
        done=_("The project is running again."),
        back=reverse("project", args=[pk]),
    )


def _visible_milestone(request: HttpRequest, pk: int) -> tuple[Scope, ProjectMilestone, str]:
    scope = scope_of(request)
    rows = ProjectMilestone.objects.visible_to(scope).select_related("project__pairing")
    milestone = get_visible_or_404(rows, pk=pk)
    require(runs_a_side(milestone.project.pairing, scope))
    return scope, milestone, reverse("project", args=[milestone.project_id])


@require_POST
def milestone_done(request: HttpRequest, pk: int) -> HttpResponse:
    scope, milestone, back = _visible_milestone(request, pk)
    return act(
        request,
        lambda: project_services.finish_milestone(milestone=milestone, scope=scope, today=timezone.localdate()),
        done=_("Reached: %(what)s") % {"what": milestone.title},
        back=back,
        undo_url=reverse("milestone_reopen", args=[pk]),
    )


@require_POST
def milestone_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    scope, milestone, back = _visible_milestone(request, pk)
    return act(
        request,
        lambda: project_services.reopen_milestone(milestone=milestone, scope=scope),
        done=_("Open again: %(what)s") % {"what": milestone.title},
        back=back,
    )


@require_POST
def milestone_remove(request: HttpRequest, pk: int) -> HttpResponse:
    scope, milestone, back = _visible_milestone(request, pk)
    return act(
        request,
        lambda: project_services.remove_milestone(milestone=milestone, scope=scope),
        done=_("Taken out: %(what)s") % {"what": milestone.title},
        back=back,
    )
