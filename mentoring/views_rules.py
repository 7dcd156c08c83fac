"""The four tiers as one table of rules, and "may A help B?" answered in words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from branches.policy import Policy
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from .forms_links import RuleCheckForm
from .health import health_rules
from .links import may_help, tier_rows


@require_GET
def mentoring_rules(request: HttpRequest) -> HttpResponse:
    """Who may help whom, how many, what proves seniority, from which document, and how the health of a link is judged; readable by everybody signed in."""
    scope, today = scope_of(request), timezone.localdate()
    may_check = _sees_people(scope)
    is_asked = may_check and "mentor" in request.GET
    form = RuleCheckForm(request.GET if is_asked else None, initial={"tier": request.GET.get("tier", "1")})
    verdict = None
    if is_asked and form.is_valid():
        verdict = may_help(**form.cleaned_data, scope=scope, today=today)
        for name, fault in verdict.faults.items():
            form.add_error(name, fault)
    context = {
        "tiers": tier_rows(today),
        "form": form if may_check else None,
        "verdict": verdict,
        "health_rules": health_rules(Policy(), today),
    }
    return render(request, "mentoring/rules.html", context, status=400 if form.errors else 200)


def _sees_people(scope: Scope) -> bool:
    """Who sees more people than themselves has something to ask."""
    return bool(
        scope.branch_ids or scope.department_ids or scope.class_ids or scope.league_branch_ids or scope.whole_college
    )
