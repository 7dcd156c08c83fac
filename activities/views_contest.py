"""A contest: its page, rounds, teams, the table of scores, the live result."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import contest_services as contests
from .event_models import Activity, OwnFields
from .event_rules import may_keep_list, may_run
from .forms_lines import RoundForm, ScoreTable, SetupForm, TeamForm
from .line_models import ContestRound, ContestScore, ContestSetup, ContestTeam
from .views_events import visible_activity


def _contest(request: HttpRequest, pk: int) -> tuple[Scope, Activity]:
    scope, found = visible_activity(request, pk)
    if found.kind.own_fields != OwnFields.CONTEST:
        raise Http404
    return scope, found


def _kept(request: HttpRequest, pk: int) -> tuple[Scope, Activity]:
    scope, found = _contest(request, pk)
    if not may_keep_list(found, scope):
        raise PermissionDenied(_("The committee of the hosts runs the contest."))
    return scope, found


def _kept_round(request: HttpRequest, pk: int) -> tuple[Scope, ContestRound]:
    rows = ContestRound.objects.visible_to(scope_of(request))
    row = get_visible_or_404(rows, pk=pk)
    scope, row.activity = _kept(request, row.activity_id)
    return scope, row


def _kept_team(request: HttpRequest, pk: int) -> tuple[Scope, ContestTeam]:
    row = get_visible_or_404(ContestTeam.objects.visible_to(scope_of(request)), pk=pk)
    scope, row.activity = _kept(request, row.activity_id)
    return scope, row


def _setup(scope: Scope, found: Activity) -> ContestSetup:
    """The row, or what holds until somebody sets it."""
    return ContestSetup.objects.visible_to(scope).filter(activity=found).first() or ContestSetup(activity=found)


def result_context(scope: Scope, found: Activity) -> dict[str, Any]:
    """Setup, rounds, teams with their people, and the places; five queries."""
    setup = _setup(scope, found)
    rounds = list(ContestRound.objects.visible_to(scope).filter(activity=found))
    teams = {
        row.pk: row for row in ContestTeam.objects.visible_to(scope).filter(activity=found).prefetch_related("members")
    }
    places = contests.result_of(found, rounds, teams.values(), setup.tie_rule)
    rows = [
        {"place": row, "team": teams[row.team_id], "points": [(turn.title, row.by_round.get(turn.pk)) for turn in rounds]}
        for row in places
    ]  # fmt: skip
    return {
        "activity": found, "setup": setup, "rounds": rounds, "teams": list(teams.values()), "rows": rows,
        "has_scores": any(row.place is not None for row in places),
    }  # fmt: skip


@require_GET
def contest(request: HttpRequest, pk: int) -> HttpResponse:
    """Rounds, teams and the result. The places are everybody's when the result page is open, else the committee's."""
    scope, found = _contest(request, pk)
    context = result_context(scope, found)
    setup = context["setup"]
    may_keep = may_keep_list(found, scope)
    context |= {
        "may_keep": may_keep,
        "may_change": may_keep and setup.closed_at is None and found.state != "cancelled",
        "may_close": may_run(found, scope) and found.state != "cancelled",
        "shows_result": may_keep or setup.is_live,
        "groups": contests.groups_for(found) if may_keep else [],
        "setup_form": SetupForm(initial={"tie_rule": setup.tie_rule, "is_live": setup.is_live}),
    }
    return render(request, "activities/contest.html", context)


def _back(pk: int, part: str = "") -> HttpResponse:
    return redirect(reverse("contest", args=[pk]) + part)


@require_POST
def contest_setup(request: HttpRequest, pk: int) -> HttpResponse:
    """How ties are broken; open or shut the result page."""
    scope, found = _kept(request, pk)
    form = SetupForm(request.POST)
    if not form.is_valid():
        say_refused(request, _("Choose how ties are broken."))
        return _back(pk)
    try:
        contests.set_up(activity=found, **form.cleaned_data, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Saved."))
    return _back(pk)


# --- Rounds and teams -----------------------------------------------------------------------------------


def _form_page(request: HttpRequest, found: Activity, form: Any, title: str, back: str) -> HttpResponse:
    context = {"activity": found, "form": form, "title": title, "back": back}
    return render(request, "activities/line_form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def contest_round_add(request: HttpRequest, pk: int) -> HttpResponse:
    """A round at the end."""
    scope, found = _kept(request, pk)
    return _round_page(request, scope, found, None)


@require_http_methods(["GET", "POST"])
def round_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, highest score, weight."""
    scope, row = _kept_round(request, pk)
    return _round_page(request, scope, row.activity, row)


def _round_page(request: HttpRequest, scope: Scope, found: Activity, row: ContestRound | None) -> HttpResponse:
    initial = {"title": row.title, "max_score": row.max_score, "weight": row.weight} if row else None
    form = RoundForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = contests.save_round(
                activity=found, **form.cleaned_data, scope=scope, round_id=row.pk if row else None
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("Round “%(round)s” is saved.") % {"round": made.title})
            return _back(found.pk, "#rounds")
    title = _("Change the round") if row else _("Add a round")
    return _form_page(request, found, form, title, reverse("contest", args=[found.pk]))


