"""The department appoints a branch's secretary, teachers included."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.slips import slip_page
from branches.models import PartyBranch, Programme
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Role, Scope

from . import post_services
from .forms_appoint import AppointForm
from .models import Person, PostKind
from .querysets import PersonQuerySet
from .stages import Stage
from .views_invitations import places_of

# More than fit on a page are found by searching.
SHOWN = 30


@require_http_methods(["GET", "POST"])
def appoint_secretary(request: HttpRequest, branch_id: int) -> HttpResponse:
    """Choose or enter, see what will happen to the present term, appoint; the answer holds the slip if one is needed."""
    scope = scope_of(request)
    branch = get_visible_or_404(PartyBranch.objects.visible_to(scope).select_related("department"), pk=branch_id)
    if not (scope.oversees(branch.department_id) or scope.has(Role.ADMINISTRATOR)):
        raise PermissionDenied(_("The secretary of a branch is appointed by the department."))
    words = request.GET.get("q", "") or request.POST.get("q", "")
    form = AppointForm(request.POST or None, people=_eligible(branch, scope), today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        answer = _appoint(request, form, branch, scope)
        if answer is not None:
            return answer
    holder = post_services.current_holder(branch, PostKind.BRANCH_SECRETARY)
    found = _eligible(branch, scope).search(words)
    context = {
        "branch": branch,
        "form": form,
        "holder": holder,
        "people": found.select_related("party_branch", "school_class")[:SHOWN],
        "more": max(found.count() - SHOWN, 0),
        "words": words.strip()[:50],
        "chosen": request.POST.get("person", ""),
        "must_confirm": bool(form.errors.get("replace_holder")),
    }
    return render(request, "members/appoint.html", context, status=400 if form.errors else 200)


def _eligible(branch: PartyBranch, scope: Scope) -> PersonQuerySet:
    """The department's teachers and members, the branch's own first by name."""
    people = Person.objects.visible_to(scope).filter(department_id=branch.department_id)
    return people.filter(stage__in=(Stage.FULL, Stage.PROBATIONARY)) | people.present().filter(
        programme=Programme.STAFF
    )


def _appoint(request: HttpRequest, form: AppointForm, branch: PartyBranch, scope: Scope) -> HttpResponse | None:
    """Appoint; None when the rules refuse and the form shows why."""
    chosen: dict[str, Any] = {
        "person": form.cleaned_data["person"],
        "teacher": form.teacher,
        "since": form.cleaned_data["since"],
        "replace_holder": form.cleaned_data["replace_holder"],
    }
    try:
        done = post_services.appoint_secretary(
            branch=branch, scope=scope, by=cast(User, request.user), today=timezone.localdate(), now=timezone.now(),
            request=request, **chosen,
        )  # fmt: skip
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        return None
    except ValidationError as error:
        form.add_error(None, error.messages)
        return None
    messages.success(
        request,
        _("%(name)s is secretary of %(branch)s from %(day)s.")
        % {"name": done.post.person.name, "branch": branch, "day": done.post.since},
    )
    for problem in post_services.appointment_problems(
        person=done.post.person, kind=PostKind.BRANCH_SECRETARY, branch=branch
    ):
        messages.warning(request, str(problem))
    back = f"{reverse('appoint_secretary', args=[branch.pk])}"
    if not done.issued:
        return redirect(back)
    return slip_page(request, done.issued, back=back, places=places_of([done.issued[0].user.pk], scope))
