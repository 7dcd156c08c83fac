"""The plan of a League branch: guides, model type, milestones. For the League secretary and the guides, phone and desktop."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.models import AcademicYear, LeagueBranch
from members.models import academic_year_of
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import league_services
from .forms_work import MilestoneChangeForm, MilestoneForm, PlanForm
from .league_services import may_plan, may_see_plan
from .models import LeagueGuidance, LeagueMilestone, LeaguePlan
from .tiers import FocusArea


def _visible_league(request: HttpRequest, pk: int) -> tuple[Scope, LeagueBranch]:
    """404 for who does not know the League branch, 403 for who has nothing to do with its plan."""
    scope = scope_of(request)
    rows = LeagueBranch.objects.visible_to(scope)
    try:
        league: LeagueBranch = get_visible_or_404(rows.select_related("party_branch", "school_class"), pk=pk)
    except Http404:
        league = _guided(scope, pk)
    if not may_see_plan(league, scope):
        raise PermissionDenied(
            _("This plan is for the League branch's secretary, its guides, the Party branch and the department.")
        )
    return scope, league


def _guided(scope: Scope, pk: int) -> LeagueBranch:
    """A guide may come from another department."""
    mine = LeagueGuidance.objects.visible_to(scope).running().filter(person_id=scope.person_id or 0)
    rows = mine.select_related("league_branch__party_branch", "league_branch__school_class")
    guidance: LeagueGuidance = get_visible_or_404(rows, league_branch=pk)
    return guidance.league_branch


def _require_writer(league: LeagueBranch, scope: Scope) -> None:
    if not may_plan(league, scope):
        raise PermissionDenied(
            _("The plan is made by the League secretary, the guides and the secretary of the responsible Party branch.")
        )


@require_GET
def league(request: HttpRequest, pk: int) -> HttpResponse:
    """Who guides the League branch, what it is building, and what is due when."""
    scope, row = _visible_league(request, pk)
    return _page(request, row, scope)


def _page(
    request: HttpRequest, row: LeagueBranch, scope: Scope, *, plan_form: Any = None, milestone_form: Any = None
) -> HttpResponse:
    plans = list(LeaguePlan.objects.visible_to(scope).filter(league_branch=row).select_related("academic_year"))
    plans.sort(key=lambda plan: -plan.academic_year.start_year)
    year = academic_year_of(timezone.localdate())
    shown = _shown(plans, year, request.GET.get("year", ""))
    milestones = list(LeagueMilestone.objects.visible_to(scope).filter(plan=shown)) if shown else []
    context = {
        "league_branch": row,
        "guidances": LeagueGuidance.objects.visible_to(scope).running().filter(league_branch=row).with_names(),
        "areas": dict(FocusArea.choices),
        "year": year,
        "plan": shown,
        "plans": [plan for plan in plans if shown is None or plan.pk != shown.pk],
        "milestones": milestones,
        "done_count": sum(milestone.done_on is not None for milestone in milestones),
        "may_write": may_plan(row, scope),
        "plan_form": plan_form or PlanForm(initial={"model_type": row.model_type}),
        "milestone_form": milestone_form or MilestoneForm(),
    }
    status = 400 if (plan_form or milestone_form) else 200
    return render(request, "mentoring/league_plan.html", context, status=status)


def _shown(plans: list[LeaguePlan], year: AcademicYear | None, wanted: str) -> LeaguePlan | None:
    """The plan of the year asked for, else of this academic year."""
    for plan in plans:
        if str(plan.academic_year.start_year) == wanted:
            return plan
    return next((plan for plan in plans if year is not None and plan.academic_year_id == year.pk), None)


def _current_plan(request: HttpRequest, pk: int) -> tuple[Scope, LeagueBranch, LeaguePlan]:
    scope, row = _visible_league(request, pk)
    _require_writer(row, scope)
    rows = LeaguePlan.objects.visible_to(scope).select_related("academic_year", "league_branch")
    year = academic_year_of(timezone.localdate())
    return scope, row, get_visible_or_404(rows, league_branch=pk, academic_year=year)


@require_POST
def league_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Make this year's plan, with the template of the chosen type unless `empty` is sent."""
    scope, row = _visible_league(request, pk)
    _require_writer(row, scope)
    form = PlanForm(request.POST)
    year = academic_year_of(timezone.localdate())
    if form.is_valid():
        try:
            if year is None:
                raise Refused(_("No academic year is entered for today. Ask the administrator to enter it first."))
            league_services.make_plan(
                league_branch=row, academic_year=year, **form.cleaned_data, from_template="empty" not in request.POST,
                scope=scope, by=request.user, today=timezone.localdate(), now=timezone.now(),  # type: ignore[arg-type]  # signed in
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("The plan is made. Change its milestones as you need them."))
            return redirect("mentoring_league", pk=pk)
    return _page(request, row, scope, plan_form=form)


