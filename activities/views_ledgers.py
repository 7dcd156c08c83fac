"""Hours by ledger: figures that open their rows, the printed personal record, the lecture certificate."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from branches.models import AcademicYear
from members.models import Person
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from . import ledgers
from .models import LogEntry, LogPurpose

PAGE = 50


@require_GET
def my_ledgers(request: HttpRequest) -> HttpResponse:
    """One's own hours."""
    scope = scope_of(request)
    if scope.person_id is None:
        raise PermissionDenied(_("Only people of the roster log activities. Your account is not linked to one."))
    return _page(request, scope, _person(scope, scope.person_id))


@require_GET
def person_ledgers(request: HttpRequest, pk: int) -> HttpResponse:
    """Hours of a person by ledger; `?ledger=` opens the rows of one, `?year=` another calendar or academic year."""
    scope = scope_of(request)
    return _page(request, scope, _person(scope, pk))


@require_GET
def person_ledgers_print(request: HttpRequest, pk: int) -> HttpResponse:
    """The personal record of a year on paper: every row once, who confirmed it, totals by ledger."""
    scope = scope_of(request)
    person = _person(scope, pk)
    period, _periods = _period(request, scope)
    rows = ledgers.counted(_entries(scope, person), period)
    found = ledgers.totals(rows)
    lines = [
        {"entry": entry, "ledgers": ledgers.ledgers_of(entry)}
        for entry in ledgers.with_ledgers(rows).with_names().order_by("on", "pk")
    ]
    totals = [
        {"label": figure.ledger.label, "hours": ledgers.hours_words(figure.minutes), "count": figure.count}
        for figure in ledgers.figures(found, ledgers.training_goal(person, period, timezone.localdate()))
    ]
    context = {
        "person": person, "period": period, "lines": lines, "totals": totals, "all_hours": ledgers.hours_words(found[""][0]),
        "all_count": found[""][1], "today": timezone.localdate(),
        "back": f"{reverse('person_ledgers', args=[pk])}?year={period.key}",
    }  # fmt: skip
    return render(request, "activities/ledger_print.html", context)


@require_GET
def person_certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """The lectures a person gave, each with the League branches that heard it and who confirmed it; `?year=` limits it."""
    scope = scope_of(request)
    person = _person(scope, pk)
    entries = _entries(scope, person).confirmed().filter(purpose=LogPurpose.LECTURE).with_lecture_answers()
    period = _period(request, scope)[0] if request.GET.get("year") else None
    if period is not None:
        entries = ledgers.counted(entries, period)
    rows = list(entries.order_by("on", "pk"))
    context = {
        "person": person, "rows": rows, "period": period, "hours": ledgers.hours_words(sum(row.minutes for row in rows)),
        "today": timezone.localdate(),
        "back": reverse("person_ledgers", args=[pk]),
    }  # fmt: skip
    return render(request, "activities/lecture_certificate.html", context)


def _person(scope: Scope, pk: int) -> Person:
    people = Person.objects.visible_to(scope).select_related("party_branch", "school_class")
    person: Person = get_visible_or_404(people.prefetch_related("school_class__league_branches"), pk=pk)
    if not ledgers.may_see_ledgers(person, scope):
        raise PermissionDenied(_("Hours are for the person, the committee of the branch and the department."))
    return person


def _entries(scope: Scope, person: Person) -> Any:
    return LogEntry.objects.visible_to(scope).filter(person=person)


def _period(request: HttpRequest, scope: Scope) -> tuple[ledgers.Period, list[ledgers.Period]]:
    today = timezone.localdate()
    years = list(AcademicYear.objects.visible_to(scope))
    period = ledgers.period_of(request.GET.get("year", "")[:9], today, years)
    offered = ledgers.periods_on(today, years)
    return period, offered if period in offered else [*offered, period]


def _page(request: HttpRequest, scope: Scope, person: Person) -> HttpResponse:
    period, periods = _period(request, scope)
    rows = ledgers.counted(_entries(scope, person), period)
    found = ledgers.totals(rows)
    goal = ledgers.training_goal(person, period, timezone.localdate())
    address = reverse("person_ledgers", args=[person.pk])
    chosen = ledgers.BY_KEY.get(request.GET.get("ledger", ""))
    shown = ledgers.in_ledger(rows, chosen.key if chosen else "")
    page = Paginator(ledgers.with_ledgers(shown).with_names(), PAGE).get_page(request.GET.get("page"))
    lines = [{"entry": entry, "ledgers": ledgers.ledgers_of(entry)} for entry in page.object_list]
    minutes, count = found[chosen.key if chosen else ""]
    context = {
        "person": person, "is_own": person.pk == scope.person_id, "period": period, "periods": periods, "page": page,
        "lines": lines, "chosen": chosen, "hours": ledgers.hours_words(minutes), "count": count, "address": address,
        "stats": ledgers.stats(ledgers.figures(found, goal), address=address, query=f"year={period.key}"),
        "all_hours": ledgers.hours_words(found[""][0]), "all_count": found[""][1],
    }  # fmt: skip
    return render(request, "activities/ledgers.html", context)
