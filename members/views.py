from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.registries import person_panels
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from .filters import PersonFilter
from .importing.access import may_import
from .invitations import may_invite
from .models import Absence, Person, Post
from .stages import Stage

PAGE = 50
LINE = (
    (Stage.APPLICANT, "applied_on"), (Stage.ACTIVIST, "activist_on"), (Stage.CANDIDATE, "candidate_on"),
    (Stage.PROBATIONARY, "admitted_on"), (Stage.FULL, "converted_on"),
)  # fmt: skip


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """People I may see; what is filtered stands in words and in the address."""
    scope = scope_of(request)
    rows = Person.objects.visible_to(scope).select_related("party_branch", "school_class").distinct()
    chosen = PersonFilter(request.GET, queryset=rows, scope=scope)
    shown = chosen.qs if chosen.form.is_valid() else rows.none()
    away = set(Absence.objects.visible_to(scope).on(timezone.localdate()).values_list("person_id", flat=True))
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "filter": chosen,
        "words": chosen.in_words(),
        "away": away,
        "may_import": may_import(scope),
        "may_invite": may_invite(scope),
        "keeps_roster": bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff),
    }
    return render(request, "members/person_list.html", context, status=200 if chosen.form.is_valid() else 400)


@require_GET
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: the stage as a line, facts, posts, and what every room knows of them."""
    scope = scope_of(request)
    rows = Person.objects.visible_to(scope).select_related("party_branch", "school_class", "department").distinct()
    row = get_visible_or_404(rows, pk=pk)
    context = {
        "person": row,
        "line": _stage_line(row),
        "posts": Post.objects.visible_to(scope).filter(person=row).select_related("party_branch", "league_branch"),
        "absences": Absence.objects.visible_to(scope).filter(person=row),
        "panels": _panels(request, pk, scope),
        "shows_phone": _may_see_phone(row, scope),
        "is_me": pk == scope.person_id,
    }
    return render(request, "members/person_detail.html", context)


def _stage_line(row: Person) -> list[dict[str, Any]]:
    today = timezone.localdate()
    line = []
    for stage, name in LINE:
        on = getattr(row, name)
        line.append(
            {
                "stage": stage,
                "label": stage.label,
                "on": on,
                "is_done": on is not None and on <= today,
                "is_now": stage == row.stage,
            }
        )
    return line


def _panels(request: HttpRequest, pk: int, scope: Scope) -> list[dict[str, Any]]:
    panels = []
    for panel in person_panels:
        context = panel.context(pk, scope)
        if context is not None:
            panels.append({"title": panel.title, "html": render_to_string(panel.template, context, request)})
    return panels


def _may_see_phone(row: Person, scope: Scope) -> bool:
    """Phones are for the branch's committee, the counsellor, the department and the person."""
    return bool(
        row.pk == scope.person_id
        or row.party_branch_id in scope.branch_ids
        or row.school_class_id in scope.class_ids
        or scope.oversees(row.department_id)
    )


@require_GET
def my_record(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    if scope.person_id is None:
        raise PermissionDenied(
            _("Your account is not linked to anybody in the roster. Ask the branch secretary to link it.")
        )
    return redirect("person", pk=scope.person_id)
