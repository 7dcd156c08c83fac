"""Two taps plan a lecture: open the page, press a free hour. Moved, taken back, given from here too."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Person
from pairing_portal.common.doing import act, add_refusal, posted
from pairing_portal.common.errors import bad_request
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from ..models import Lecture, LectureState
from . import give_services, plan_services
from .chapters_ahead import chapters_ahead
from .forms_plan import GiveForm, PlanForm, TimeForm
from .plan_reader import branch_plans, duty_branches, my_swaps, offered_slots, own_lectures, takeable
from .plan_rules import NeedsConsent, Wish, if_agreed, may_change_plan
from .plan_services import Planned
from .slot_services import slot_minutes

KEY = "idempotency_key"


@require_GET
def lecture_plan(request: HttpRequest) -> HttpResponse:
    """Own League branches with what is owed and their free hours; own lectures; what colleagues ask; today's of colleagues."""
    scope, now = scope_of(request), timezone.now()
    today = timezone.localdate(now)
    plans, own, swaps = branch_plans(scope, now), own_lectures(scope, now), my_swaps(scope, now)
    if not (plans or own.over or own.coming or swaps["asked_of_me"]):
        raise PermissionDenied(_("Lectures are planned by the speakers on duty. The Party branch assigns them."))
    page = {
        "plans": plans, "own": own, "takeable": list(takeable(scope, today)), "today": today,
        "asking": {swap.lecture_id for swap in swaps["asked_by_me"]}, **swaps,
    }  # fmt: skip
    return render(request, "activities/lecture_plan.html", page)


def _me(scope: Scope) -> Person:
    return get_visible_or_404(Person.objects.visible_to(scope).distinct(), pk=scope.person_id or 0)


@require_POST
def lecture_plan_slot(request: HttpRequest) -> HttpResponse:
    """A free hour was pressed: planned with the next chapter. What should be thought about is asked on the form."""
    scope, now = scope_of(request), timezone.now()
    slot_id, _colon, day = request.POST.get("choice", "").partition(":")
    slot = get_visible_or_404(offered_slots(scope, timezone.localdate(now)), pk=slot_id[:20])
    on = _day(day)
    if on is None or on.isoweekday() != slot.weekday:
        return bad_request(request)
    chapter = next(iter(chapters_ahead([slot.league_branch_id])[slot.league_branch_id]), None)
    minutes = min(40, slot_minutes(slot))
    wish = Wish((_me(scope),), (slot.league_branch,), on, slot.starts_at, minutes, slot.place)
    repeat, key = request.POST.get("repeat") == "yes", request.POST.get(KEY, "")[:40]
    try:
        planned = plan_services.plan_lecture(
            wish=wish, chapter=chapter, repeat_weekly=repeat, idempotency_key=key, scope=scope, by=request.user, now=now  # type: ignore[arg-type]  # signed in
        )  # fmt: skip
    except NeedsConsent as asked:
        given = {
            "league_branches": [slot.league_branch], "on": on, "starts_at": slot.starts_at, "minutes": minutes,
            "place": slot.place, "textbook_chapter": chapter, "repeat_weekly": repeat,
        }  # fmt: skip
        form = PlanForm(initial=given, scope=scope, today=timezone.localdate(now))
        return _plan_page(request, form, key=key or secrets.token_urlsafe(16), asked=asked)
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        _say_planned(request, planned)
    return redirect("lecture_plan")


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


@require_http_methods(["GET", "POST"])
def lecture_plan_new(request: HttpRequest) -> HttpResponse:
    """Another hour than the free ones, or several League branches at once."""
    scope, now = scope_of(request), timezone.now()
    today = timezone.localdate(now)
    branches = duty_branches(scope, today)
    if not branches.exists():
        raise PermissionDenied(_("Lectures are planned by the speakers on duty. The Party branch assigns them."))
    form = PlanForm(posted(request), initial=_first_guess(request, branches), scope=scope, today=today)
    key = request.POST.get(KEY, "")[:40] or secrets.token_urlsafe(16)
    asked = None
    if request.method == "POST" and form.is_valid():
        try:
            planned = _plan(request, form, scope, key, now)
        except NeedsConsent as error:
            asked = error
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            _say_planned(request, planned)
            return redirect("lecture_plan")
    return _plan_page(request, form, key=key, asked=asked)


def _first_guess(request: HttpRequest, branches: Any) -> dict[str, Any]:
    """The League branch the page was opened for, or the only one; and its next chapter."""
    wanted = request.GET.get("branch", "")
    chosen = branches.filter(pk=int(wanted)) if wanted.isdecimal() and len(wanted) < 10 else branches.all()
    chosen = list(chosen[:2])
    if len(chosen) != 1:
        return {}
    ahead = chapters_ahead([chosen[0].pk])[chosen[0].pk]
    return {"league_branches": chosen, "textbook_chapter": next(iter(ahead), None)}


def _plan(request: HttpRequest, form: PlanForm, scope: Scope, key: str, now: datetime) -> Planned:
    data = form.cleaned_data
    wish = Wish(
        (_me(scope),), tuple(form.branches), data["on"], data["starts_at"], data["minutes"], data["place"].strip()
    )
    return if_agreed(
        lambda knowing: plan_services.plan_lecture(
            wish=wish, chapter=data["textbook_chapter"], topic=data["topic"], repeat_weekly=data["repeat_weekly"],
            knowing=knowing, idempotency_key=key, scope=scope, by=request.user, now=now,  # type: ignore[arg-type]  # signed in
        ),
        request.POST.get("known", ""),
    )  # fmt: skip


