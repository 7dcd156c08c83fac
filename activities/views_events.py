"""Activities: the list, one activity, a new one, changing it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from branches.services import load_calendar
from pairing_portal.common.problems import Refused, refuse_blocked
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import event_services as life
from .event_models import Activity, ActivityHost, ActivityState, Participation
from .event_page import (
    STATE_TONES,
    allowed,
    counts_of,
    groups_of,
    history_of,
    host_name,
    own_part,
    short_when,
    when_words,
)
from .event_rules import Clash, Plan, clashes_of, plan_problems
from .filters import ActivityFilter
from .forms_events import PlanForm

PAGE = 30
MINE_SHOWN = 6
# Of a repetition the first dates are looked at for clashes.
CLASHES_CHECKED = 12


@require_GET
def activities(request: HttpRequest) -> HttpResponse:
    """Coming ones, mine first; filters stand in words and in the address."""
    scope, now = scope_of(request), timezone.now()
    seen = Activity.objects.visible_to(scope).with_names()
    chosen = ActivityFilter(request.GET, queryset=seen, scope=scope)
    is_valid = chosen.form.is_valid()
    words = chosen.in_words()
    page = Paginator(chosen.qs if is_valid else seen.none(), PAGE).get_page(request.GET.get("page"))
    mine = {} if not is_valid or words or page.number > 1 else _coming_of(scope)
    context = {
        "page": page,
        "rows": [_row(row, scope) for row in page.object_list if row.pk not in mine],
        "mine": [_row(activity, scope, own) for activity, own in mine.values()],
        "filter": chosen,
        "words": words,
        "may_plan": may_plan_somewhere(scope),
        "now": now,
    }
    return render(request, "activities/activity_list.html", context, status=200 if is_valid else 400)


def may_plan_somewhere(scope: Scope) -> bool:
    return bool(
        scope.branch_ids
        or scope.department_ids
        or scope.league_branch_ids
        or scope.guided_league_branch_ids
        or scope.college_staff
    )


def _coming_of(scope: Scope) -> dict[int, tuple[Activity, Participation]]:
    """The next ones the user is expected at, with their own state; one query."""
    if scope.person_id is None:
        return {}
    rows = (
        Participation.objects.visible_to(scope)
        .filter(person_id=scope.person_id, activity__state=ActivityState.PUBLISHED, activity__ends_at__gte=timezone.now())
        .exclude(state__in=("withdrawn", "leave"))
        .select_related("activity__kind", "activity__party_branch", "activity__league_branch")
        .order_by("activity__starts_at", "activity_id")
    )  # fmt: skip
    return {row.activity_id: (row.activity, row) for row in rows[:MINE_SHOWN]}


def _row(activity: Activity, scope: Scope, own: Participation | None = None) -> dict[str, Any]:
    return {
        "activity": activity,
        "when": short_when(activity),
        "host": host_name(activity),
        "tone": STATE_TONES[ActivityState(activity.state)],
        "own": own,
    }


def visible_activity(request: HttpRequest, pk: int) -> tuple[Scope, Activity]:
    scope = scope_of(request)
    return scope, get_visible_or_404(Activity.objects.visible_to(scope).with_names(), pk=pk)


@require_GET
def activity(request: HttpRequest, pk: int) -> HttpResponse:
    """What, when, where, whose, how it stands, and the one thing to do next."""
    scope = scope_of(request)
    rows = Activity.objects.visible_to(scope).with_names().select_related("created_by", "finished_by", "repeat_of")
    found = get_visible_or_404(rows, pk=pk)
    now = timezone.now()
    hosts = list(
        ActivityHost.objects.visible_to(scope).filter(activity=found).select_related("party_branch", "approved_by")
    )
    may = allowed(found, scope, hosts, now)
    people = Participation.objects.visible_to(scope).filter(activity=found).select_related("person")
    context = {
        "activity": found,
        "when": when_words(found, load_calendar()),
        "host": host_name(found),
        "hosts": hosts,
        "tone": STATE_TONES[ActivityState(found.state)],
        "may": may,
        "own": own_part(found, scope.person_id, now),
        "counts": counts_of(found),
        "groups": groups_of(people.order_by("person__name_key", "pk")) if may.keep_list else [],
        "repetitions": Activity.objects.visible_to(scope).filter(repeat_of=found.repeat_of or found).exclude(pk=pk)[:5],
        "changes": history_of(found) if may.keep_list else [],
        "is_over": found.ends_at <= now,
    }
    return render(request, "activities/activity_detail.html", context)


@require_http_methods(["GET", "POST"])
def activity_new(request: HttpRequest) -> HttpResponse:
    """Plan an activity; what clashes is shown before it is written. `?on=2026-10-30&kind=theme_day` fills in."""
    scope = scope_of(request)
    if not may_plan_somewhere(scope):
        raise PermissionDenied(_("Activities are planned by the committee of the host."))
    form = PlanForm(request.POST if request.method == "POST" else None, scope=scope)
    form.initial = _asked(request, form)
    clashes: list[Clash] = []
    if request.method == "POST" and form.is_valid():
        plan, rule = form.plan(), form.repeat_rule()
        try:
            clashes = _clashes(plan, rule, form)
            if not clashes:
                made = life.plan_activity(
                    plan=plan, repeat_rule=rule, once=True, scope=scope, by=request.user, now=timezone.now()
                )
                return _planned(request, made)
        except Refused as refusal:
            form.refuse(refusal)
    return _form_page(request, form, clashes, None)


def _form_page(request: HttpRequest, form: PlanForm, clashes: list[Clash], found: Activity | None) -> HttpResponse:
    kinds: dict[str, list[Any]] = {}
    for kind in form.fields["kind"].queryset:
        kinds.setdefault(kind.get_group_display(), []).append(kind)
    context = {
        "form": form,
        "kinds": kinds,
        "clashes": clashes,
        "activity": found,
        "back": reverse("activity", args=[found.pk]) if found else reverse("activities"),
    }
    return render(request, "activities/activity_form.html", context, status=400 if form.errors or clashes else 200)


def _planned(request: HttpRequest, made: list[Activity]) -> HttpResponse:
    words = ngettext("Planned as a draft.", "Planned as %(count)d drafts.", len(made)) % {"count": len(made)}
    say_done(request, words)
    return redirect("activity", pk=made[0].pk)


def _asked(request: HttpRequest, form: PlanForm) -> dict[str, Any]:
    """What the address fills in; what it cannot mean is left out."""
    initial: dict[str, Any] = {"starts_at": "15:00", "ends_at": "17:00", "audience": "members"}
    with contextlib.suppress(ValueError):
        initial["on"] = date.fromisoformat(request.GET.get("on", ""))
    kinds = form.fields["kind"].queryset
    initial["kind"] = kinds.filter(key=request.GET.get("kind", "")[:40]).first()
    hosts = [*form.party, *form.league]
    asked = request.GET.get("host", "")
    initial["host"] = asked if asked in hosts else (hosts[0] if hosts else "")
    if initial["host"].startswith("league-"):
        initial["audience"] = "league"
    return initial


def _clashes(plan: Plan, rule: str, form: PlanForm, *, but_for: int | None = None) -> list[Clash]:
    """What is at the same time, unless the user has ticked that it shall stand; looks at the first dates of a repetition."""
    refuse_blocked(plan_problems(plan, timezone.now()))
    if form.cleaned_data["accept_clashes"]:
        return []
    people = [person.pk for person in life.audience_of(plan)]
    length = plan.ends_at - plan.starts_at
    found: list[Clash] = []
    for starts_at in life.repetitions(rule, plan.starts_at)[:CLASHES_CHECKED]:
        one = replace(plan, starts_at=starts_at, ends_at=starts_at + length)
        found += clashes_of(one, people, but_for=but_for)
    return found


@require_http_methods(["GET", "POST"])
def activity_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is not over; a new time or place is told to those invited."""
    scope, found = visible_activity(request, pk)
    hosts = ActivityHost.objects.visible_to(scope).filter(activity=found)
    if not allowed(found, scope, hosts, timezone.now()).edit:
        raise PermissionDenied(_("Only who runs the host, or its department, may do this."))
    form = PlanForm(
        request.POST if request.method == "POST" else None, scope=scope, activity=found, initial=PlanForm.initial_of(found)
    )  # fmt: skip
    clashes: list[Clash] = []
    if request.method == "POST" and form.is_valid():
        plan = form.plan()
        try:
            clashes = _clashes(plan, "", form, but_for=pk)
            if not clashes:
                life.change_activity(activity=found, plan=plan, scope=scope, by=request.user, now=timezone.now())
                say_done(request, _("Saved."))
                return redirect("activity", pk=pk)
        except Refused as refusal:
            form.refuse(refusal)
    return _form_page(request, form, clashes, found)
