"""The plan of a branch: what is proposed in each tier, and why, before anybody is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from branches.models import PartyBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import plan_services
from .plan_board import plan_page
from .services import may_arrange
from .tiers import Tier

TOKEN = re.compile(r"[lg][0-9]{1,17}")
# A way back must fit into an address.
RESTORED_AT_MOST = 300


@dataclass(frozen=True)
class _Step:
    """What every action of the page needs."""

    branch: PartyBranch
    scope: Scope
    today: date
    tiers: Sequence[int]


def _branch(request: HttpRequest, pk: int) -> PartyBranch:
    scope = scope_of(request)
    branch: PartyBranch = get_visible_or_404(PartyBranch.objects.visible_to(scope).select_related("department"), pk=pk)
    if not may_arrange(branch, scope):
        raise PermissionDenied(_("The plan of a branch is for who runs it and for its department."))
    return branch


@require_GET
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """The four tiers of a branch."""
    branch = _branch(request, pk)
    page = plan_page(branch, scope=scope_of(request), user_id=request.user.pk, today=timezone.localdate())
    return render(request, "mentoring/plan.html", {"branch": branch, "page": page})


def _answer(request: HttpRequest, pk: int, act: Callable[[_Step], tuple[str, str]]) -> HttpResponse:
    """Do one step and go back to the page; `act` returns what to say and the address that takes it back, or ""."""
    step = _Step(_branch(request, pk), scope_of(request), timezone.localdate(), _tiers(request))
    try:
        text, undo_url = act(step)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, text, undo_url=undo_url)
    anchor = f"#tier-{step.tiers[0]}" if len(step.tiers) == 1 else ""
    return redirect(reverse("mentoring_plan", args=[pk]) + anchor)


def _tiers(request: HttpRequest) -> list[int]:
    """The tier the button names; all of them when it names none."""
    text = request.POST.get("tier", "") or request.GET.get("tier", "")
    if not text:
        return list(Tier)
    if text not in {str(tier.value) for tier in Tier}:
        raise Http404
    return [int(text)]


@require_POST
def plan_propose(request: HttpRequest, pk: int) -> HttpResponse:
    def act(step: _Step) -> tuple[str, str]:
        report = plan_services.propose_plan(
            branch=step.branch, tiers=step.tiers, scope=step.scope, by=_user(request), today=step.today, now=timezone.now()
        )  # fmt: skip
        if not report.made:
            return _("Nobody can be proposed now; below stands why for each one who is without a mentor."), ""
        words = ngettext("%(made)d link is drafted. Nobody is told yet: look through it and publish.",
                         "%(made)d links are drafted. Nobody is told yet: look through them and publish.", report.made)  # fmt: skip
        return words % {"made": report.made}, ""

    return _answer(request, pk, act)


@require_POST
def plan_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one draft off the plan; the button that sent the form names it."""

    def act(step: _Step) -> tuple[str, str]:
        name = request.POST.get("row", "")
        if not TOKEN.fullmatch(name):
            raise Http404
        row = plan_services.drop_draft(branch=step.branch, name=name, scope=step.scope)
        words = _("%(mentor)s → %(mentee)s was taken off the plan.") % {"mentor": row.mentor, "mentee": row.mentee}
        return words, _restore_url(pk, [name])

    return _answer(request, pk, act)


@require_POST
def plan_discard(request: HttpRequest, pk: int) -> HttpResponse:
    def act(step: _Step) -> tuple[str, str]:
        names = plan_services.discard_plan(branch=step.branch, tiers=step.tiers, scope=step.scope)
        words = ngettext("%(count)d draft is gone.", "%(count)d drafts are gone.", len(names))
        return words % {"count": len(names)}, _restore_url(pk, names) if len(names) <= RESTORED_AT_MOST else ""

    return _answer(request, pk, act)


def _restore_url(pk: int, names: Sequence[str]) -> str:
    return reverse("mentoring_plan_restore", args=[pk]) + "?" + urlencode({"rows": ".".join(names)})


@require_POST
def plan_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of a draft taken off, or of a whole draft thrown away; the address names them."""

    def act(step: _Step) -> tuple[str, str]:
        names = request.GET.get("rows", "").split(".")
        if len(names) > RESTORED_AT_MOST or not all(TOKEN.fullmatch(name) for name in names):
            raise Http404
        count = plan_services.restore_drafts(
            branch=step.branch, names=names, scope=step.scope, by=_user(request), today=step.today
        )
        words = ngettext(
            "%(count)d draft stands on the plan again.", "%(count)d drafts stand on the plan again.", count
        )
        return words % {"count": count}, ""

    return _answer(request, pk, act)


@require_POST
def plan_publish(request: HttpRequest, pk: int) -> HttpResponse:
    def act(step: _Step) -> tuple[str, str]:
        report = plan_services.publish_plan(
            branch=step.branch, tiers=step.tiers, scope=step.scope, by=_user(request), today=step.today, now=timezone.now()
        )  # fmt: skip
        words = _("Published: %(published)d. People told: %(told)d; classmates are asked first.")
        return words % {"published": report.published, "told": report.told}, ""

    return _answer(request, pk, act)


def _user(request: HttpRequest) -> Any:
    return request.user
