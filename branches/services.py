"""What is read and written about the organisation as a whole."""

from __future__ import annotations

from .calendar import Calendar, TermSpan
from .models import CalendarDay, Term


def load_calendar() -> Calendar:
    """The whole calendar in two queries."""
    terms = tuple(
        TermSpan(term.start_monday, term.teaching_weeks, term.exam_weeks, term.season, term.academic_year.start_year)
        for term in Term.objects.with_year().order_by("start_monday")
    )
    return Calendar(terms, dict(CalendarDay.objects.values_list("on", "kind")))
