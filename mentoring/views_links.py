"""Who helps whom: the list of links and guidance, one link, its answer, its end."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import services
from .filters import GuidanceFilter, LinkFilter
from .forms_links import ReasonForm
from .goals import goals_of
from .health import filter_by_health, health_of_guidances, health_of_links
from .links import draft_counts, focus_words, story_of, tier_row, visible_ids
from .models import LeagueGuidance, Mentorship
from .need_services import role_of
from .offers import may_open
from .services import may_arrange
from .tiers import LinkState, Tier
from .wording import reason_words

PAGE = 50


@require_GET
def mentoring(request: HttpRequest) -> HttpResponse:
    """Links and guidance the scope sees; what is filtered stands in words and in the address."""
    scope = scope_of(request)
    tier = _tier(request.GET.get("tier", ""))
    is_guidance = tier == Tier.LEAGUE_BRANCHES
    shown = _guidances(request, scope) if is_guidance else _links(request, scope, tier)
    context = shown | {
        "tier": tier,
        "tiers": [(int(one), one.label) for one in Tier],
        "is_guidance": is_guidance,
        "drafts": draft_counts(scope),
        "may_arrange": may_open(scope),
    }
    is_valid = shown["filter"].form.is_valid()
    return render(request, "mentoring/mentoring_list.html", context, status=200 if is_valid else 400)


def _tier(text: str) -> int | None:
    return int(text) if text in {str(int(tier)) for tier in Tier} else None


def _links(request: HttpRequest, scope: Scope, tier: int | None) -> dict[str, Any]:
    rows = Mentorship.objects.visible_to(scope).with_people()
    rows = rows.filter(tier=tier) if tier else rows
    chosen = LinkFilter(request.GET, queryset=rows, scope=scope)
    found, health = _narrowed(request, chosen, rows, health_of_links)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    health = health or health_of_links(page.object_list, timezone.localdate())
    people = [person for link in page.object_list for person in (link.mentor, link.mentee)]
    may_read = visible_ids(people, scope)
    words = [str(Tier(tier).label)] if tier else []
    return {
        "page": page,
        "rows": [
            {"link": link, "health": health[link.pk], "is_mine": scope.person_id in (link.mentor_id, link.mentee_id)}
            for link in page.object_list
        ],
        "may_read": may_read,
        "filter": chosen,
        "words": words + chosen.in_words(),
    }


def _guidances(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    rows = LeagueGuidance.objects.visible_to(scope).with_names()
    chosen = GuidanceFilter(request.GET, queryset=rows, scope=scope)
    found, health = _narrowed(request, chosen, rows, health_of_guidances)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    health = health or health_of_guidances(page.object_list, timezone.localdate())
    return {
        "page": page,
        "rows": [
            {"guidance": row, "health": health[row.pk], "areas": focus_words(row.focus_areas)}
            for row in page.object_list
        ],
        "may_read": set(),
        "filter": chosen,
        "words": [str(Tier.LEAGUE_BRANCHES.label), *chosen.in_words()],
    }


def _narrowed(request: HttpRequest, chosen: Any, rows: Any, judge: Any) -> tuple[Any, dict[int, Any]]:
    """The filtered rows; with a health asked for, their health too, computed for all of them at once."""
    if not chosen.form.is_valid():
        return rows.none(), {}
    if not chosen.health_asked:
        return chosen.qs, {}
    found = list(chosen.qs)
    health = judge(found, timezone.localdate())
    return filter_by_health(found, health, chosen.health_asked), health


def visible_link(request: HttpRequest, pk: int) -> tuple[Scope, Mentorship]:
    scope = scope_of(request)
    rows = Mentorship.objects.visible_to(scope).with_people().select_related("arranged_by", "successor_of")
    return scope, get_visible_or_404(rows, pk=pk)


@require_GET
def mentoring_link(request: HttpRequest, pk: int) -> HttpResponse:
    """The two, the tier and its rules, why they were matched, what happened, and what can be done."""
    scope, link = visible_link(request, pk)
    today = timezone.localdate()
    readable = visible_ids([link.mentor, link.mentee], scope)
    seen = Mentorship.objects.visible_to(scope).with_people()
    context = {
        "link": link,
        "tier": tier_row(link.tier, today),
        "people": [(_("mentor"), link.mentor), (_("mentee"), link.mentee)],
        "may_read": readable,
        "health": health_of_links([link], today)[link.pk],
        "reasons": reason_words(link.reasons),
        "story": story_of(link, names_arranger=may_arrange(link.party_branch, scope)),
        "before": seen.filter(pk=link.successor_of_id).first() if link.successor_of_id else None,
        "after": seen.filter(successor_of=link).first(),
        "may": _allowed_actions(link, scope),
        "goals": goals_of(link, scope, today),
        "reads_needs": scope.person_id != link.mentee_id and role_of(link.mentee, scope) is not None,
        "form": ReasonForm(),
    }
    return render(request, "mentoring/link_detail.html", context)


def _allowed_actions(link: Mentorship, scope: Scope) -> dict[str, bool]:
    keeps, is_mentee = may_arrange(link.party_branch, scope), scope.person_id == link.mentee_id
    is_known = link.state in (LinkState.OFFERED, LinkState.ACTIVE)
    return {
        "log": link.state == LinkState.ACTIVE and scope.person_id in (link.mentor_id, link.mentee_id),
        "answer": is_mentee and link.state == LinkState.OFFERED,
        "hand_on": keeps and link.state == LinkState.ACTIVE,
        "end": (keeps or (is_mentee and link.state == LinkState.ACTIVE)) and is_known,
        "plan": keeps and link.state == LinkState.DRAFT,
    }


@require_POST
def mentoring_link_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The mentee of tier 1 says yes or no."""
    scope, link = visible_link(request, pk)
    if scope.person_id != link.mentee_id:
        raise PermissionDenied(_("Only the one who is to be helped answers this."))
    answer = request.POST.get("answer")
    if answer not in ("accept", "decline"):
        say_refused(request, _("Say yes or no."))
        return redirect("mentoring_link", pk=pk)
    try:
        services.answer_offer(
            link=link, accept=answer == "accept", scope=scope, now=timezone.now(), today=timezone.localdate()
        )
    except Refused as refusal:
        say_refused(request, refusal.text)
        return redirect("mentoring_link", pk=pk)
    if answer == "accept":
        say_done(request, _("%(name)s helps you from now on.") % {"name": link.mentor.name})
        return redirect("mentoring_link", pk=pk)
    # A declined offer is no longer the mentee's to see.
    say_done(request, _("Declined. Nobody asks why."))
    return redirect("mentoring")


