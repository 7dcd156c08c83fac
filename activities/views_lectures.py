"""The quota board, recording a lecture, confirming it in one tap."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pairing_portal.common.errors import bad_request
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of

from . import services
from .board import BoardRow, QuotaContext, board_rows, focus_week, shown_weeks
from .forms import AudienceAnswerForm, LectureForm, lecture_branches
from .models import Lecture, LectureAudience, LectureDuty
from .querysets import concerned_league_branches
from .quota import WeekState, WeekStatus, monday_of
from .words import STATE_BADGES, STATE_WORDS, verdict_words


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
        "rows": [_row(row, weeks, focus) for row in owing],
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


def _row(row: BoardRow, weeks: list[date], focus: date | None) -> dict[str, Any]:
    cells = [{**_cell(status), "is_focus": status.monday == focus} for status in row.cells]
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
    lectures = {
        lecture.pk: lecture
        for lecture in Lecture.objects.visible_to(scope)
        .filter(pk__in=[verdict.fact.lecture_id for verdict in status.verdicts])
        .with_speakers()
    }
    rules = context.rules_on(monday)
    page = {
        "league_branch": branch,
        "cell": _cell(status),
        "status": status,
        "number": context.calendar.teaching_week(monday + timedelta(days=3)),
        "rows": [
            {
                "verdict": verdict,
                "lecture": lectures[verdict.fact.lecture_id],
                "words": verdict_words(verdict, rules.min_minutes),
            }
            for verdict in status.verdicts
        ],
        "duties": LectureDuty.objects.visible_to(scope)
        .filter(league_branch=branch)
        .filter_active(today)
        .select_related("person"),
        "previous": monday - timedelta(weeks=1),
        "next": monday + timedelta(weeks=1),
    }
    return render(request, "activities/lecture_week.html", page)


@require_http_methods(["GET", "POST"])
def lecture_new(request: HttpRequest) -> HttpResponse:
    """Record a lecture that was given."""
    scope, today = scope_of(request), timezone.localdate()
    if not lecture_branches(scope, today).exists():
        raise PermissionDenied(_("Lectures are recorded by their speakers and by the responsible branch."))
    form = LectureForm(request.POST or None, scope=scope, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            services.record_lecture(**form.cleaned_data, by=request.user, today=today, now=timezone.now())
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            messages.success(request, _("Recorded. The League branch was asked to confirm it; then it counts."))
            return redirect("lectures")
    return render(request, "activities/lecture_form.html", {"form": form}, status=400 if form.errors else 200)


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
        messages.success(request, _("Thank you. Your answer is recorded."))
    return redirect("lectures_to_confirm" if scope.league_branch_ids else "lectures")