@require_POST
def round_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """While nobody scored in it."""
    scope, row = _kept_round(request, pk)
    found, title = row.activity_id, row.title
    try:
        contests.remove_round(contest_round=row, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Round “%(round)s” is removed.") % {"round": title})
    return _back(found, "#rounds")


@require_POST
def contest_teams_make(request: HttpRequest, pk: int) -> HttpResponse:
    """A team from every group of the pairings that is none yet."""
    scope, found = _kept(request, pk)
    try:
        made = contests.make_teams(activity=found, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
        return _back(pk)
    if made:
        words = ngettext(
            "%(count)d team is made from the groups.", "%(count)d teams are made from the groups.", len(made)
        )
        say_done(request, words % {"count": len(made)})
    else:
        say_refused(
            request, _("Every group of the running pairings is a team already, or there is no published group.")
        )
    return _back(pk, "#teams")


@require_http_methods(["GET", "POST"])
def contest_team_add(request: HttpRequest, pk: int) -> HttpResponse:
    """A team by hand."""
    scope, found = _kept(request, pk)
    return _team_page(request, scope, found, None)


@require_http_methods(["GET", "POST"])
def team_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Its name and its people."""
    scope, row = _kept_team(request, pk)
    return _team_page(request, scope, row.activity, row)


def _team_page(request: HttpRequest, scope: Scope, found: Activity, row: ContestTeam | None) -> HttpResponse:
    form = TeamForm(request.POST if request.method == "POST" else None, scope=scope, activity=found, team=row)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = contests.save_team(
                activity=found, name=data["name"], people=data["numbers"], scope=scope, team_id=row.pk if row else None
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            say_done(request, _("Team “%(team)s” is saved.") % {"team": made.name})
            return _back(found.pk, "#teams")
    title = _("Change the team") if row else _("Add a team")
    return _form_page(request, found, form, title, reverse("contest", args=[found.pk]))


@require_POST
def team_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """While nobody scored it."""
    scope, row = _kept_team(request, pk)
    found, name = row.activity_id, row.name
    try:
        contests.remove_team(team=row, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Team “%(team)s” is removed.") % {"team": name})
    return _back(found, "#teams")


# --- Scores -----------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def round_scores(request: HttpRequest, pk: int) -> HttpResponse:
    """The table of one round: a team a row, a judge a column."""
    scope, row = _kept_round(request, pk)
    teams = list(ContestTeam.objects.visible_to(scope).filter(activity=row.activity_id))
    scores = list(ContestScore.objects.visible_to(scope).filter(round=row).select_related("recorded_by"))
    table = ScoreTable(row, teams, scores, request.POST if request.method == "POST" else None)
    if request.method == "POST" and not table.errors:
        try:
            changed = contests.save_scores(
                contest_round=row, columns=table.columns(), scope=scope, by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            table.errors.append(refusal.text)
        else:
            words = ngettext("%(count)d score is written.", "%(count)d scores are written.", changed)
            say_done(request, words % {"count": changed} if changed else _("Nothing was changed."))
            return redirect("round_scores", pk=pk)
    context = {
        "activity": row.activity, "round": row, "table": table, "is_closed": _setup(scope, row.activity).closed_at is not None,
        "rounds": ContestRound.objects.visible_to(scope).filter(activity=row.activity_id),
    }  # fmt: skip
    return render(request, "activities/contest_scores.html", context, status=400 if table.errors else 200)


@require_POST
def round_judge_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """A judge's column, as when the name was mistyped."""
    scope, row = _kept_round(request, pk)
    judge = request.POST.get("judge", "")[:50]
    try:
        contests.remove_judge(contest_round=row, judge=judge, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("The column of %(judge)s is removed.") % {"judge": judge})
    return redirect("round_scores", pk=pk)


# --- The result ---------------------------------------------------------------------------------------------


@require_POST
def contest_close(request: HttpRequest, pk: int) -> HttpResponse:
    """The result stands; the toast opens it again."""
    scope, found = _runs(request, pk)
    try:
        contests.close_contest(activity=found, scope=scope, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("The contest is closed. The result stands."), undo_url=reverse("contest_reopen", args=[pk]))
    return _back(pk)


@require_POST
def contest_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """A mistake was found."""
    scope, found = _runs(request, pk)
    try:
        contests.reopen_contest(activity=found, scope=scope)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("The contest is open again."))
    return _back(pk)


def _runs(request: HttpRequest, pk: int) -> tuple[Scope, Activity]:
    scope, found = _contest(request, pk)
    if not may_run(found, scope):
        raise PermissionDenied(_("Only who runs the host, or its department, may do this."))
    return scope, found


@never_cache
@require_GET
def contest_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole screen for the hall; empty words while the page is shut."""
    return render(request, "activities/contest_live.html", _live(request, pk))


@never_cache
@require_GET
def contest_live_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The part the screen fetches every five seconds."""
    return render(request, "activities/includes/contest_result.html", _live(request, pk))


def _live(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Without a place or a point while the page is shut, whoever asks."""
    scope, found = _contest(request, pk)
    context = result_context(scope, found)
    if not context["setup"].is_live:
        context |= {"rows": [], "has_scores": False}
    return context
