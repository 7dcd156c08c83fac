"""The board of a pairing: both branches side by side, changed by drag, by keyboard or by plain forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import board_services, committee_services
from .board import read_board
from .models import BranchPairing, PairingState
from .proposal import candidates, left_over_lines


def _visible(request: HttpRequest, pk: int) -> BranchPairing:
    """The pairing, for its two committees and the department; its other members see the published pairs elsewhere."""
    scope = scope_of(request)
    pairing: BranchPairing = get_visible_or_404(BranchPairing.objects.visible_to(scope).with_branches(), pk=pk)
    sides = (pairing.helping_branch, pairing.partner_branch)
    if not any(side.pk in scope.branch_ids or scope.oversees(side.department_id) for side in sides):
        raise PermissionDenied(_("The board is for the committees of the two branches and the department."))
    return pairing


def _may_change(pairing: BranchPairing, scope: Scope) -> bool:
    runs = scope.manages(pairing.helping_branch_id) or scope.manages(pairing.partner_branch_id)
    return runs and pairing.state == PairingState.ACTIVE


@require_GET
def board(request: HttpRequest, pk: int) -> HttpResponse:
    """The board as it stands, draft included."""
    pairing = _visible(request, pk)
    return render(request, "pairings/board.html", _context(request, pairing))


def _context(request: HttpRequest, pairing: BranchPairing) -> dict[str, Any]:
    today = timezone.localdate()
    scope = scope_of(request)
    shown = read_board(pairing, today=today)
    return {
        "pairing": pairing,
        "board": shown,
        "left_over": left_over_lines(shown, today=today),
        "may_change": _may_change(pairing, scope),
        "may_split": scope.manages(pairing.helping_branch_id),
        "helping_posts": committee_services.current_posts(pairing.helping_branch, today),
        "partner_posts": committee_services.current_posts(pairing.partner_branch, today),
    }


def _answer(request: HttpRequest, pk: int, act: Callable[[], tuple[str, str]]) -> HttpResponse:
    """Do it and show the board as it is now: a part of the page for htmx, the page again for a plain form.

    `act` returns what is said and the address of the way back ("" when there is none).
    """
    pairing = _visible(request, pk)
    if not _may_change(pairing, scope_of(request)) and pairing.state == PairingState.ACTIVE:
        raise PermissionDenied(_("The board is changed by the secretaries of the two branches."))
    try:
        said, undo_url = act()
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, said, undo_url=undo_url)
    if not getattr(request, "htmx", False):
        return redirect("board", pk=pk)
    pairing = _visible(request, pk)
    return render(request, "pairings/includes/board_body.html", _context(request, pairing) | {"is_part": True})


def _as_number(text: str) -> int:
    """A number of our own form; anything else is a forged one, not a user's mistake."""
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Http404
    return int(text)


def _number(request: HttpRequest, name: str) -> int:
    return _as_number(request.POST.get(name, ""))


def _optional(request: HttpRequest, name: str) -> int | None:
    return _number(request, name) if request.POST.get(name) else None


@require_GET
def board_options(request: HttpRequest, pk: int) -> HttpResponse:
    """Whom one person could be paired with: each with the parts of the score, the best first."""
    pairing = _visible(request, pk)
    today = timezone.localdate()
    shown = read_board(pairing, today=today)
    person_id = _as_number(request.GET.get("person", ""))
    side = next(
        (
            name
            for name, cards in (("helping", shown.helpers), ("partner", shown.partners))
            if person_id in {c.pk for c in cards}
        ),
        None,
    )
    if side is None:
        raise Http404
    context = {
        "pairing": pairing,
        "board": shown,
        "side": side,
        "person": next(card for card in (*shown.helpers, *shown.partners) if card.pk == person_id),
        "candidates": candidates(shown, person_id, today=today),
        "may_change": _may_change(pairing, scope_of(request)),
        "is_part": bool(getattr(request, "htmx", False)),
    }
    template = "pairings/includes/board_options.html" if context["is_part"] else "pairings/board_options.html"
    return render(request, template, context)


def _undo_url(pk: int, *, drop: int | None = None, couples: Iterable[tuple[int, int, bool]] = ()) -> str:
    steps = {"drop": drop or "", "couple": [f"{helper}-{partner}-{int(fixed)}" for helper, partner, fixed in couples]}
    return f"{reverse('board_undo', args=[pk])}?{urlencode(steps, doseq=True)}"


