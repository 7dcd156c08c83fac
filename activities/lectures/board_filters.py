"""Declared filters of the quota board; nothing else answers. They stand in the address, and in words above the board."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import django_filters as filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.calendar import TermSpan
from branches.models import Department, LeagueBranch, PartyBranch, TermSeason
from pairing_portal.common.scope import Scope

from ..models import LectureDuty
from ..quota import WeekState
from ..words import SAID_WORD, STATE_WORDS

# A week that is unmet and of which somebody said why there was no lecture.
SAID = "said"
STATES = [(state.value, STATE_WORDS[state]) for state in WeekState if state != WeekState.NOT_OWED] + [(SAID, SAID_WORD)]


def term_key(term: TermSpan) -> str:
    return f"{term.academic_year_start}-{term.season}"


def term_label(term: TermSpan) -> str:
    return f"{term.academic_year_start}–{term.academic_year_start + 1} {TermSeason(term.season).label}"


class BoardFilter(filters.FilterSet):
    """Search, department, Party branch, grade, term; the state is that of the week in focus and the view applies it."""

    q = filters.CharFilter(label=_("League branch or speaker"), method="by_words", max_length=50)
    state = filters.ChoiceFilter(
        label=_("state of the week"), method="later", choices=STATES, empty_label=_("all states")
    )
    department = filters.ModelChoiceFilter(label=_("department"), queryset=None, empty_label=_("all departments"))
    party = filters.ModelChoiceFilter(
        label=_("Party branch"), field_name="party_branch", queryset=None, empty_label=_("all Party branches")
    )
    grade = filters.ChoiceFilter(label=_("enrolment year"), field_name="enrolment_year", empty_label=_("all years"))
    term = filters.ChoiceFilter(label=_("term"), method="later", empty_label=_("the newest"))
    week = filters.DateFilter(label=_("week of the board"), method="later")

    class Meta:
        model = LeagueBranch
        fields: list[str] = []

    def __init__(self, *args: Any, scope: Scope, terms: Sequence[TermSpan], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.today = scope, today
        seen = self.queryset.order_by()
        departments = Department.objects.visible_to(scope).filter(pk__in=seen.values("department_id"))
        self.filters["department"].queryset = departments
        party = PartyBranch.objects.visible_to(scope).filter(pk__in=seen.values("party_branch_id"))
        self.filters["party"].queryset = party
        grades = seen.values_list("enrolment_year", flat=True).distinct().order_by("-enrolment_year")
        self.filters["grade"].extra["choices"] = [(str(year), str(year)) for year in grades]
        self.filters["term"].extra["choices"] = [(term_key(term), term_label(term)) for term in terms]

    def by_words(self, rows: Any, name: str, value: str) -> Any:
        """The name of the League branch, of its class, or of somebody who is responsible for its lectures today."""
        own = Q(name__icontains=value) | Q(school_class__name__icontains=value)
        duties = LectureDuty.objects.visible_to(self.scope).filter_active(self.today)
        responsible = duties.filter(person__name__icontains=value).values("league_branch_id")
        return rows.filter(own | Q(pk__in=responsible))

    def later(self, rows: Any, name: str, value: Any) -> Any:
        """Not a condition of the League branch alone: the view looks at it."""
        return rows

    @property
    def is_narrowed(self) -> bool:
        """Something was asked for that leads past the departments to their League branches."""
        data = self.form.cleaned_data
        return any(data.get(name) for name in ("q", "state", "department", "party", "grade"))

    def in_words(self) -> list[str]:
        """What is filtered: 土木系 · 2026 · 进行中."""
        if not self.form.is_valid():
            return []
        data = self.form.cleaned_data
        words = [str(data[name]) for name in ("department", "party", "grade") if data.get(name)]
        if data.get("state"):
            words.append(str(dict(STATES)[data["state"]]))
        return words + ([f"“{data['q']}”"] if data.get("q") else [])
