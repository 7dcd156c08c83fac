"""The forecast of who is on campus, what if people leave, and who stands in."""

from __future__ import annotations

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
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.models import PartyBranch
from pairing_portal.common.doing import act, add_refusal
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import cover_board, cover_services
from .continuity import MONTHS_AHEAD, months_ahead
from .cover_board import LEAVERS_AT_MOST, Outlook, Trial
from .cover_chart import chart_rows, year_headings
from .cover_rules import is_open, may_answer, may_end, runs_a_side
from .cover_words import conversion_words
from .forecast import forecast_for
from .forms_covers import AskCoverForm
from .models import BranchPairing, Cover, CoverState
from .presence import MONTHS_AT_MOST
from .rules import sits_beside_it
from .spans import DAY

MONTH_CHOICES = (12, 24, 36)
# More names than these branches have would be a list nobody reads.
BRANCHES_TO_TRY = 4
EARLIER_SHOWN = 10


@dataclass(frozen=True)
class CoverRow:
    """A stand-in duty and what the reader may do with it."""

    cover: Cover
    may_answer: bool
    may_end: bool
    is_past: bool


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    pairing: BranchPairing | None
    branch: PartyBranch | None
    branches: list[PartyBranch]
    months: int
    trial: Trial | None
    left_out: int

    def address(self, **changes: Any) -> str:
        """The same page with other months, pairing or branch; what is tried stays."""
        values: dict[str, Any] = {
            "pairing": self.pairing.pk if self.pairing else None,
            "branch": self.branch.pk if self.branch else None,
            "months": self.months if self.months != MONTHS_AHEAD else None,
        } | changes
        query = [(key, value) for key, value in values.items() if value is not None]
        if self.trial:
            query += [("without", pk) for pk in sorted(self.trial.person_ids)]
            query += [("leaving", self.trial.left_on.strftime("%Y-%m"))]
        return f"{reverse('continuity')}?{urlencode(query)}"


@require_GET
def continuity(request: HttpRequest) -> HttpResponse:
    """Months across, branches down; below it the ways out of a gap, conversions off campus, and stand-ins."""
    scope, today = scope_of(request), timezone.localdate()
    if not cover_board.may_open(scope):
        raise PermissionDenied(
            _("The forecast is for branch committees and the department. Your own stand-in duties stand on your page.")
        )
    pairings = list(cover_board.open_pairings(scope))
    asked = _asked(request, scope, pairings, today)
    seen = cover_board.outlook(
        forecast_for(branches=asked.branches, today=today, months=asked.months),
        asked.trial, today=today, months=asked.months,
    )  # fmt: skip
    shown = [asked.pairing] if asked.pairing else pairings
    covers = _covers(scope, shown)
    chosen = asked.pairing or (pairings[0] if len(pairings) == 1 and not asked.branch else None)
    months = months_ahead(today, asked.months)
    context = {
        "asked": asked,
        "pairing": asked.pairing,
        "chosen": chosen,
        "chips": _chips(asked, pairings),
        "month_chips": [(count, asked.address(months=count), count == asked.months) for count in MONTH_CHOICES],
        "months": months,
        "years": year_headings(months),
        "rows": chart_rows(
            asked.branches, forecasts=seen.shown, known=seen.known, covers=cover_board.by_partner(covers), today=today
        ),
        "conversions": _conversions(asked.branches, seen, scope),
        "people": _people_to_try(asked, seen, today),
        "leaving_choices": [(f"{month:%Y-%m}", month) for month in months],
        "leaving": f"{asked.trial.left_on if asked.trial else today:%Y-%m}",
        "limit": LEAVERS_AT_MOST,
        **_stand_ins(chosen, pairings, covers, seen, asked, scope, today),
    }
    return render(request, "pairings/continuity.html", context)


def _asked(request: HttpRequest, scope: Scope, pairings: list[BranchPairing], today: date) -> Asked:
    pairing, branch = _pairing_asked(request, scope), None
    branches = cover_board.forecast_branches_of(scope, pairings)
    if pairing is not None:
        sides = [pairing.helping_branch_id, pairing.partner_branch_id]
        branches = sorted((one for one in branches if one.pk in sides), key=lambda one: sides.index(one.pk))
    elif request.GET.get("branch"):
        branch = next((one for one in branches if str(one.pk) == request.GET["branch"]), None)
        if branch is None:
            raise Http404
        branches = [branch]
    months = _number(request.GET.get("months", ""))
    months = months if months and months <= MONTHS_AT_MOST else MONTHS_AHEAD
    ticked = [number for text in request.GET.getlist("without") if (number := _number(text))]
    left_on = _leaving(request.GET.get("leaving", ""), today)
    trial = Trial(frozenset(ticked[:LEAVERS_AT_MOST]), left_on) if ticked else None
    return Asked(pairing, branch, branches, months, trial, len(ticked[LEAVERS_AT_MOST:]))


