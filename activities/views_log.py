"""Logging on the phone, and confirming in bulk."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from branches.policy import Policy
from members.models import Person
from mentoring.models import LeagueGuidance, Mentorship
from pairing_portal.common.doing import posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused
from pairings.models import MemberPairing

from . import services
from .attachment_services import PHOTOS_AT_MOST, add_photos
from .choices import log_choices, todays_activities
from .forms import CorrectLogForm, QuickLogForm
from .log_turns import corrections_of, days_left
from .models import LogEntry, LogState

PAGE = 50
# So many of the last entries are named to the page, which keeps a draft until its entry is among them.
ARRIVED = 10


def _own_person(request: HttpRequest) -> tuple[Scope, Person]:
    scope = scope_of(request)
    if scope.person_id is None:
        raise PermissionDenied(_("Only people of the roster log activities. Your account is not linked to one."))
    return scope, get_visible_or_404(Person.objects.visible_to(scope), pk=scope.person_id)


@require_http_methods(["GET", "POST"])
def quick_log(request: HttpRequest) -> HttpResponse:
    """Three taps and one sentence. `?for=` names the choice that is tapped already: link-3, pair-5, guidance-7."""
    scope, person = _own_person(request)
    today = timezone.localdate()
    initial = {
        "on": today.isoformat(),
        "idempotency_key": secrets.token_urlsafe(16),
        "target": request.GET.get("for", "")[:40],
    }
    form = QuickLogForm(posted(request), choices=log_choices(scope, today), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            entry = services.submit_log(person=person, **form.service_arguments(), today=today, now=timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            _keep_photos(request, scope, entry)
            said = _("Sent: %(minutes)d minutes. It waits for confirmation.") % {"minutes": entry.minutes}
            say_done(request, said, undo_url=reverse("log_withdraw", args=[entry.pk]))
            return redirect("quick_log")
    own = LogEntry.objects.visible_to(scope).filter(person=person).with_names()
    arrived = own.order_by("-pk").exclude(idempotency_key=None).values_list("idempotency_key", flat=True)[:ARRIVED]
    context = {
        "form": form,
        "choices": list(form.log_choices.values()),
        "recent": own[:3],
        "today": today,
        "todays": todays_activities(scope, today),
        # Names the drafts of this account on the phone, and says nothing about the account.
        "draft_name": salted_hmac("quick_log", str(request.user.pk)).hexdigest()[:16],
        "arrived": " ".join(arrived),
        "photos_at_most": PHOTOS_AT_MOST,
        "photos_lost": bool(form.errors and request.FILES),
    }
    return render(request, "activities/quick_log.html", context, status=400 if form.errors else 200)


def _keep_photos(request: HttpRequest, scope: Scope, entry: LogEntry) -> None:
    """The entry is in already, whatever becomes of its photos: what could not be kept is said, with the way to add it."""
    refused = add_photos(
        entry=entry, files=request.FILES.getlist("photos"), scope=scope, by=request.user, now=timezone.now()  # type: ignore[arg-type]  # signed in
    )  # fmt: skip
    if refused:
        say_refused(request, _("The entry is kept, these photos are not: %(why)s") % {"why": " ".join(refused)})


@require_GET
def my_logs(request: HttpRequest) -> HttpResponse:
    """Everything I logged, with its state; hours that are confirmed on top."""
    scope, person = _own_person(request)
    own = LogEntry.objects.visible_to(scope).filter(person=person).with_names()
    state = request.GET.get("state", "")
    shown = own.filter(state=state) if state in LogState.values else own
    confirmed = own.confirmed().aggregate(total=Sum("minutes"))["total"] or 0
    context = {
        "page": Paginator(shown, PAGE).get_page(request.GET.get("page")),
        "confirmed_minutes": confirmed,
        "states": LogState.choices,
        "state": state,
    }
    return render(request, "activities/log_list.html", context)


@require_http_methods(["GET", "POST"])
def log_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry; its author corrects it here, with a reason once it is confirmed."""
    scope = scope_of(request)
    entry = get_visible_or_404(LogEntry.objects.visible_to(scope).with_names(), pk=pk)
    is_own = entry.person_id == scope.person_id
    may_correct = is_own and entry.lecture_id is None and entry.activity_id is None
    if request.method == "POST" and not may_correct:
        raise PermissionDenied(
            _("Only its author corrects an entry; what an activity or a lecture made is corrected there.")
        )
    is_confirmed = entry.state == LogState.CONFIRMED
    initial = {
        "on": entry.on.isoformat(),
        "minutes": entry.minutes,
        "summary": entry.summary,
        "late_reason": entry.late_reason,
        "focus_area": entry.focus_area,
        "starts_at": entry.starts_at,
    }
    asks = {"with_focus": entry.league_guidance_id is not None, "with_reason": is_confirmed}
    form = CorrectLogForm(posted(request), initial=initial, **asks) if may_correct else None
    if form is not None and request.method == "POST" and form.is_valid():
        try:
            services.correct_log(entry=entry, **form.cleaned_data, today=timezone.localdate(), now=timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            messages.success(request, _("Corrected. It waits for confirmation again."))
            return redirect("log_entry", pk=pk)
    may_return = (
        entry.state in (LogState.SUBMITTED, LogState.CONFIRMED)
        and entry.lecture_id is None
        and LogEntry.objects.visible_to(scope).judged_by(scope).filter(pk=pk).exists()
    )
    context = {
        "entry": entry,
        "form": form,
        "is_own": is_own,
        "is_confirmed": is_confirmed,
        "reasons": corrections_of(entry),
        "may_return": may_return,
        "may_confirm": may_return and entry.state == LogState.SUBMITTED,
    }
    return render(request, "activities/log_detail.html", context, status=400 if form and form.errors else 200)


@require_POST
def log_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo: take back an own entry that nobody confirmed."""
    entry = get_visible_or_404(LogEntry.objects.changeable_by(scope_of(request)), pk=pk)
    try:
        services.withdraw_log(entry=entry)
    except Refused as refusal:
        messages.error(request, refusal.text)
    else:
        messages.info(request, _("Taken back."))
    return redirect("quick_log")


@require_http_methods(["GET", "POST"])
def log_confirm(request: HttpRequest) -> HttpResponse:
    """The secretary's list: look, tick, confirm together. Staff find here what nobody in a branch may confirm, the other one
    of two what was logged of them."""
    scope = scope_of(request)
    if not (_confirms(scope) or _is_other_side(scope)):
        raise PermissionDenied(_("Logs are confirmed by the secretary of the branch."))
    if request.method == "POST":
        ids = _ids(request.POST.getlist("entry"))
        count = services.confirm_logs(entry_ids=ids, scope=scope, by=request.user, now=timezone.now())
        if count:
            messages.success(
                request,
                ngettext("%(count)d entry confirmed.", "%(count)d entries confirmed.", count) % {"count": count},
            )
        else:
            messages.info(request, _("Nothing was confirmed: tick at least one entry that still waits."))
        return redirect("my_mentoring" if request.POST.get("back") == "my_mentoring" else "log_confirm")
    days = Policy().number("confirm_by_secretary_days", timezone.localdate())
    waiting = (
        LogEntry.objects.confirmable_by(scope).with_turn(scope, timezone.now() - timedelta(days=days)).with_names()
    )
    page = Paginator(waiting.order_by("turn", "submitted_at", "pk"), PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    for entry in page.object_list:
        entry.days_left = days_left(entry, days, timezone.now())
    context = {"page": page, "days": days}
    return render(request, "activities/log_confirm.html", context)


@require_POST
def log_return(request: HttpRequest, pk: int) -> HttpResponse:
    """Send an entry back with a reason."""
    scope = scope_of(request)
    entry = get_visible_or_404(LogEntry.objects.visible_to(scope), pk=pk)
    try:
        services.return_log(
            entry=entry, reason=request.POST.get("reason", "")[:500], scope=scope, by=request.user, now=timezone.now()
        )
    except Refused as refusal:
        messages.error(request, refusal.text)
    else:
        messages.success(request, _("Returned. The author reads your reason."))
    return redirect("log_confirm" if _confirms(scope) or _is_other_side(scope) else "workbench")


def _confirms(scope: Scope) -> bool:
    """Runs a branch, or is staff, to whom falls what no branch can confirm."""
    return bool(scope.managed_branch_ids or scope.department_ids) or scope.college_staff


def _is_other_side(scope: Scope) -> bool:
    """Has somebody whose entries are theirs to confirm: a partner, mentor, mentee, or a guide of their League branch."""
    me = scope.person_id or 0
    return (
        Mentorship.objects.visible_to(scope).of_person(me).exists()
        or MemberPairing.objects.visible_to(scope).published().of_person(me).exists()
        or LeagueGuidance.objects.visible_to(scope).filter(league_branch_id__in=scope.league_branch_ids).exists()
    )


def _ids(values: list[str]) -> list[int]:
    """Ids from a form: forged text is ignored, repeats are one, at most a page of them."""
    found: dict[int, Any] = {}
    for value in values[: PAGE * 4]:
        if value.isascii() and value.isdigit() and len(value) < 18:
            found[int(value)] = None
    return list(found)
