"""How branches are built: one branch, all of a department, and what a new secretary finds."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches.models import PartyBranch
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role, Scope

from .handover_page import read_handover
from .post_services import may_fill
from .structure_page import may_see, past_posts, read_structures

PAST_SHOWN = 30


def _branch(request: HttpRequest, branch_id: int) -> PartyBranch:
    """404 for strangers, 403 for insiders who are not on the committee."""
    scope = scope_of(request)
    branch = get_visible_or_404(PartyBranch.objects.visible_to(scope).select_related("department"), pk=branch_id)
    if not may_see(scope, branch):
        raise PermissionDenied(_("The structure of a branch is for its committee and the department."))
    return branch


@require_GET
def structure_overview(request: HttpRequest) -> HttpResponse:
    """The branches one answers for as rows, each with its problems in words; one branch leads straight to its page."""
    scope, today = scope_of(request), timezone.localdate()
    branches = [branch for branch in _branches(scope) if may_see(scope, branch)]
    if not branches and not scope.has(Role.ADMINISTRATOR, Role.STAFF):
        raise PermissionDenied(_("The structure of a branch is for its committee and the department."))
    if len(branches) == 1 and not scope.has(Role.ADMINISTRATOR, Role.STAFF):
        return redirect("structure", branch_id=branches[0].pk)
    rows = read_structures(branches, scope=scope, today=today)
    rows.sort(key=lambda row: (row.branch.department_id, -row.warnings, row.branch.pk))
    return render(request, "members/structure_list.html", {"rows": rows, "may_move": _moves(scope)})


def _moves(scope: Scope) -> bool:
    """Transfers and mobile members are no business of an administrator."""
    return bool(scope.branch_ids or scope.department_ids or scope.college_staff)


def _branches(scope: Scope) -> list[PartyBranch]:
    return list(PartyBranch.objects.visible_to(scope).active().select_related("department"))


@require_GET
def structure(request: HttpRequest, branch_id: int) -> HttpResponse:
    """Who is in office since when, what is vacant, what the rules say, terms that are over."""
    scope, today = scope_of(request), timezone.localdate()
    branch = _branch(request, branch_id)
    row = read_structures([branch], scope=scope, today=today)[0]
    context = {
        "row": row,
        "branch": branch,
        "past": past_posts(branch, today)[:PAST_SHOWN],
        "may_appoint": scope.oversees(branch.department_id) or scope.has(Role.ADMINISTRATOR),
        "may_fill": may_fill(scope, "organization_officer", branch),
        "is_overseer": scope.has(Role.STAFF, Role.ADMINISTRATOR),
        "may_move": _moves(scope),
    }
    return render(request, "members/structure_detail.html", context)


@require_GET
def structure_handover(request: HttpRequest, branch_id: int) -> HttpResponse:
    """Everything open in the branch, to be gone through and signed by who goes and who comes."""
    scope, today = scope_of(request), timezone.localdate()
    branch = _branch(request, branch_id)
    row = read_structures([branch], scope=scope, today=today)[0]
    context = {"branch": branch, "row": row, "blocks": read_handover(branch, today), "today": today}
    return render(request, "members/handover.html", context)
