"""Recording a lecture, confirming it in one tap, taking it back."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from .. import services
from ..models import Lecture, LectureAudience
from .class_list import class_list
from .forms import AudienceAnswerForm, LectureForm, lecture_branches
from .plan_reader import series_rest
from .rules import may_cancel

KEY = "idempotency_key"


@require_http_methods(["GET", "POST"])
def lecture_new(request: HttpRequest) -> HttpResponse:
    """Record a lecture that was given."""
    scope, today = scope_of(request), timezone.localdate()
    if not lecture_branches(scope, today).exists():
        raise PermissionDenied(_("Lectures are recorded by their speakers and by the responsible branch."))
    key = request.POST.get(KEY, "")[:40] if request.method == "POST" else secrets.token_urlsafe(16)
    form = LectureForm(request.POST or None, scope=scope, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_lecture(
                **form.cleaned_data, idempotency_key=key, by=request.user, today=today, now=timezone.now()
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            messages.success(request, _("Recorded. The League branch was asked to confirm it; then it counts."))
            return redirect("lectures")
    context = {"form": form, "key": key}
    return render(request, "activities/lecture_form.html", context, status=400 if form.errors else 200)


@require_GET
def lectures_to_confirm(request: HttpRequest) -> HttpResponse:
    """For the League branch's secretary: one tap a lecture."""
    scope = scope_of(request)
    if not scope.league_branch_ids:
        raise PermissionDenied(_("Lectures are confirmed by the secretary of the League branch that heard them."))
    audiences = list(
        LectureAudience.objects.visible_to(scope)
        .waiting_for(scope)
        .with_lecture()
        .order_by("lecture__on", "lecture__starts_at", "pk")
    )
    answered = LectureAudience.objects.visible_to(scope).answered_by(scope).with_lecture()[:10]
    lists = class_list([audience.league_branch for audience in audiences])
    context = {
        "cards": [_answer_card(audience, lists[audience.league_branch_id]) for audience in audiences],
        "answered": answered,
    }
    return render(request, "activities/lectures_to_confirm.html", context)


def _answer_card(audience: LectureAudience, people: list[Person]) -> dict[str, Any]:
    """The class list with everybody ticked; whom it does not know is counted beside it, as far as the League branch is larger."""
    size = audience.league_branch.member_count or 0
    others = max(0, size - len(people))
    return {"audience": audience, "people": people, "others": others, "present": len(people) + others}


@require_POST
def lecture_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Yes, it took place; or no, and why."""
    scope = scope_of(request)
    audience = get_visible_or_404(LectureAudience.objects.visible_to(scope), pk=pk)
    form = AudienceAnswerForm(request.POST, scope=scope)
    if not form.is_valid():
        messages.error(
            request,
            _("Please answer yes or no, and type numbers in digits. Nobody else than the class list can be ticked."),
        )
        return redirect("lectures_to_confirm")
    try:
        services.answer_audience(
            audience=audience, **form.service_arguments(), scope=scope, by=request.user, now=timezone.now()
        )
    except Refused as refusal:
        messages.error(request, refusal.text)
    else:
        say_done(
            request,
            _("Thank you. Your answer is recorded."),
            undo_url=reverse("lecture_answer_take_back", args=[audience.pk]),
        )
    return _back_to_answers(scope)


def _back_to_answers(scope: Scope) -> HttpResponse:
    return redirect("lectures_to_confirm" if scope.league_branch_ids else "lectures")


@require_POST
def lecture_answer_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer was a mistake: undone at once, or later with a reason."""
    scope = scope_of(request)
    audience = get_visible_or_404(LectureAudience.objects.visible_to(scope), pk=pk)
    try:
        services.take_back_answer(
            audience=audience, reason=request.POST.get("reason", "")[:500], scope=scope, by=request.user, now=timezone.now()
        )  # fmt: skip
    except Refused as refusal:
        messages.error(request, refusal.text)
    else:
        messages.info(request, _("Taken back. The lecture waits for your answer again."))
    return _back_to_answers(scope)


@require_http_methods(["GET", "POST"])
def lecture_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a lecture nobody has answered: what will happen, why, and a button."""
    scope = scope_of(request)
    lecture = get_visible_or_404(Lecture.objects.visible_to(scope).with_speakers(), pk=pk)
    if not may_cancel(lecture, scope):
        raise PermissionDenied(
            _("Only its speakers, the secretary who guides the League branch and the department cancel it.")
        )
    back = _week_address(lecture, scope)
    refused = ""
    if request.method == "POST":
        try:
            services.cancel_lecture(
                lecture=lecture, reason=request.POST.get("reason", "")[:500], and_rest=request.POST.get("and_rest") == "yes", scope=scope, by=request.user, now=timezone.now()
            )  # fmt: skip
        except Refused as refusal:
            refused = refusal.text
        else:
            messages.success(request, _("Cancelled. The lecture stays in the list and does not count."))
            return redirect(back)
    context = {"lecture": lecture, "back": back, "refused": refused, "rest": series_rest(lecture)}
    return render(request, "activities/lecture_cancel.html", context, status=400 if refused else 200)


def _week_address(lecture: Lecture, scope: Scope) -> str:
    """The page of the week where the user sees the lecture; the board for a speaker who has no duty there."""
    audience = LectureAudience.objects.visible_to(scope).filter(lecture=lecture).order_by("pk").first()
    if audience is None:
        return reverse("lectures")
    return f"{reverse('lecture_week', args=[audience.league_branch_id])}?week={lecture.on.isoformat()}"