@require_http_methods(["GET", "POST"])
def mentoring_link_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a link: who keeps it with a reason, the mentee at any time and without one."""
    scope, link = visible_link(request, pk)
    is_mentee = scope.person_id == link.mentee_id
    if not (is_mentee or may_arrange(link.party_branch, scope)):
        raise PermissionDenied(_("A link is ended by the secretary who keeps it, or by the mentee."))
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.end_link(
                link=link, reason=form.cleaned_data["reason"], scope=scope, by=request.user,  # type: ignore[arg-type]  # signed in
                today=timezone.localdate(), now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            say_done(request, _("Ended. What was logged stays."))
            return redirect("mentoring_link", pk=pk)
    consequences = [
        _("%(mentor)s no longer helps %(mentee)s; both are told.") % {"mentor": link.mentor.name, "mentee": link.mentee.name},
        _("What was logged stays and keeps counting."),
    ]  # fmt: skip
    consequences += [] if is_mentee else [_("The reason is read by both.")]
    context = {
        "title": _("End this link"),
        "text": _("You need not give a reason.") if is_mentee else _("Please say why: both will read it."),
        "consequences": consequences,
        "submit": _("End the link"),
        "cancel_url": reverse("mentoring_link", args=[pk]),
        "form": form,
    }
    return render(request, "confirm.html", context, status=400 if form.errors else 200)
