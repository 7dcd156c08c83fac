from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import SETUP_ROLES, Scope

from .calendar import Calendar, TermSpan
from .forms import YearForm, day_lines
from .models import AcademicYear, CalendarDay, LeagueBranch, PartyBranch, PolicyValue, Term
from .policy import RULES, Policy
from .year import DayPlan, proposed_days, proposed_terms, set_up_year


@require_GET
def organisation(request: HttpRequest) -> HttpResponse:
    """Departments with their Party branches and League branches."""
    scope = scope_of(request)
    branches = (
        PartyBranch.objects.visible_to(scope)
        .with_members()
        .select_related("department")
        .order_by("department__name", "pk")
    )
    leagues = (
        LeagueBranch.objects.visible_to(scope).active().select_related("department", "school_class", "party_branch")
    )
    year = AcademicYear.objects.visible_to(scope).current(timezone.localdate())
    rows = [
        {"league": league, "study_year": league.study_year(year.start_year) if year else None} for league in leagues
    ]
    context = {
        "branches": branches,
        "leagues": rows,
        "may_set_up": _may_set_up(scope),
        "may_turn": scope.has(*SETUP_ROLES),
    }
    return render(request, "branches/organisation.html", context)


@require_GET
def branch(request: HttpRequest, pk: int) -> HttpResponse:
    """One Party branch: facts, committee, the League branches it guides."""
    scope = scope_of(request)
    row = get_visible_or_404(PartyBranch.objects.visible_to(scope).with_members().select_related("department"), pk=pk)
    context = {
        "branch": row,
        "posts": row.posts.filter(ended_on=None).select_related("person"),
        "leagues": LeagueBranch.objects.visible_to(scope)
        .active()
        .filter(party_branch=row)
        .select_related("school_class"),
        "may_see_people": pk in scope.branch_ids or scope.whole_college or scope.oversees(row.department_id),
        "may_appoint": scope.oversees(row.department_id) or scope.whole_college,
    }
    return render(request, "branches/branch_detail.html", context)


@require_GET
def rules_page(request: HttpRequest) -> HttpResponse:
    """Every number of the rules: what is in force today, where it comes from, since when."""
    scope, today = scope_of(request), timezone.localdate()
    policy = Policy()
    own = {row.key: row for row in PolicyValue.objects.visible_to(scope).in_force(today)}
    rows = [{"rule": rule, "value": policy.number(key, today), "own": own.get(key)} for key, rule in RULES.items()]
    return render(request, "branches/rules.html", {"rows": rows, "may_set_up": _may_set_up(scope), "today": today})


def _may_set_up(scope: Scope) -> bool:
    return scope.whole_college and scope.has(*SETUP_ROLES)


@require_http_methods(["GET", "POST"])
def year_setup(request: HttpRequest) -> HttpResponse:
    """Terms, days, League branches that owe lectures; seen as a grid before it is saved."""
    scope = scope_of(request)
    if not _may_set_up(scope):
        raise PermissionDenied(
            _("The academic year is set up by the organisers of the whole college and by administrators.")
        )
    start_year = _asked_year(request)
    leagues = _junior_leagues(scope, start_year)
    form = YearForm(request.POST or None, initial=_initial(scope, start_year))
    unknown: list[int] = []
    if request.method == "GET":
        terms = proposed_terms(start_year)
        unknown = proposed_days(terms[0].start_monday, terms[1].ends_on)[1]
    grid = None
    if request.method == "POST" and form.is_valid():
        grid = _grid(form)
        if request.POST.get("step") == "save":
            try:
                year = set_up_year(
                    start_year=start_year, autumn=form.autumn, spring=form.spring, days=form.cleaned_data["days"],
                    responsible=_responsible(request, scope, leagues), by=request.user, now=timezone.now(),  # type: ignore[arg-type]  # signed in
                )  # fmt: skip
            except Refused as refusal:
                form.add_error(refusal.field or None, refusal)
            else:
                messages.success(request, _("The academic year %(year)s is set up.") % {"year": year})
                return redirect("organisation")
    context = {
        "form": form, "start_year": start_year, "years": [start_year - 1, start_year + 1],
        "leagues": _league_rows(request, scope, leagues), "unknown": unknown, "grid": grid,
    }  # fmt: skip
    return render(request, "branches/year_setup.html", context, status=400 if form.errors else 200)