def _pairing_asked(request: HttpRequest, scope: Scope) -> BranchPairing | None:
    if not request.GET.get("pairing"):
        return None
    rows = BranchPairing.objects.visible_to(scope).with_branches()
    pairing: BranchPairing = get_visible_or_404(rows, pk=_number(request.GET["pairing"]) or 0)
    if not (scope.whole_college or sits_beside_it(pairing, scope)):
        raise PermissionDenied(_("The forecast is for the committees of the two branches and the department."))
    return pairing


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _leaving(text: str, today: date) -> date:
    """From today on, or from the first day of a later month."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today
    return max(month, today)


def _chips(asked: Asked, pairings: list[BranchPairing]) -> list[dict[str, Any]]:
    """All branches, and each pairing; nothing to choose with none of them."""
    if not pairings:
        return []
    every = {"label": _("all branches"), "url": asked.address(pairing=None, branch=None), "is_on": not (asked.pairing or asked.branch)}  # fmt: skip
    return [every] + [
        {"label": str(one), "url": asked.address(pairing=one.pk, branch=None), "is_on": one == asked.pairing}
        for one in pairings
    ]


def _covers(scope: Scope, pairings: list[BranchPairing]) -> list[Cover]:
    rows = Cover.objects.visible_to(scope).filter(pairing__in=[one.pk for one in pairings])
    return list(
        rows.select_related(
            "pairing__helping_branch", "pairing__partner_branch", "stand_in__school_class", "absent__school_class",
            "asked_by", "answered_by",
        )
    )  # fmt: skip


def _conversions(branches: list[PartyBranch], seen: Outlook, scope: Scope) -> list[dict[str, Any]]:
    """Probations that end off campus, of branches whose people the reader knows."""
    known = [branch for branch in branches if cover_board.knows_people_of(branch, scope)]
    rows = [
        {"branch": branch, "person": one.person, "on": one.due_on, "why": conversion_words(one)}
        for branch in known
        for one in seen.shown[branch.pk].conversions
    ]
    return sorted(rows, key=lambda row: row["on"])


def _people_to_try(asked: Asked, seen: Outlook, today: date) -> list[dict[str, Any]]:
    """Members of each branch to tick; none when there are too many branches to read."""
    if len(asked.branches) > BRANCHES_TO_TRY:
        return []
    ticked = asked.trial.person_ids if asked.trial else frozenset()
    groups = []
    for branch in asked.branches:
        members = cover_board.members_now(seen.known_people[branch.pk], today)
        people = [{"fact": one, "is_ticked": one.key in ticked} for one in members]
        if people:
            groups.append({"branch": branch, "people": people})
    return groups


def _stand_ins(
    chosen: BranchPairing | None, pairings: list[BranchPairing], covers: list[Cover], seen: Outlook,
    asked: Asked, scope: Scope, today: date,
) -> dict[str, Any]:  # fmt: skip
    """Proposals of the chosen pairing, and all duties: asked for, running, earlier."""
    rows = [CoverRow(one, may_answer(one, scope), may_end(one, scope), one.to_on < today) for one in covers]
    may_ask = chosen is not None and is_open(chosen) and runs_a_side(chosen, scope)
    is_running = chosen is not None and is_open(chosen) and today <= chosen.ends_on
    standing = {CoverState.ASKED, CoverState.ACCEPTED}
    return {
        "proposals": (
            cover_board.proposals_for(chosen, seen=seen, covers=[one for one in covers if one.pairing_id == chosen.pk], today=today)
            if chosen and is_running else []
        ),
        "is_running": is_running,
        "may_ask": may_ask and is_running,
        "may_press": may_ask and is_running and asked.trial is None,
        "agrees": chosen is not None and scope.manages(chosen.helping_branch_id),
        "asks": [row for row in rows if row.cover.state == CoverState.ASKED],
        "waiting": sum(row.may_answer for row in rows),
        "running": [row for row in rows if row.cover.state == CoverState.ACCEPTED and not row.is_past],
        "earlier": [
            row for row in reversed(rows)
            if row.cover.state not in standing or (row.cover.state == CoverState.ACCEPTED and row.is_past)
        ][:EARLIER_SHOWN],
        "other_pairings": [] if chosen else pairings,
    }  # fmt: skip


def _page(pairing_id: int) -> str:
    return f"{reverse('continuity')}?pairing={pairing_id}#stand-ins"


@require_http_methods(["GET", "POST"])
def pairing_cover_ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a stand-in: one press under a proposal, or the form for another person, duty or time."""
    scope, today = scope_of(request), timezone.localdate()
    pairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    _require(runs_a_side(pairing, scope))
    form = AskCoverForm(
        request.POST if request.method == "POST" else None, pairing=pairing, today=today, initial=request.GET.dict()
    )
    if request.method == "POST" and form.is_valid():
        try:
            cover = cover_services.ask_cover(
                pairing=pairing, **form.cleaned_data, scope=scope, by=request.user, now=timezone.now(), today=today
            )
        except Refused as refusal:
            if not refusal.field:
                say_refused(request, refusal.text)
                return redirect(_page(pk))
            add_refusal(form, refusal)
        else:
            _say_asked(request, cover)
            return redirect(_page(pk))
    context = {
        "form": form, "pairing": pairing, "back": _page(pk), "agrees": scope.manages(pairing.helping_branch_id),
    }  # fmt: skip
    return render(request, "pairings/cover_form.html", context, status=400 if form.errors else 200)


