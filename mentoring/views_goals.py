"""Goals of a link: proposed, agreed, changed, ticked off. Phone first."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
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

from . import goal_services
from .doing import back_to
from .forms_work import DropForm, GoalForm
from .goals import goals_of, is_one_of_two, may_work
from .models import GoalStep, MentoringGoal, Mentorship


def _visible_link(request: HttpRequest, pk: int) -> tuple[Scope, Mentorship]:
    scope = scope_of(request)
    return scope, get_visible_or_404(Mentorship.objects.visible_to(scope).with_people(), pk=pk)


def _require_two(link: Mentorship, scope: Scope) -> None:
    if not is_one_of_two(link, scope):
        raise PermissionDenied(_("Goals are set by the two people of the link themselves."))


def _own_goal(request: HttpRequest, pk: int) -> tuple[Scope, MentoringGoal, str]:
    """A goal of one's own link, and the page to go back to; 404 for strangers, 403 for who only looks on."""
    scope = scope_of(request)
    rows = MentoringGoal.objects.visible_to(scope)
    goal = get_visible_or_404(rows.select_related("mentorship__mentor", "mentorship__mentee"), pk=pk)
    _require_two(goal.mentorship, scope)
    page = reverse("mentoring_link_goals", args=[goal.mentorship_id])
    return scope, goal, back_to(request, page, f"goal-{pk}")


@require_GET
def link_goals(request: HttpRequest, pk: int) -> HttpResponse:
    """What the two have agreed on, and what waits for one of them."""
    scope, link = _visible_link(request, pk)
    context = {
        "link": link,
        "goals": goals_of(link, scope, timezone.localdate()),
        "may_work": may_work(link, scope),
        "is_mine": is_one_of_two(link, scope),
    }
    return render(request, "mentoring/goal_list.html", context)


@require_http_methods(["GET", "POST"])
def goal_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose a goal with its steps; the other is asked."""
    scope, link = _visible_link(request, pk)
    _require_two(link, scope)
    form = GoalForm(posted(request))
    back = back_to(request, reverse("mentoring_link_goals", args=[pk]))
    if request.method == "POST" and form.is_valid():
        try:
            goal = goal_services.propose_goal(
                link=link, **form.service_arguments(), scope=scope, today=timezone.localdate(), now=timezone.now()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Proposed. %(name)s is asked to agree.") % {"name": link.other(scope.person_id).name})
            return redirect(f"{back}#goal-{goal.pk}")
    context = {"form": form, "link": link, "goal": None, "other": link.other(scope.person_id), "back": back}
    return render(request, "mentoring/goal_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def goal_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another wording, day or other steps: the other is asked again."""
    scope, goal, back = _own_goal(request, pk)
    link = goal.mentorship
    form = GoalForm(posted(request), goal=goal)
    if request.method == "POST" and form.is_valid():
        try:
            goal_services.change_goal(
                goal=goal, **form.service_arguments(), scope=scope, today=timezone.localdate(), now=timezone.now()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Changed. %(name)s is asked to agree.") % {"name": link.other(scope.person_id).name})
            return redirect(back)
    context = {"form": form, "link": link, "goal": goal, "other": link.other(scope.person_id), "back": back}
    return render(request, "mentoring/goal_form.html", context, status=400 if form.errors else 200)


@require_POST
def goal_agree(request: HttpRequest, pk: int) -> HttpResponse:
    scope, goal, back = _own_goal(request, pk)
    return act(
        request,
        lambda: goal_services.agree_goal(goal=goal, scope=scope, now=timezone.now()),
        done=_("Agreed: %(what)s") % {"what": goal.what},
        back=back,
    )


@require_POST
def goal_reached(request: HttpRequest, pk: int) -> HttpResponse:
    scope, goal, back = _own_goal(request, pk)
    return act(
        request,
        lambda: goal_services.reach_goal(goal=goal, scope=scope, today=timezone.localdate(), now=timezone.now()),
        done=_("Goal reached: %(what)s") % {"what": goal.what},
        back=back,
        undo_url=reverse("mentoring_goal_reopen", args=[pk]),
    )


@require_http_methods(["GET", "POST"])
def goal_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a goal up, or turn a proposal down, with a reason."""
    scope, goal, back = _own_goal(request, pk)
    form = DropForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            goal_services.drop_goal(
                goal=goal, **form.cleaned_data, scope=scope, today=timezone.localdate(), now=timezone.now()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            undo = reverse("mentoring_goal_reopen", args=[pk])
            say_done(request, _("Given up: %(what)s") % {"what": goal.what}, undo_url=undo)
            return redirect(back)
    context = {"form": form, "goal": goal, "back": back}
    return render(request, "mentoring/goal_drop.html", context, status=400 if form.errors else 200)


@require_POST
def goal_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of reaching or giving up."""
    scope, goal, back = _own_goal(request, pk)
    return act(
        request,
        lambda: goal_services.reopen_goal(goal=goal, scope=scope),
        done=_("Taken up again: %(what)s") % {"what": goal.what},
        back=back,
    )


@require_POST
def step_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a step off, or open it again; the same address takes it back."""
    scope = scope_of(request)
    rows = GoalStep.objects.visible_to(scope).select_related("goal__mentorship")
    step = get_visible_or_404(rows, pk=pk)
    _require_two(step.goal.mentorship, scope)
    page = reverse("mentoring_link_goals", args=[step.goal.mentorship_id])
    words = _("To be done again: %(what)s") if step.done_on else _("Done: %(what)s")
    return act(
        request,
        lambda: goal_services.toggle_step(step=step, scope=scope, today=timezone.localdate()),
        done=words % {"what": step.what},
        back=back_to(request, page, f"goal-{step.goal_id}"),
        undo_url=reverse("mentoring_step_done", args=[pk]),
    )