def _plan_page(request: HttpRequest, form: PlanForm, *, key: str, asked: NeedsConsent | None) -> HttpResponse:
    context = {"form": form, "key": key, "asked": asked, "action": reverse("lecture_plan_new")}
    return render(request, "activities/lecture_plan_form.html", context, status=400 if form.errors or asked else 200)


def _say_planned(request: HttpRequest, planned: Planned) -> None:
    first = planned.lectures[0]
    count = len(planned.lectures)
    words = ngettext(
        "Planned: %(day)s. The League branch is told.", "%(count)d lectures planned from %(day)s on. The League branch is told.", count
    ) % {"count": count, "day": date_format(first.on)}  # fmt: skip
    if planned.left_out:
        days = "、".join(f"{date_format(day, 'n/j')} ({why.rstrip('。.')})" for day, why in planned.left_out[:6])
        words += " " + _("Left out: %(days)s.") % {"days": days}
    say_done(request, words, undo_url=reverse("lecture_plan_undo", args=[first.pk]))


@require_POST
def lecture_plan_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan of a moment ago was a mistake."""
    scope = scope_of(request)
    lecture = get_visible_or_404(Lecture.objects.visible_to(scope), pk=pk)
    return act(
        request,
        lambda: plan_services.unplan(lecture=lecture, scope=scope, by=request.user, now=timezone.now()),  # type: ignore[arg-type]  # signed in
        done=_("Taken back. Nothing is planned there now."),
        back="lecture_plan",
    )


def planned_lecture(request: HttpRequest, pk: int, words: str) -> tuple[Scope, Lecture]:
    """The lecture for those who may change its plan; 404 for who does not see it, 403 for who only sees it."""
    scope = scope_of(request)
    lecture = get_visible_or_404(Lecture.objects.visible_to(scope).with_speakers(), pk=pk)
    if not may_change_plan(lecture, scope):
        raise PermissionDenied(words)
    return scope, lecture


@require_http_methods(["GET", "POST"])
def lecture_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Another day, hour or room."""
    words = _("Only its speakers, the responsible branch and the department change this plan.")
    scope, lecture = planned_lecture(request, pk, words)
    stands = {"on": lecture.on, "starts_at": lecture.starts_at, "minutes": lecture.minutes, "place": lecture.place}
    form, asked = TimeForm(posted(request), initial=stands), None
    if request.method == "POST" and form.is_valid():
        try:
            if_agreed(
                lambda knowing: plan_services.move_lecture(
                    lecture=lecture, **form.cleaned_data, knowing=knowing, scope=scope, by=request.user, now=timezone.now()  # type: ignore[arg-type]  # signed in
                ),
                request.POST.get("known", ""),
            )  # fmt: skip
        except NeedsConsent as error:
            asked = error
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Moved. The League branch is told."), undo_url=reverse("lecture_move_back", args=[pk]))
            return redirect(_home(lecture, scope))
    context = {"form": form, "asked": asked, "lecture": lecture, "back": _home(lecture, scope)}
    return render(request, "activities/lecture_move.html", context, status=400 if form.errors or asked else 200)


def _home(lecture: Lecture, scope: Scope) -> str:
    """Where one came from: a speaker on duty from the own plans, who answers for the League branch from its week."""
    if any(row.person_id == scope.person_id for row in lecture.speakers.all()):
        return reverse("lecture_plan" if duty_branches(scope, timezone.localdate()).exists() else "lectures")
    first = lecture.audiences.order_by("pk").values_list("league_branch_id", flat=True).first()
    return f"{reverse('lecture_week', args=[first])}?week={lecture.on.isoformat()}" if first else reverse("lectures")


@require_POST
def lecture_move_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The move of a moment ago was a mistake."""
    words = _("Only its speakers, the responsible branch and the department change this plan.")
    scope, lecture = planned_lecture(request, pk, words)
    return act(
        request,
        lambda: plan_services.move_back(lecture=lecture, scope=scope, by=request.user, now=timezone.now()),  # type: ignore[arg-type]  # signed in
        done=_("Moved back. The League branch is told."),
        back=_home(lecture, scope),
    )


@require_http_methods(["GET", "POST"])
def lecture_give(request: HttpRequest, pk: int) -> HttpResponse:
    """It was given: as planned in one tap, or with what was different."""
    words = _("Only its speakers, the responsible branch and the department record this lecture.")
    scope, lecture = planned_lecture(request, pk, words)
    as_planned = request.POST.get("as_planned") == "yes"
    form = GiveForm(None if as_planned else posted(request), lecture=lecture, scope=scope)
    if request.method == "POST" and (as_planned or form.is_valid()):
        given = {"as_planned": True} if as_planned else form.cleaned_data
        try:
            give_services.give_lecture(lecture=lecture, **given, scope=scope, by=request.user, now=timezone.now())
        except Refused as refusal:
            if as_planned:
                say_refused(request, refusal.text)
                return redirect(_home(lecture, scope))
            add_refusal(form, refusal)
        else:
            say_done(request, _("Recorded. The League branch was asked to confirm it; then it counts."))
            return redirect(_home(lecture, scope))
    if request.method == "GET" and lecture.state != LectureState.PLANNED:
        say_refused(request, _("This lecture is “%(state)s” now.") % {"state": lecture.get_state_display()})
        return redirect(_home(lecture, scope))
    context = {"form": form, "lecture": lecture, "back": _home(lecture, scope)}
    return render(request, "activities/lecture_give.html", context, status=400 if form.errors else 200)
