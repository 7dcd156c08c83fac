"""Days and sides of shared work in templates, always as an icon and a word."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import template
from django.forms import BoundField
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from members.models import Person
from pairing_portal.common.templatetags.portal import state_badge

from ..models import PairingTask, Side

register = template.Library()

SOON_DAYS = 7


@register.simple_tag
def due_badge(due_on: date | None, done_on: date | None = None, done_word: Any = "") -> SafeString:
    """Done and when, days left, overdue, or without a day. `done_word` replaces "done"."""
    if done_on is not None:
        return state_badge("ok", f"{done_word or _('done')} {date_format(done_on, 'MONTH_DAY_FORMAT')}")
    if due_on is None:
        return state_badge("neutral", _("no day set"))
    days = (due_on - timezone.localdate()).days
    if days < 0:
        words = ngettext("overdue by %(count)d day", "overdue by %(count)d days", -days)
        return state_badge("late", words % {"count": -days})
    if days == 0:
        return state_badge("wait", _("due today"))
    words = ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}
    return state_badge("wait" if days <= SOON_DAYS else "neutral", words)


@register.filter
def side_name(task: PairingTask) -> str:
    """The branch that does it, by its name."""
    if task.side == Side.BOTH:
        return str(_("both branches"))
    pairing = task.pairing
    return str(pairing.helping_branch.short_name if task.side == Side.HELPING else pairing.partner_branch.short_name)


@register.filter
def person_facts(person: Person) -> str:
    """What one branch may know of the other's people beside the name: class, major, stage."""
    parts = [person.school_class.name if person.school_class else "", person.major, str(person.get_stage_display())]
    return " · ".join(part for part in parts if part)


@register.filter
def choice_groups(field: BoundField) -> list[tuple[str, list[dict[str, Any]]]]:
    """The options of a field whose choices stand under headings: (heading, options)."""
    groups = field.field.widget.get_context(field.html_name, field.value(), {"id": field.auto_id})["widget"][
        "optgroups"
    ]
    return [(str(heading or ""), options) for heading, options, _index in groups]
