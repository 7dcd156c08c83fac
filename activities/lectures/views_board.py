"""The quota board: departments, their League branches, one League branch's week; two clicks from the first to a lecture."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from branches.calendar import TermSpan
from branches.models import LeagueBranch
from pairing_portal.common.errors import bad_request
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from ..lecture_querysets import concerned_league_branches
from ..models import AudienceState, LectureAudience, LectureDuty, LectureState, NoLecture, QuotaExemption
from ..quota import LectureVerdict, monday_of
from ..words import pace_words, verdict_words
from .answers import answer_steps
from .board import QuotaContext, board_rows, focus_week, shown_terms, weeks_of
from .board_filters import BoardFilter, term_key, term_label
from .board_page import BoardWeeks, board_weeks, department_rows, focus_totals, in_state, shown_rows
from .counts import owing_in
from .coverage import coverage, prescribed_textbook
from .forms import lecture_branches
from .no_lecture_services import may_say_none, said_for
from .rules import has_duty, may_answer, may_cancel

PAGE = 60
# Of League branches that owe nothing so many are named; the rest are a number.
NAMED = 60


@require_GET
def lecture_board(request: HttpRequest) -> HttpResponse:
    """Departments × weeks for who oversees several, else League branches × weeks; filters stand in words and in the address."""
    scope, today = scope_of(request), timezone.localdate()
    context = QuotaContext.load()
    terms = shown_terms(context, today)
    concerned = concerned_league_branches(scope).active()
    chosen = BoardFilter(request.GET, queryset=concerned, scope=scope, terms=terms, today=today)
    is_valid = chosen.form.is_valid()
    data = chosen.form.cleaned_data if is_valid else {}
    term = _term(terms, data, context)
    weeks = _weeks(context, term, data.get("week"), today)
    branches = chosen.qs if is_valid else concerned.none()
    owing = branches.filter(owing_in(weeks.mondays, context))
    page: dict[str, Any] = {
        "weeks": weeks.heads,
        "focus": next((head for head in weeks.heads if head.is_focus), None),
        "filter": chosen,
        "words": chosen.in_words(),
        "terms": [{"key": term_key(one), "label": term_label(one), "is_on": one == term} for one in terms],
        "term": term and term_label(term),
        "summary": focus_totals(owing, weeks),
        "may_record": lecture_branches(scope, today).exists(),
        "waiting": LectureAudience.objects.visible_to(scope).waiting_for(scope).count(),
        **_level(chosen, owing, weeks, scope, request.GET.get("page")),
        **_not_owing(branches, owing, scope),
    }
    return render(request, "activities/lecture_board.html", page, status=200 if is_valid else 400)


def _term(terms: list[TermSpan], data: dict[str, Any], context: QuotaContext) -> TermSpan | None:
    """The term asked for, that of the week asked for, or the newest."""
    week = data.get("week")
    of_week = context.calendar.term_of(monday_of(week) + timedelta(days=3)) if week else None
    asked = next((one for one in terms if term_key(one) == data.get("term")), None)
    return asked or (of_week if of_week in terms else None) or (terms[0] if terms else None)


def _weeks(context: QuotaContext, term: TermSpan | None, week: date | None, today: date) -> BoardWeeks:
    mondays = weeks_of(context, term, today) if term else []
    asked = monday_of(week) if week else None
    return board_weeks(context, mondays, asked if asked in mondays else focus_week(mondays, today), today)


def _level(chosen: BoardFilter, owing: Any, weeks: BoardWeeks, scope: Scope, number: str | None) -> dict[str, Any]:
    """Departments, while there are several and nothing narrows them down; else a page of League branches."""
    if chosen.form.is_valid() and not chosen.is_narrowed:
        departments = department_rows(owing, weeks)
        if len(departments) > 1:
            return {"departments": departments, "rows": [], "page": None}
    state = chosen.form.cleaned_data.get("state") if chosen.form.is_valid() else ""
    if state:
        owing = in_state(owing, state, weeks)
    ordered = owing.select_related("party_branch", "department").order_by(
        "department_id", "-enrolment_year", "name", "pk"
    )
    page = Paginator(ordered, PAGE).get_page(number)
    return {"departments": [], "rows": shown_rows(list(page.object_list), weeks, scope), "page": page}


def _not_owing(branches: Any, owing: Any, scope: Scope) -> dict[str, Any]:
    rest = branches.exclude(pk__in=owing.order_by().values("pk"))
    return {"not_owing": list(rest[:NAMED]), "not_owing_count": rest.count()}


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
    heard = coverage([branch.pk], prescribed_textbook())
    page = {
        "league_branch": branch,
        "status": status,
        "is_ahead": monday > today,
        "pace": pace_words(status, today),
        "number": context.calendar.teaching_week(monday + timedelta(days=3)),
        "rows": _lecture_rows(status.verdicts, scope, context.rules_on(monday).min_minutes),
        "exemptions": QuotaExemption.objects.visible_to(scope)
        .filter(league_branch=branch, from_on__lte=status.sunday, to_on__gte=monday, state__in=("asked", "granted"))
        .order_by("from_on", "pk"),
        "duties": LectureDuty.objects.visible_to(scope)
        .filter(league_branch=branch)
        .filter_active(today)
        .select_related("person"),
        "chapters": [{"chapter": chapter, "heard": heard.heard(branch.pk, chapter.pk)} for chapter in heard.chapters],
        "heard_count": heard.heard_count(branch.pk),
        "may_record": lecture_branches(scope, today).filter(pk=branch.pk).exists() and monday <= today,
        "may_plan": status.sunday >= today and has_duty(scope.person_id or 0, branch.pk, today),
        "none_said": _none_said(branch, monday) if status.said_why and may_say_none(branch, scope, today) else None,
        "may_say_none": bool(status.missing) and not status.said_why and may_say_none(branch, scope, today),
        "previous": monday - timedelta(weeks=1),
        "next": monday + timedelta(weeks=1),
    }
    return render(request, "activities/lecture_week.html", page)


def _none_said(branch: LeagueBranch, monday: date) -> NoLecture | None:
    row: NoLecture | None = said_for([branch.pk]).filter(monday=monday).first()
    return row


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
                "is_planned": lecture.state == LectureState.PLANNED,
                "words": verdict_words(verdict, min_minutes),
                # One answer is said by its state; the story is told when there was more to it.
                "steps": told if any(step.is_taken_back for step in told) else [],
                "may_take_back": is_answered and may_answer(audience, scope),
                "may_cancel": is_open and lecture.state != LectureState.CANCELLED and may_cancel(lecture, scope),
            }
        )
    return rows