@require_http_methods(["GET", "POST"])
def league_plan_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another type or aim."""
    scope, row, plan = _current_plan(request, pk)
    form = PlanForm(posted(request), initial={"model_type": plan.model_type, "aim": plan.aim})
    if request.method == "POST" and form.is_valid():
        try:
            league_services.change_plan(plan=plan, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Saved."))
            return redirect("mentoring_league", pk=pk)
    context = {"form": form, "league_branch": row, "milestone": None, "back": reverse("mentoring_league", args=[pk])}
    return render(request, "mentoring/league_form.html", context, status=400 if form.errors else 200)


@require_POST
def league_milestone_new(request: HttpRequest, pk: int) -> HttpResponse:
    """One more milestone of this year's plan."""
    scope, row, plan = _current_plan(request, pk)
    form = MilestoneForm(request.POST)
    if form.is_valid():
        try:
            milestone = league_services.add_milestone(plan=plan, **form.cleaned_data, scope=scope)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            undo = reverse("mentoring_milestone_delete", args=[milestone.pk])
            say_done(request, _("Milestone added."), undo_url=undo)
            return redirect(_milestone_url(milestone))
    return _page(request, row, scope, milestone_form=form)


def _milestone_url(milestone: LeagueMilestone) -> str:
    return f"{reverse('mentoring_league', args=[milestone.plan.league_branch_id])}#milestone-{milestone.pk}"


def _visible_milestone(request: HttpRequest, pk: int) -> tuple[Scope, LeagueMilestone]:
    scope = scope_of(request)
    rows = LeagueMilestone.objects.visible_to(scope).select_related("plan__league_branch", "plan__academic_year")
    milestone = get_visible_or_404(rows, pk=pk)
    _require_writer(milestone.plan.league_branch, scope)
    return scope, milestone


@require_POST
def milestone_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick off, or open again; the same address takes it back."""
    scope, milestone = _visible_milestone(request, pk)
    words = _("To be done again: %(what)s") if milestone.done_on else _("Done: %(what)s")
    return act(
        request,
        lambda: league_services.toggle_milestone(
            milestone=milestone, result=request.POST.get("result", ""), scope=scope, today=timezone.localdate(),
            now=timezone.now(),
        ),
        done=words % {"what": milestone.what},
        back=_milestone_url(milestone),
        undo_url=reverse("mentoring_milestone_done", args=[pk]),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def milestone_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a milestone, or write down what came of it."""
    scope, milestone = _visible_milestone(request, pk)
    form = MilestoneChangeForm(posted(request), milestone=milestone)
    if request.method == "POST" and form.is_valid():
        try:
            league_services.change_milestone(milestone=milestone, **form.cleaned_data, scope=scope, now=timezone.now())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Saved."))
            return redirect(_milestone_url(milestone))
    row = milestone.plan.league_branch
    back = reverse("mentoring_league", args=[row.pk])
    context = {"form": form, "league_branch": row, "milestone": milestone, "back": back}
    return render(request, "mentoring/league_form.html", context, status=400 if form.errors else 200)


@require_POST
def milestone_delete(request: HttpRequest, pk: int) -> HttpResponse:
    scope, milestone = _visible_milestone(request, pk)
    return act(
        request,
        lambda: league_services.delete_milestone(milestone=milestone, scope=scope, now=timezone.now()),
        done=_("Milestone taken out: %(what)s") % {"what": milestone.what},
        back=reverse("mentoring_league", args=[milestone.plan.league_branch_id]),
    )
