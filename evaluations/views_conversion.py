"""Conversion reviews: the list, opening one, its page with the checklist, and the steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Person
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from . import conversion_services as services
from .conversion_checks import STEP_LABELS
from .conversion_reader import ReviewRow, full_members_of, review_rows, waiting_people
from .forms_conversion import (
    ApplicationForm,
    ApprovalForm,
    CloseForm,
    CommitteeForm,
    DeferForm,
    MeetingForm,
    NoticeForm,
    StepForm,
)
from .models import ConversionReview
from .pack_page import lines_for, meeting_words, opinions_of

PAGE = 50
STATES = {"open": gettext_lazy("in work"), "closed": pgettext_lazy("review", "closed")}


@dataclass(frozen=True)
class StepPage:
    """One step of a review: its form, its service, its words. `needs_now`: the service takes the moment too."""

    title: str | Promise
    submit: str | Promise
    form: type[StepForm]
    service: Callable[..., object]
    done: str | Promise
    needs_now: bool = False
    needs_today: bool = True


STEPS = {
    "application": StepPage(
        gettext_lazy("Application received"), gettext_lazy("Record the application"), ApplicationForm, services.record_application,
        gettext_lazy("The application is recorded."),
    ),
    "committee": StepPage(
        gettext_lazy("Review by the branch committee"), gettext_lazy("Record the committee's review"), CommitteeForm, services.record_committee,
        gettext_lazy("The committee's review is recorded."),
    ),
    "notice": StepPage(
        gettext_lazy("Public notice"), gettext_lazy("Record the notice"), NoticeForm, services.record_notice, gettext_lazy("The notice is recorded.")
    ),
    "defer": StepPage(
        gettext_lazy("Defer the discussion"), gettext_lazy("Defer"), DeferForm, services.defer_discussion, gettext_lazy("The discussion is deferred.")
    ),
    "meeting": StepPage(
        gettext_lazy("Branch meeting"), gettext_lazy("Record the meeting"), MeetingForm, services.record_meeting,
        gettext_lazy("The meeting is recorded, and the evidence pack is kept as it lay before it."), needs_now=True,
    ),
    "approval": StepPage(
        gettext_lazy("Answer of the higher committee"), gettext_lazy("Record the answer"), ApprovalForm, services.record_approval,
        gettext_lazy("The answer is recorded and the review closed."), needs_now=True,
    ),
    "close": StepPage(
        gettext_lazy("Close the review"), gettext_lazy("Close the review"), CloseForm, services.close_review, gettext_lazy("The review is closed."),
        needs_now=True, needs_today=False,
    ),
}  # fmt: skip
# Steps of which the toast offers to take them back; an approval has written to the person and stays.
UNDONE = ("application", "committee", "notice", "meeting")


@require_GET
def conversions(request: HttpRequest) -> HttpResponse:
    """Reviews the scope keeps or oversees, what is due soonest first; with who may be opened by hand."""
    scope, today = scope_of(request), timezone.localdate()
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    visible = ConversionReview.objects.visible_to(scope).exclude(person_id=scope.person_id or 0)
    rows = visible.filter(closed_at=None) if state == "open" else visible.exclude(closed_at=None).order_by("-closed_at")
    page = Paginator(rows.select_related("person", "party_branch"), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page, "rows": review_rows(page.object_list, today), "state": state,
        "states": [{"key": key, "label": label} for key, label in STATES.items()],
        "may_open": bool(scope.managed_branch_ids or scope.department_ids or scope.college_staff),
    }  # fmt: skip
    return render(request, "evaluations/conversion_list.html", context)


@require_http_methods(["GET", "POST"])
def conversion_new(request: HttpRequest) -> HttpResponse:
    """Open a review by hand: for one of the probationary members who have none open."""
    scope, today = scope_of(request), timezone.localdate()
    if not (scope.managed_branch_ids or scope.department_ids or scope.college_staff):
        raise PermissionDenied(_("Reviews are opened by the secretary or organisation officer of the branch."))
    if request.method == "POST":
        people = Person.objects.visible_to(scope)
        person = get_visible_or_404(people, pk=request.POST.get("person") or 0)
        try:
            review = services.open_review(person=person, scope=scope, by=request.user, today=today, now=timezone.now())  # type: ignore[arg-type]  # signed in
        except Refused as refusal:
            context = {"people": waiting_people(scope, today), "refusal": refusal.text}
            return render(request, "evaluations/conversion_new.html", context, status=400)
        say_done(request, _("The review is open. The checklist says what comes next."))
        return redirect("conversion", pk=review.pk)
    return render(request, "evaluations/conversion_new.html", {"people": waiting_people(scope, today)})


@require_GET
def conversion(request: HttpRequest, pk: int) -> HttpResponse:
    """One review: dates, checklist, opinions; for the person themselves without what others said and how they voted."""
    scope = scope_of(request)
    row = visible_row(scope, pk)
    for_person = scope.person_id == row.review.person_id
    lines = lines_for(row, for_person=for_person)
    may_record = not for_person and not services.manage_objection(row.review, scope) and not row.facts.is_closed
    context = {
        "row": row, "review": row.review, "person": row.review.person, "for_person": for_person, "may_record": may_record,
        "lines": [{"line": line, "url": _do_url(line.step, row) if may_record else ""} for line in lines],
        "opinions": [] if for_person else opinions_of(row, scope),
        "meeting_words": meeting_words({"review": row.review, "for_person": for_person}),
        "next_url": reverse(f"conversion_{row.next}", args=[pk]) if may_record and row.next else "",
        "undo_step": row.done[-1] if may_record and row.done else "",
        "undo_label": STEP_LABELS[row.done[-1]] if row.done else "",
    }  # fmt: skip
    return render(request, "evaluations/conversion_detail.html", context)


def _do_url(step: str, row: ReviewRow) -> str:
    """Where a line of the checklist is done."""
    review = row.review
    if step == "review":
        return reverse("mentoring_review", args=[review.person_id])
    if step == "opinion":
        return reverse("conversion_opinion_new", args=[review.pk]) if review.meeting_on is None else ""
    # Before the meeting steps are corrected where they stand; after it only what comes next.
    if not step or (review.meeting_on is not None and step != "approval"):
        return ""
    return reverse(f"conversion_{step}", args=[review.pk])


@require_http_methods(["GET", "POST"])
def conversion_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """One step: form, service, back to the review."""
    scope, page = scope_of(request), STEPS[step]
    row = visible_row(scope, pk)
    if objection := services.manage_objection(row.review, scope):
        raise PermissionDenied(objection)
    form = page.form(posted(request), review=row.review, initial=_initial(step, row))
    if request.method == "POST" and form.is_valid():
        arguments = form.service_arguments() | {"review": row.review, "scope": scope, "by": request.user}
        if page.needs_today:
            arguments["today"] = timezone.localdate()
        if page.needs_now:
            arguments["now"] = timezone.now()
        try:
            page.service(**arguments)
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            # A step that was corrected while later ones are on record is not what taking back would take.
            is_last = step in UNDONE and visible_row(scope, pk).done[-1:] == [step]
            undo_url = f"{reverse('conversion_undo', args=[pk])}?step={step}" if is_last else ""
            say_done(request, page.done, undo_url=undo_url)
            return redirect("conversion", pk=pk)
    context = {"row": row, "review": row.review, "person": row.review.person, "form": form, "step": page, "key": step}
    return render(request, "evaluations/conversion_step.html", context, status=400 if form.errors else 200)


def _initial(step: str, row: ReviewRow) -> dict[str, Any]:
    if step == "meeting" and row.review.eligible_count is None:
        return {"eligible_count": full_members_of(row.review.party_branch_id), "decision": "convert"}
    return {}


@require_POST
def conversion_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the last step back; the address names which one was meant."""
    scope, step = scope_of(request), request.GET.get("step", "")
    row = visible_row(scope, pk)
    if objection := services.manage_objection(row.review, scope):
        raise PermissionDenied(objection)
    return act(
        request, lambda: services.undo_last(review=row.review, step=step, scope=scope, by=request.user),  # type: ignore[arg-type]  # signed in
        done=_("Taken back. What lies before it stays."), back=reverse("conversion", args=[pk]),
    )  # fmt: skip


def visible_row(scope: Scope, pk: int) -> ReviewRow:
    """The review with its facts; 404 for strangers."""
    rows = ConversionReview.objects.visible_to(scope).select_related("person__party_branch", "party_branch")
    return review_rows([get_visible_or_404(rows, pk=pk)], timezone.localdate())[0]