def _say_asked(request: HttpRequest, cover: Cover) -> None:
    name = {"name": cover.stand_in.name}
    if cover.state == CoverState.ACCEPTED:
        say_done(request, _("Agreed: %(name)s stands in.") % name)
    else:
        say_done(request, _("Asked for %(name)s. The other branch answers.") % name, undo_url=reverse("cover_end", args=[cover.pk]))  # fmt: skip


def _visible_cover(request: HttpRequest, pk: int) -> tuple[Scope, Cover]:
    scope = scope_of(request)
    rows = Cover.objects.visible_to(scope).select_related("pairing", "stand_in")
    return scope, get_visible_or_404(rows, pk=pk)


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied(_("Stand-ins are agreed by the secretaries of the two branches. Ask one of them."))


@require_POST
def cover_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Yes: the stand-in's branch lends its member for this duty and time."""
    scope, cover = _visible_cover(request, pk)
    _require(scope.manages(cover.pairing.helping_branch_id))
    return act(
        request,
        lambda: cover_services.accept_cover(
            cover=cover, scope=scope, by=request.user, now=timezone.now(), today=timezone.localdate()
        ),
        done=_("Agreed: %(name)s stands in.") % {"name": cover.stand_in.name},
        back=_page(cover.pairing_id),
    )


@require_POST
def cover_decline(request: HttpRequest, pk: int) -> HttpResponse:
    """No, with a reason."""
    scope, cover = _visible_cover(request, pk)
    _require(scope.manages(cover.pairing.helping_branch_id))
    return act(
        request,
        lambda: cover_services.decline_cover(
            cover=cover, reason=request.POST.get("reason", ""), scope=scope, by=request.user, now=timezone.now()
        ),
        done=_("Declined. The other branch reads the reason."),
        back=_page(cover.pairing_id),
    )


@require_POST
def cover_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End an agreed duty from tomorrow (or today) on, or take back an ask that nobody has answered."""
    scope, cover = _visible_cover(request, pk)
    _require(runs_a_side(cover.pairing, scope))
    today, act_with = timezone.localdate(), {"cover": cover, "scope": scope, "by": request.user, "now": timezone.now()}
    if cover.state == CoverState.ASKED:
        deed, done = lambda: cover_services.withdraw_cover(**act_with), _("Taken back.")
    else:
        over_from = today if request.POST.get("over_from") == "today" else today + DAY
        reason = request.POST.get("reason", "")
        deed, done = (
            lambda: cover_services.end_cover(over_from=over_from, today=today, reason=reason, **act_with),
            _("Ended: %(name)s no longer stands in.") % {"name": cover.stand_in.name},
        )
    return act(request, deed, done=done, back=_page(cover.pairing_id))
