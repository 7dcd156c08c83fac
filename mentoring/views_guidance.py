"""Guidance of League branches (tier 4): made by hand, its focus areas, its end."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from branches.models import LeagueBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import guidance_services
from .forms_links import FocusForm, GuidanceForm, ReasonForm
from .health import health_of_guidances
from .links import focus_words, story_of, tier_row, visible_ids
from .models import LeagueGuidance
from .offers import choosable_guides, guided_leagues, guides_for
from .services import may_arrange
from .tiers import FocusArea, LinkState, Tier
from .views_link_new import PAGE, require_arranger, words_of
from .wording import reason_words


@require_http_methods(["GET", "POST"])
def mentoring_guidance_new(request: HttpRequest) -> HttpResponse:
    """Give a member the guidance of a League branch: the League branch first, then only members whom no rule refuses."""
    scope = scope_of(request)
    require_arranger(scope)
    league = _league(request, scope)
    return _choose_league(request, scope) if league is None else _choose_guide(request, league, scope)


def _league(request: HttpRequest, scope: Scope) -> LeagueBranch | None:
    text = request.GET.get("league", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    found: LeagueBranch = get_visible_or_404(guided_leagues(scope), pk=int(text))
    return found


def _choose_league(request: HttpRequest, scope: Scope) -> HttpResponse:
    words, today = words_of(request), timezone.localdate()
    rows = guided_leagues(scope)
    rows = rows.filter(name__icontains=words) if words else rows
    context = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "words": words,
        "tier": tier_row(Tier.LEAGUE_BRANCHES, today),
    }
    return render(request, "mentoring/guidance_league.html", context)


def _choose_guide(request: HttpRequest, league: LeagueBranch, scope: Scope) -> HttpResponse:
    today, words = timezone.localdate(), words_of(request)
    form = GuidanceForm(
        request.POST if request.method == "POST" else None, people=choosable_guides(league, scope=scope, today=today),
        initial={"starts_on": today.isoformat()},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            row = guidance_services.arrange_guidance(
                guide=values.pop("person"), league_branch=league, **values, scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                today=today, now=timezone.now(), reasons=[["by_hand", 0, None]],
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            values = {"name": row.person.name, "league": league.name}
            say_done(request, _("%(name)s guides %(league)s now; both are told.") % values)
            return redirect("mentoring_guidance", pk=row.pk)
    context = {
        "league": league,
        "guides": LeagueGuidance.objects.visible_to(scope).open().filter(league_branch=league).with_names(),
        "tier": tier_row(Tier.LEAGUE_BRANCHES, today),
        "offers": guides_for(league, scope=scope, today=today, words=words),
        "words": words,
        "side": "league",
        "form": form,
    }
    return render(request, "mentoring/guidance_form.html", context, status=400 if form.errors else 200)


def _visible_guidance(request: HttpRequest, pk: int) -> tuple[Scope, LeagueGuidance]:
    scope = scope_of(request)
    rows = LeagueGuidance.objects.visible_to(scope).with_names().select_related("arranged_by")
    return scope, get_visible_or_404(rows, pk=pk)


@require_http_methods(["GET", "POST"])
def mentoring_guidance(request: HttpRequest, pk: int) -> HttpResponse:
    """Guide, League branch and focus areas; the guide and who keeps it choose the areas here."""
    scope, row = _visible_guidance(request, pk)
    keeps, today = may_arrange(row.party_branch, scope), timezone.localdate()
    may_focus = (keeps or scope.person_id == row.person_id) and row.state in (LinkState.DRAFT, LinkState.ACTIVE)
    if request.method == "POST":
        return _save_focus(request, row, scope, may_focus=may_focus)
    context = {
        "guidance": row,
        "tier": tier_row(Tier.LEAGUE_BRANCHES, today),
        "areas": [(key, label, key in row.focus_areas) for key, label in FocusArea.choices],
        "chosen_areas": focus_words(row.focus_areas),
        "may_read": visible_ids([row.person], scope),
        "health": health_of_guidances([row], today)[row.pk],
        "reasons": reason_words(row.reasons),
        "story": story_of(row, names_arranger=keeps),
        "others": LeagueGuidance.objects.visible_to(scope).open().filter(league_branch=row.league_branch_id)
        .exclude(pk=pk).with_names(),
        "may_focus": may_focus,
        "may_log": scope.person_id == row.person_id and row.state == LinkState.ACTIVE,
        "may_end": keeps and row.state == LinkState.ACTIVE,
        "may_plan": keeps and row.state == LinkState.DRAFT,
    }  # fmt: skip
    return render(request, "mentoring/guidance_detail.html", context)


def _save_focus(request: HttpRequest, row: LeagueGuidance, scope: Scope, *, may_focus: bool) -> HttpResponse:
    if not may_focus:
        raise PermissionDenied(_("Focus areas are chosen by the guide and the secretary who keeps the guidance."))
    form = FocusForm(request.POST)
    if not form.is_valid():
        say_refused(request, _("Choose focus areas from the list."))
    else:
        try:
            guidance_services.set_focus(guidance=row, focus_areas=form.cleaned_data["focus_areas"], scope=scope)
        except Refused as refusal:
            say_refused(request, refusal.text)
        else:
            say_done(request, _("Focus areas saved."))
    return redirect("mentoring_guidance", pk=row.pk)


@require_http_methods(["GET", "POST"])
def mentoring_guidance_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a guidance early, with a reason."""
    scope, row = _visible_guidance(request, pk)
    if not may_arrange(row.party_branch, scope):
        raise PermissionDenied(_("A guidance is ended by the secretary who keeps it, or by the department."))
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            guidance_services.end_guidance(
                guidance=row, reason=form.cleaned_data["reason"], scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                today=timezone.localdate(), now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            say_done(request, _("Ended. What was logged stays."))
            return redirect("mentoring_guidance", pk=pk)
    values = {"name": row.person.name, "league": row.league_branch.name}
    context = {
        "title": _("End this guidance"),
        "text": _("Please say why: both will read it."),
        "consequences": [
            _("%(name)s no longer guides %(league)s; both are told.") % values,
            _("What was logged stays and keeps counting."),
        ],
        "submit": _("End the guidance"),
        "cancel_url": reverse("mentoring_guidance", args=[pk]),
        "form": form,
    }
    return render(request, "confirm.html", context, status=400 if form.errors else 200)
