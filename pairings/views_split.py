"""One branch divided over its partners, and what each member offers and asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.models import AcademicYear, PartyBranch
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done, say_refused

from . import group_services, wish_services
from .forms_wishes import WishForm
from .models import BranchSplit, GroupPlace, MatchingWish, PairingGroup


def _branch(request: HttpRequest, pk: int) -> PartyBranch:
    scope = scope_of(request)
    branch: PartyBranch = get_visible_or_404(PartyBranch.objects.visible_to(scope), pk=pk)
    if branch.pk not in scope.branch_ids and not scope.oversees(branch.department_id):
        raise PermissionDenied(_("Groups are for the committee of the branch and the department."))
    return branch


def _year(request: HttpRequest) -> AcademicYear:
    year = AcademicYear.objects.visible_to(scope_of(request)).current(timezone.localdate())
    if year is None:
        raise Http404(_("No academic year is set up for today."))
    found: AcademicYear = year
    return found


@require_GET
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """The groups of a branch as they stand in the draft; who manages the branch sees them made on the first visit."""
    branch, year, scope = _branch(request, pk), _year(request), scope_of(request)
    pairings = group_services.helping_pairings(branch, year)
    context: dict[str, Any] = {
        "branch": branch,
        "year": year,
        "pairings": pairings,
        "may_change": scope.manages(branch.pk),
    }
    if pairings and scope.manages(branch.pk):
        group_services.open_split(branch=branch, year=year, version=None, scope=scope, today=timezone.localdate())
    found = BranchSplit.objects.visible_to(scope).filter(branch=branch, academic_year=year).first()
    context |= {"split": found, "groups": [], "without": [], "changes": 0}
    if found is not None:
        context |= _groups(request, found, branch)
    return render(request, "pairings/split.html", context)


def _groups(request: HttpRequest, found: BranchSplit, branch: PartyBranch) -> dict[str, Any]:
    scope, today = scope_of(request), timezone.localdate()
    groups = list(PairingGroup.objects.visible_to(scope).filter(split=found).select_related("pairing__partner_branch"))
    standing = {person.pk for person in group_services.members_to_split(branch, today)}
    places = [
        place
        for place in GroupPlace.objects.visible_to(scope)
        .filter(split=found)
        .select_related("person__school_class")
        .order_by("person__number")
        if place.person_id in standing
    ]
    return {
        "groups": [
            {
                "group": group,
                "places": (mine := [p for p in places if p.draft_group_id == group.pk]),
                "counts": _counts(mine),
            }
            for group in groups
        ],
        "without": [place for place in places if place.draft_group_id is None],
        "changes": sum(1 for place in places if place.draft_group_id != place.group_id),
    }


def _counts(places: Sequence[GroupPlace]) -> list[tuple[str, int]]:
    """How the group is composed: stages, then majors, the most frequent first."""
    stages = Counter(str(place.person.get_stage_display()) for place in places)
    majors = Counter(place.person.major for place in places if place.person.major)
    return [*stages.most_common(), *majors.most_common(6)]


def _answer(request: HttpRequest, pk: int, act: Callable[[dict[str, Any]], str]) -> HttpResponse:
    branch, year, scope = _branch(request, pk), _year(request), scope_of(request)
    text = request.POST.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    where = {"branch": branch, "year": year, "version": int(text), "scope": scope, "today": timezone.localdate()}
    if not scope.manages(branch.pk):
        raise PermissionDenied(_("A branch is split by its own secretary."))
    try:
        say_done(request, act(where))
    except Refused as refusal:
        say_refused(request, refusal.text)
    return redirect("split", pk=pk)


def _id(request: HttpRequest, name: str) -> int | None:
    return _as_id(request.POST.get(name, ""))


def _as_id(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) < 18):
        raise Http404
    return int(text) if text else None


@require_POST
def split_place(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one member into the group of the address, or out of all groups; the button that sent the form names the member."""

    def act(where: dict[str, Any]) -> str:
        group_id = _as_id(request.GET.get("group", ""))
        place = group_services.place_member(person_id=_id(request, "person") or 0, group_id=group_id, **where)
        if place.draft_group is None:
            return _("%(name)s is in no group now.") % {"name": place.person}
        return _("%(name)s is in %(group)s and pinned there.") % {"name": place.person, "group": place.draft_group}

    return _answer(request, pk, act)


@require_POST
def split_pin(request: HttpRequest, pk: int) -> HttpResponse:
    def act(where: dict[str, Any]) -> str:
        is_fixed = request.GET.get("pin") == "1"
        group_services.pin_place(person_id=_id(request, "person") or 0, is_fixed=is_fixed, **where)
        return _("Pinned: proposals leave this member there.") if is_fixed else _("The pin is out.")

    return _answer(request, pk, act)


@require_POST
def split_propose(request: HttpRequest, pk: int) -> HttpResponse:
    def act(where: dict[str, Any]) -> str:
        report = group_services.propose_split(**where)
        sizes = "、".join(f"{name} {size}" for name, size in report.sizes.items())
        return _("Divided evenly: %(sizes)s. %(moved)d members moved.") % {"sizes": sizes, "moved": report.moved}

    return _answer(request, pk, act)


@require_POST
def split_publish(request: HttpRequest, pk: int) -> HttpResponse:
    def act(where: dict[str, Any]) -> str:
        counts = group_services.publish_split(by=request.user, now=timezone.now(), **where)  # type: ignore[arg-type]  # signed in
        return _("Published: %(placed)d members placed, %(ended)d pairs ended; %(told)d people were told.") % counts

    return _answer(request, pk, act)


@require_POST
def split_discard(request: HttpRequest, pk: int) -> HttpResponse:
    def act(where: dict[str, Any]) -> str:
        group_services.discard_split(**where)
        return _("The draft was thrown away; you see what is published.")

    return _answer(request, pk, act)


@require_http_methods(["GET", "POST"])
def wishes(request: HttpRequest) -> HttpResponse:
    """What I offer and ask for in this year's pairing; only I and my branch's secretary see it."""
    scope = scope_of(request)
    if scope.person_id is None:
        raise PermissionDenied(_("Wishes belong to people in the roster."))
    year = _year(request)
    wish = MatchingWish.objects.visible_to(scope).filter(person_id=scope.person_id, academic_year=year).first()
    initial = {"offers": wish.offers, "asks": wish.asks, "is_left_out": wish.is_left_out} if wish else {}
    form = WishForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        wish_services.save_wish(person_id=scope.person_id, year=year, **form.cleaned_data)
        messages.success(request, _("Saved. The next proposal takes it into account."))
        return redirect("wishes")
    context = {"form": form, "year": year}
    return render(request, "pairings/wishes.html", context, status=400 if form.errors else 200)