@require_POST
def board_pair(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw a pair by hand."""

    def act() -> tuple[str, str]:
        pair, gone = board_services.set_pair(
            pairing_id=pk, helper_id=_number(request, "helper"), partner_id=_number(request, "partner"),
            version=_number(request, "version"), scope=scope_of(request), today=timezone.localdate(),
            replace=request.POST.get("replace") == "1",
        )  # fmt: skip
        said = _("%(helper)s and %(partner)s are a pair in the draft.") % {
            "helper": pair.helper,
            "partner": pair.partner,
        }
        back = [(couple.helper.pk, couple.partner.pk, couple.pair.is_fixed) for couple in gone]
        return said, _undo_url(pk, drop=pair.pk, couples=back)

    return _answer(request, pk, act)


@require_POST
def board_drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a pair up."""

    def act() -> tuple[str, str]:
        was = board_services.drop_pair(
            pairing_id=pk,
            pair_id=_number(request, "pair"),
            version=_number(request, "version"),
            scope=scope_of(request),
        )
        return _("The pair was given up in the draft."), _undo_url(pk, couples=[was])

    return _answer(request, pk, act)


@require_POST
def board_keep(request: HttpRequest, pk: int) -> HttpResponse:
    """A pair that was to end stays."""

    def act() -> tuple[str, str]:
        board_services.keep_pair(
            pairing_id=pk,
            pair_id=_number(request, "pair"),
            version=_number(request, "version"),
            scope=scope_of(request),
        )
        return _("The pair stays."), ""

    return _answer(request, pk, act)


@require_POST
def board_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the last step back, as its toast offered."""

    def act() -> tuple[str, str]:
        couples = [_couple(text) for text in request.GET.getlist("couple")[:5]]
        drop = request.GET.get("drop", "")
        board_services.take_back(
            pairing_id=pk, drop=_as_number(drop) if drop else None, couples=couples, scope=scope_of(request),
            today=timezone.localdate(),
        )  # fmt: skip
        return _("The step was taken back."), ""

    return _answer(request, pk, act)


def _couple(text: str) -> tuple[int, int, bool]:
    parts = text.split("-")
    if len(parts) != 3:
        raise Http404
    return _as_number(parts[0]), _as_number(parts[1]), parts[2] == "1"


@require_POST
def board_pin(request: HttpRequest, pk: int) -> HttpResponse:
    def act() -> tuple[str, str]:
        is_fixed = request.GET.get("pin") == "1"
        board_services.pin_pair(
            pairing_id=pk, pair_id=_number(request, "pair"), is_fixed=is_fixed, version=_number(request, "version"),
            scope=scope_of(request),
        )  # fmt: skip
        return (_("Pinned: proposals leave this pair alone.") if is_fixed else _("The pin is out.")), ""

    return _answer(request, pk, act)


@require_POST
def board_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """The portal pairs everybody else."""

    def act() -> tuple[str, str]:
        proposal = board_services.propose_pairs(
            pairing_id=pk, version=_number(request, "version"), scope=scope_of(request), today=timezone.localdate(),
            rearrange=request.POST.get("rearrange") == "1",
        )  # fmt: skip
        made, left = len(proposal.made), len(proposal.left_over)
        said = ngettext("%(count)d pair proposed", "%(count)d pairs proposed", made) % {"count": made}
        rest = _("; %(count)d people without a partner, with the reason below.") % {"count": left} if left else ""
        return said + rest, ""

    return _answer(request, pk, act)


@require_POST
def board_publish(request: HttpRequest, pk: int) -> HttpResponse:
    def act() -> tuple[str, str]:
        counts = board_services.publish_board(
            pairing_id=pk, version=_number(request, "version"), scope=scope_of(request), by=request.user,  # type: ignore[arg-type]  # signed in
            now=timezone.now(), today=timezone.localdate(),
        )  # fmt: skip
        return _(
            "Published: %(new)d new pairs, %(ended)d ended, %(posts)d posts; %(told)d people were told."
        ) % counts, ""

    return _answer(request, pk, act)


@require_POST
def board_discard(request: HttpRequest, pk: int) -> HttpResponse:
    def act() -> tuple[str, str]:
        board_services.discard_draft(pairing_id=pk, version=_number(request, "version"), scope=scope_of(request))
        return _("The draft was thrown away; you see what is published."), ""

    return _answer(request, pk, act)


@require_POST
def board_posts(request: HttpRequest, pk: int) -> HttpResponse:
    """Pair two posts by hand."""

    def act() -> tuple[str, str]:
        committee_services.pair_posts(
            pairing_id=pk, helping_post_id=_optional(request, "helping_post"), partner_post_id=_optional(request, "partner_post"),
            version=_number(request, "version"), scope=scope_of(request), today=timezone.localdate(),
        )  # fmt: skip
        return _("The posts are paired in the draft."), ""

    return _answer(request, pk, act)


@require_POST
def board_posts_propose(request: HttpRequest, pk: int) -> HttpResponse:
    def act() -> tuple[str, str]:
        made, vacancies = committee_services.propose_committee(
            pairing_id=pk, version=_number(request, "version"), scope=scope_of(request), today=timezone.localdate()
        )
        said = _("%(made)d rows of the committees were filled; %(vacancies)d have a vacancy.")
        return said % {"made": made, "vacancies": vacancies}, ""

    return _answer(request, pk, act)
