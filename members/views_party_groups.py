"""Party groups of a branch: the page, setting one up, changing it, dissolving it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from branches.models import PartyBranch
from branches.policy import Policy
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Problem, Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done

from . import party_group_services as services
from .forms_party_groups import DissolveForm, GroupForm
from .models import PartyGroup, Person
from .party_groups import read_page, standing_places
from .stages import MEMBER_STAGES
from .structure import StructureNumbers
from .structure_page import may_see
from .transfer_base import runs


def _branch(request: HttpRequest, branch_id: int, *, to_change: bool = False) -> PartyBranch:
    """404 for strangers, 403 for insiders who are not on the committee, or do not run the branch."""
    scope = scope_of(request)
    branch = get_visible_or_404(PartyBranch.objects.visible_to(scope).select_related("department"), pk=branch_id)
    if not may_see(scope, branch):
        raise PermissionDenied(_("The structure of a branch is for its committee and the department."))
    if to_change and not runs(scope, branch):
        raise PermissionDenied(_("Party groups are set up by the branch's secretary or the department."))
    return branch


def _group(request: HttpRequest, pk: int) -> PartyGroup:
    group = get_visible_or_404(PartyGroup.objects.visible_to(scope_of(request)).select_related("branch"), pk=pk)
    _branch(request, group.branch_id, to_change=True)
    return group


@require_GET
def party_groups(request: HttpRequest, branch_id: int) -> HttpResponse:
    """The groups with their people and what rule R35 says of them; who is in none."""
    branch, today = _branch(request, branch_id), timezone.localdate()
    policy = Policy()
    numbers = StructureNumbers.in_force(lambda key: policy.number(key, today))
    context = {"branch": branch, "found": read_page(branch, numbers), "may_change": runs(scope_of(request), branch)}
    return render(request, "members/party_groups.html", context)


@require_http_methods(["GET", "POST"])
def party_group_new(request: HttpRequest, branch_id: int) -> HttpResponse:
    """Set up a group with its people and leader in one go."""
    branch, today = _branch(request, branch_id, to_change=True), timezone.localdate()
    form = _form(request, branch, None)
    if request.method == "POST" and form.is_valid():
        try:
            _made, problems = services.set_up_group(
                branch=branch, scope=scope_of(request), by=cast(User, request.user), today=today, **form.given()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, branch, problems, _("The Party group is set up."))
    return _page(request, branch, form, _("Set up a Party group"), _("Set up the group"))


@require_http_methods(["GET", "POST"])
def party_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, people and leader of a group; several members are assigned at once."""
    group, today = _group(request, pk), timezone.localdate()
    form = _form(request, group.branch, group)
    if request.method == "POST" and form.is_valid():
        try:
            _row, problems = services.change_group(
                group=group, scope=scope_of(request), by=cast(User, request.user), today=today, **form.given()
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, group.branch, problems, _("The Party group is saved."))
    return _page(request, group.branch, form, group.name, _("Save"))


@require_http_methods(["GET", "POST"])
def party_group_dissolve(request: HttpRequest, pk: int) -> HttpResponse:
    """The group ends; its people are in none."""
    group, today = _group(request, pk), timezone.localdate()
    form = DissolveForm(posted(request), today=today)
    if request.method == "POST" and form.is_valid():
        try:
            services.dissolve_group(
                group=group, scope=scope_of(request), by=cast(User, request.user), today=today, **form.cleaned_data
            )
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            return _back(request, group.branch, (), _("The Party group is dissolved."))
    count = standing_places().filter(group=group).count()
    context = {
        "title": _("Dissolve %(group)s") % {"group": group.name}, "form": form, "submit": _("Dissolve"),
        "text": _("Meetings on record stay."), "cancel_url": reverse("party_groups", args=[group.branch_id]),
        "consequences": [_("%(count)d members are in no Party group then.") % {"count": count}],
    }  # fmt: skip
    return render(request, "confirm.html", context, status=400 if form.errors else 200)


def _form(request: HttpRequest, branch: PartyBranch, group: PartyGroup | None) -> GroupForm:
    visible = Person.objects.visible_to(scope_of(request))
    members = visible.filter(party_branch=branch, stage__in=MEMBER_STAGES, left_on=None).order_by("name_key", "pk")
    places = {
        place.person_id: place.group for place in standing_places().filter(group__branch=branch).select_related("group")
    }
    return GroupForm(posted(request), members=list(members), places=places, today=timezone.localdate(), group=group)


def _page(request: HttpRequest, branch: PartyBranch, form: GroupForm, title: Any, submit: Any) -> HttpResponse:
    context = {
        "branch": branch, "form": form, "title": title, "submit": submit, "cancel_url": reverse("party_groups", args=[branch.pk]),
    }  # fmt: skip
    return render(request, "members/party_group_form.html", context, status=400 if form.errors else 200)


def _back(request: HttpRequest, branch: PartyBranch, problems: Iterable[Problem], done: Any) -> HttpResponse:
    """Say what was done and what rule R35 says of it, and go to the page of groups."""
    say_done(request, done)
    for problem in problems:
        messages.warning(request, str(problem))
    return redirect("party_groups", branch_id=branch.pk)