def _asked_year(request: HttpRequest) -> int:
    text = (request.POST.get("start_year") or request.GET.get("year") or "")[:4]
    today = timezone.localdate()
    default = today.year if today.month >= 6 else today.year - 1
    return int(text) if text.isascii() and text.isdigit() and 2000 <= int(text) <= 2099 else default


def _initial(scope: Scope, start_year: int) -> dict[str, Any]:
    """What is stored for the year, else a proposal."""
    stored = {term.season: term for term in Term.objects.visible_to(scope).filter(academic_year__start_year=start_year)}
    terms = [stored.get(term.season, term) for term in proposed_terms(start_year)]
    if stored:
        year = AcademicYear.objects.visible_to(scope).get(start_year=start_year)
        rows = CalendarDay.objects.visible_to(scope).filter(on__gte=year.starts_on, on__lte=year.ends_on)
        days = [DayPlan(row.on, row.kind, row.name) for row in rows]
    else:
        days = proposed_days(terms[0].start_monday, terms[1].ends_on)[0]
    initial: dict[str, Any] = {"start_year": start_year, "days": day_lines(days)}
    for season, term in zip(("autumn", "spring"), terms, strict=True):
        initial |= {
            f"{season}_start": term.start_monday.isoformat(), f"{season}_teaching": term.teaching_weeks, f"{season}_exams": term.exam_weeks,
        }  # fmt: skip
    return initial


def _junior_leagues(scope: Scope, start_year: int) -> list[LeagueBranch]:
    limit = Policy().number("junior_study_years", date(start_year, 9, 1))
    rows = (
        LeagueBranch.objects.visible_to(scope)
        .active()
        .select_related("department", "party_branch")
        .order_by("department__name", "pk")
    )
    return [row for row in rows if 1 <= row.study_year(start_year) <= limit]


def _league_rows(request: HttpRequest, scope: Scope, leagues: list[LeagueBranch]) -> list[dict[str, Any]]:
    options = _branch_options(scope, leagues)
    return [
        {
            "league": league,
            "options": options[league.pk],
            "chosen": request.POST.get(f"league-{league.pk}", str(league.party_branch_id or "")),
        }
        for league in leagues
    ]


def _branch_options(scope: Scope, leagues: list[LeagueBranch]) -> dict[int, list[PartyBranch]]:
    """Active branches of the League branch's department, and the one that answers for it now, whatever became of it."""
    by_department: dict[int, list[PartyBranch]] = {}
    for branch in PartyBranch.objects.visible_to(scope).active():
        by_department.setdefault(branch.department_id, []).append(branch)
    options = {}
    for league in leagues:
        offered, present = by_department.get(league.department_id, []), league.party_branch
        options[league.pk] = offered if present is None or present in offered else [present, *offered]
    return options


def _responsible(request: HttpRequest, scope: Scope, leagues: list[LeagueBranch]) -> dict[int, int | None]:
    """What was chosen; a League branch that was not asked about, or got an answer that was not offered, keeps its branch."""
    options, found = _branch_options(scope, leagues), {}
    for league in leagues:
        answer = request.POST.get(f"league-{league.pk}")
        allowed: dict[str | None, int | None] = {"": None}
        allowed |= {str(branch.pk): branch.pk for branch in options[league.pk]}
        if answer in allowed:
            found[league.pk] = allowed[answer]
    return found


def _grid(form: YearForm) -> list[dict[str, Any]]:
    """The year as weeks × days, for the eye to check."""
    terms = (form.autumn, form.spring)
    spans = tuple(
        TermSpan(term.start_monday, term.teaching_weeks, term.exam_weeks, term.season, form.cleaned_data["start_year"])
        for term in terms
    )
    names = {day.on: day.name for day in form.cleaned_data["days"]}
    calendar = Calendar(spans, {day.on: str(day.kind) for day in form.cleaned_data["days"]})
    return [
        {"season": term.season, "weeks": [_week(calendar, monday, names) for monday in term.mondays]} for term in spans
    ]


def _week(calendar: Calendar, monday: date, names: dict[date, str]) -> dict[str, Any]:
    days = [monday + timedelta(days=number) for number in range(7)]
    return {
        "number": calendar.teaching_week(monday),
        "is_exam": calendar.is_exam_week(monday),
        "teaching_days": calendar.teaching_days(monday),
        "days": [
            {
                "on": on,
                "is_teaching": calendar.is_teaching_day(on),
                "kind": calendar.days.get(on, ""),
                "name": names.get(on, ""),
            }
            for on in days
        ],
    }
