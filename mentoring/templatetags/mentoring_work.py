"""Days and focus areas of shared work in templates, always as an icon and a word."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pairing_portal.common.templatetags.portal import state_badge

from ..tiers import FocusArea

register = template.Library()

SOON_DAYS = 7


@register.simple_tag
def day_badge(due_on: date, done_on: date | None = None) -> SafeString:
    """Done and when, days left, or overdue."""
    if done_on is not None:
        return state_badge("ok", f"{_('done')} {date_format(done_on, 'MONTH_DAY_FORMAT')}")
    days = (due_on - timezone.localdate()).days
    if days < 0:
        words = ngettext("overdue by %(count)d day", "overdue by %(count)d days", -days)
        return state_badge("late", words % {"count": -days})
    if days == 0:
        return state_badge("wait", _("due today"))
    words = ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}
    return state_badge("wait" if days <= SOON_DAYS else "neutral", words)


@register.filter
def area_names(values: list[str]) -> str:
    """Focus areas in words: 政治建设、安全教育."""
    labels = dict(FocusArea.choices)
    return "、".join(str(labels[value]) for value in values if value in labels)


@register.filter
def area_name(value: str) -> str:
    return area_names([value])
