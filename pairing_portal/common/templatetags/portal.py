"""Icons, states and times as every page shows them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pairing_portal.common.toasts import undo_address

register = template.Library()

STATE_ICONS = {
    "ok": "check-circle",
    "wait": "clock",
    "late": "exclamation-triangle",
    "exempt": "dash-circle",
    "honour": "award",
    "neutral": "info-circle",
}
MONTH_DAYS = 30


@register.simple_tag
def icon(name: str, label: Any = "", css: str = "") -> SafeString:
    """An icon of the sprite. Decoration unless `label` says what it means; `css` adds classes (`icon-large`)."""
    classes = f"icon {css}".strip()
    address = f"{static('icons.svg')}#{name}"
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, address)
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, address)


@register.simple_tag
def state_badge(kind: str, text: Any) -> SafeString:
    """A state as icon, word and colour. `kind`: ok, wait, late, exempt, honour or neutral (also for unknown ones)."""
    kind = kind if kind in STATE_ICONS else "neutral"
    return format_html('<span class="state state-{}">{}{}</span>', kind, icon(STATE_ICONS[kind]), text)


@register.filter
def ago(value: dt.datetime | dt.date | None) -> SafeString | str:
    """ "3 days ago" with the exact time on hover; days for a date, minutes for a moment; "" for nothing."""
    if value is None or value == "":
        return ""
    moment: dt.date
    if isinstance(value, dt.datetime):
        moment = timezone.localtime(value) if timezone.is_aware(value) else value
        words = _moment_in_words(moment, timezone.localtime() if timezone.is_aware(value) else dt.datetime.now())  # noqa: DTZ005  # a naive moment is compared with a naive now
        exact = date_format(moment, "DATETIME_FORMAT")
    else:
        moment = value
        words = _days_in_words(value, timezone.localdate())
        exact = date_format(value, "DATE_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words)


def _moment_in_words(moment: dt.datetime, now: dt.datetime) -> str:
    seconds = int((now - moment).total_seconds())
    if abs(seconds) >= 24 * 3600:
        return _days_in_words(moment.date(), now.date())
    minutes = abs(seconds) // 60
    if minutes == 0:
        return _("just now") if seconds >= 0 else _("in a moment")
    if minutes < 60:
        count = minutes
        past = ngettext("%(count)s minute ago", "%(count)s minutes ago", count)
        future = ngettext("in %(count)s minute", "in %(count)s minutes", count)
    else:
        count = minutes // 60
        past = ngettext("%(count)s hour ago", "%(count)s hours ago", count)
        future = ngettext("in %(count)s hour", "in %(count)s hours", count)
    return (past if seconds >= 0 else future) % {"count": count}


def _days_in_words(day: dt.date, today: dt.date) -> str:
    days = (today - day).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if days == -1:
        return _("tomorrow")
    if abs(days) > MONTH_DAYS:
        return date_format(day, "DATE_FORMAT")
    past = ngettext("%(count)s day ago", "%(count)s days ago", abs(days))
    future = ngettext("in %(count)s day", "in %(count)s days", abs(days))
    return (past if days > 0 else future) % {"count": abs(days)}


@register.filter
def undo(message: Any) -> str:
    """The address that takes back what a message tells of, or ""."""
    return undo_address(message.extra_tags)


@register.filter
def level_word(message: Any) -> str:
    """The word beside a message's icon."""
    return {"success": _("Done"), "warning": _("Please note"), "error": _("Not done")}.get(
        message.level_tag, _("Information")
    )


@register.filter
def level_icon(message: Any) -> str:
    return {"success": "check-circle", "warning": "exclamation-triangle", "error": "exclamation-triangle"}.get(
        message.level_tag, "info-circle"
    )
