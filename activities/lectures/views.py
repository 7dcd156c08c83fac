"""The quota board, recording a lecture, confirming it in one tap."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.errors import bad_request
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from .. import services
from ..lecture_querysets import concerned_league_branches
from ..models import AudienceState, Lecture, LectureAudience, LectureDuty, LectureState
from ..quota import LectureVerdict, WeekState, WeekStatus, monday_of
from ..words import STATE_BADGES, STATE_WORDS, verdict_words
from .answers import answer_steps
from .board import BoardRow, QuotaContext, board_rows, focus_week, shown_weeks
from .forms import AudienceAnswerForm, LectureForm, lecture_branches
from .rules import may_answer, may_cancel

KEY = "idempotency_key"


@require_GET
def lecture_board(request: HttpRequest) -> HttpResponse:
    """League branches × weeks. A cell says required, counted and state; one click tells why."""
    scope, today = scope_of(request), timezone.localdate()
    context = QuotaContext.load()
    weeks = shown_weeks(context, today)
    focus = focus_week(weeks, today)
    # The newest week stands first: what matters is seen without scrolling, the history follows to the right.
    weeks = weeks[::-1]
    branches = list(concerned_league_branches(scope).active().select_related("party_branch", "department"))
    rows = board_rows(league_branches=branches, mondays=weeks, today=today, context=context)
    owing = [row for row in rows if any(cell.state != WeekState.NOT_OWED for cell in row.cells)]
    page: dict[str, Any] = {
        "weeks": [_week_head(context, monday, focus) for monday in weeks],
        "rows": [_row(row, focus, today) for row in owing],
        "not_owing": [row.league_branch for row in rows if row not in owing],
        "focus": focus,
        "summary": _summary(owing, weeks, focus),
        "may_record": lecture_branches(scope, today).exists(),
        "waiting": LectureAudience.objects.visible_to(scope).waiting_for(scope).count(),
    }
    return render(request, "activities/lecture_board.html", page)


def _week_head(context: QuotaContext, monday: date, focus: date | None) -> dict[str, Any]:
    return {
        "monday": monday, "sunday": monday + timedelta(days=6),
        "number": context.calendar.teaching_week(monday + timedelta(days=3)), "is_focus": monday == focus,
    }  # fmt: skip


def _row(row: BoardRow, focus: date | None, today: date) -> dict[str, Any]:
    cells = [
        {**_cell(status), "is_focus": status.monday == focus, "is_ahead": status.monday > today} for status in row.cells
    ]
    current = next((cell for cell in cells if cell["is_focus"]), None)
    return {"league_branch": row.league_branch, "cells": cells, "current": current}


def _cell(status: WeekStatus) -> dict[str, Any]:
    return {
        "status": status,
        "word": STATE_WORDS[status.state],
        "badge": STATE_BADGES[status.state],
        "is_owed": status.state != WeekState.NOT_OWED,
    }


def _summary(rows: list[BoardRow], weeks: list[date], focus: date | None) -> dict[str, int]:
    if focus is None:
        return {}
    states = [row.cells[weeks.index(focus)].state for row in rows]
    return {state.value: states.count(state) for state in WeekState}


@require_GET
def lecture_week(request: HttpRequest, pk: int) -> HttpResponse:
    """One League branch, one week: every lecture and why it counts or not."""
    scope, today = scope_of(request), timezone.localdate()
    branch = get_visible_or_404(concerned_league_branches(scope), pk=pk)
    try:
        asked = parse_date(request.GET.get("week", "")) if request.GET.get("week") else today
    except ValueError:
        asked = None
    if asked is None or not date(2000, 1, 8) <= asked <= date(2100, 12, 31):
        return bad_request(request)
    context = QuotaContext.load()
    monday = monday_of(asked)
    status = board_rows(league_branches=[branch], mondays=[monday], today=today, context=context)[0].cells[0]
    page = {
        "league_branch": branch,
        "cell": _cell(status),
        "status": status,
        "number": context.calendar.teaching_week(monday + timedelta(days=3)),
        "rows": _lecture_rows(status.verdicts, scope, context.rules_on(monday).min_minutes),
        "duties": LectureDuty.objects.visible_to(scope)
        .filter(league_branch=branch)
        .filter_active(today)
        .select_related("person"),
        "previous": monday - timedelta(weeks=1),
        "next": monday + timedelta(weeks=1),
    }
    return render(request, "activities/lecture_week.html", page)


def _lecture_rows(verdicts: tuple[LectureVerdict, ...], scope: Scope, min_minutes: int) -> list[dict[str, Any]]:
    """The lectures of a week with what the League branch said, and what the user may do about it; a fixed number of queries."""
    ids = [verdict.fact.audience_id for verdict in verdicts]
    audiences = LectureAudience.objects.visible_to(scope).filter(pk__in=ids).with_lecture()
    found = {row.pk: row for row in audiences.prefetch_related("lecture__audiences__league_branch")}
    steps = answer_steps(ids)
    rows = []
    for verdict in verdicts:
        audience = found[verdict.fact.audience_id]
        lecture = audience.lecture
        is_answered = audience.state != AudienceState.WAITING
        is_open = all(other.state == AudienceState.WAITING for other in lecture.audiences.all())
        told = steps.get(audience.pk, [])
        rows.append(
            {
                "verdict": verdict,
                "lecture": lecture,
                "audience": audience,
                "words": verdict_words(verdict, min_minutes),
                # One answer is said by its state; the story is told when there was more to it.
                "steps": told if any(step.is_taken_back for step in told) else [],
                "may_take_back": is_answered and may_answer(audience, scope),
                "may_cancel": is_open and lecture.state != LectureState.CANCELLED and may_cancel(lecture, scope),
            }
        )
    return rows


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
    audiences = LectureAudience.objects.visible_to(scope).waiting_for(scope).with_lecture()
    answered = LectureAudience.objects.visible_to(scope).answered_by(scope).with_lecture()[:10]
    context = {"audiences": audiences, "answered": answered}
    return render(request, "activities/lectures_to_confirm.html", context)


@require_POST
def lecture_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Yes, it took place; or no, and why."""
    scope = scope_of(request)
    audience = get_visible_or_404(LectureAudience.objects.visible_to(scope), pk=pk)
    form = AudienceAnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please answer yes or no, and type the number present in digits."))
        return redirect("lectures_to_confirm")
    try:
        services.answer_audience(
            audience=audience, **form.cleaned_data, scope=scope, by=request.user, now=timezone.now()
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
                lecture=lecture, reason=request.POST.get("reason", "")[:500], scope=scope, by=request.user, now=timezone.now()
            )  # fmt: skip
        except Refused as refusal:
            refused = refusal.text
        else:
            messages.success(request, _("Cancelled. The lecture stays in the list and does not count."))
            return redirect(back)
    context = {"lecture": lecture, "back": back, "refused": refused}
    return render(request, "activities/lecture_cancel.html", context, status=400 if refused else 200)


def _week_address(lecture: Lecture, scope: Scope) -> str:
    """The page of the week where the user sees the lecture; the board for a speaker who has no duty there."""
    audience = LectureAudience.objects.visible_to(scope).filter(lecture=lecture).order_by("pk").first()
    if audience is None:
        return reverse("lectures")
    return f"{reverse('lecture_week', args=[audience.league_branch_id])}?week={lecture.on.isoformat()}"
