"""Dates with their teaching week."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone

from branches.calendar import Calendar

register = template.Library()


@register.filter
def week_date(value: date | datetime | None, calendar: Calendar) -> str:
    """`{{ lecture.on|week_date:calendar }}`: 2026年10月12日(第6教学周). The view loads the calendar once."""
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return calendar.label(value)
