"""A colleague gives the lecture: asked and answered, or taken over on the day itself."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.errors import bad_request
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done

from ..models import Lecture, LectureSwap
from . import swap_services
from .forms_plan import SwapForm
from .plan_reader import colleagues_for, takeable
from .plan_rules import may_stand_in


@require_http_methods(["GET", "POST"])
def lecture_swap(request: HttpRequest, pk: int) -> HttpResponse:
    """Which colleague, for what in return."""
    scope, now = scope_of(request), timezone.now()
    lecture = get_visible_or_404(Lecture.objects.visible_to(scope).with_speakers(), pk=pk)
    if not any(row.person_id == scope.person_id for row in lecture.speakers.all()):
        raise PermissionDenied(_("Only the speaker asks a colleague to give the lecture."))
    colleagues = colleagues_for(lecture, scope, now)
    form = SwapForm(posted(request), colleagues=colleagues)
    if request.method == "POST" and form.is_valid():
        offer = form.offers[form.cleaned_data["choice"]]
        try:
            swap = swap_services.ask_swap(
                lecture=lecture, colleague=offer.person, in_return=offer.in_return, note=form.cleaned_data["note"],
                scope=scope, now=now,
            )  # fmt: skip
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            withdraw = f"{reverse('lecture_swap_answer', args=[swap.pk])}?answer=withdraw"
            say_done(request, _("Asked. Until the colleague says yes the lecture is yours."), undo_url=withdraw)
            return redirect("lecture_plan")
    context = {"form": form, "lecture": lecture, "colleagues": colleagues}
    return render(request, "activities/lecture_swap.html", context, status=400 if form.errors else 200)


@require_POST
def lecture_swap_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Yes or no of the colleague; or the asker takes the question back."""
    scope, now = scope_of(request), timezone.now()
    swap = get_visible_or_404(LectureSwap.objects.visible_to(scope), pk=pk)
    if scope.person_id not in (swap.asker_id, swap.colleague_id):
        raise PermissionDenied(_("Only the two speakers answer this."))
    answer = request.POST.get("answer") or request.GET.get("answer", "")
    if answer == "accept":
        return act(
            request,
            lambda: swap_services.accept_swap(swap=swap, scope=scope, by=request.user, now=now),  # type: ignore[arg-type]  # signed in
            done=_("Agreed. The lecture is yours now; the League branch is told."),
            back="lecture_plan",
        )
    if answer == "decline":
        return act(
            request,
            lambda: swap_services.decline_swap(swap=swap, scope=scope, now=now),
            done=_("Declined. Your colleague is told."),
            back="lecture_plan",
        )
    if answer == "withdraw":
        return act(
            request,
            lambda: swap_services.withdraw_swap(swap=swap, scope=scope, now=now),
            done=_("Taken back. The lecture stays yours."),
            back="lecture_plan",
        )
    return bad_request(request)


@require_POST
def lecture_take_over(request: HttpRequest, pk: int) -> HttpResponse:
    """ "I take over", today."""
    scope, now = scope_of(request), timezone.now()
    today = timezone.localdate(now)
    lecture = takeable(scope, today).filter(pk=pk).first()
    if lecture is None:
        lecture = get_visible_or_404(Lecture.objects.visible_to(scope), pk=pk)
        if not may_stand_in(scope.person_id or 0, lecture, today):
            raise PermissionDenied(_("Only somebody on duty takes a lecture over."))
    instead_of = request.POST.get("instead_of", "")
    if not (instead_of.isdecimal() and len(instead_of) < 18):
        return bad_request(request)
    return act(
        request,
        lambda: swap_services.take_over(
            lecture=lecture, instead_of=int(instead_of), scope=scope, by=request.user, now=now  # type: ignore[arg-type]  # signed in
        ),
        done=_("You give it. The speaker and the League branch are told."),
        back="lecture_plan",
    )  # fmt: skip
