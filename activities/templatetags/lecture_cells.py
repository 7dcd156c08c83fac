"""The state of a week as icon and word: the same on the board, the week's page and the workbench."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from activities.quota import WeekStatus
from activities.words import SAID_ICON, STATE_BADGES, week_word
from pairing_portal.common.templatetags.portal import STATE_ICONS, icon

register = template.Library()


@register.simple_tag
def week_badge(status: WeekStatus) -> SafeString:
    """Icon, word and colour of a week. Weeks that are not met but have a reason carry an icon of their own."""
    kind = STATE_BADGES[status.state]
    sign = SAID_ICON if status.is_unmet_with_reason else STATE_ICONS[kind]
    return format_html('<span class="state state-{}">{}{}</span>', kind, icon(sign), week_word(status))
