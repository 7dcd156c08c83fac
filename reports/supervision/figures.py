"""The three weaknesses the people named who run this today, as three figures: rules covered, links with a talk, days to feedback."""

from __future__ import annotations

import statistics
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.models import LogEntry
from branches.policy import Policy
from evaluations.models import FeedbackExchange
from mentoring.health import health_of_links
from mentoring.models import Mentorship

from ..workbench_parts import Figure
from .coverage import covered

WEEKS_BACK: Final = timedelta(weeks=8)
A_DAY_IN_SECONDS: Final = 86400


def three_figures(branch_ids: Collection[int], today: date) -> list[Figure]:
    """Of the given branches. Each says in its hint how it is reckoned and leads to what is behind it."""
    return [_rules(), _talks(branch_ids, today), _days(branch_ids, today)]


def _rules() -> Figure:
    checked, known = covered()
    hint = _("rules of the rule table that the portal checks; the rest are listed too")
    return Figure(_("Rules checked"), f"{checked}/{known}", hint, reverse("supervision_rules"))


def _talks(branch_ids: Collection[int], today: date) -> Figure:
    policy = Policy()
    days = policy.number("talk_every_days", today)
    links = list(Mentorship.objects.running().filter(party_branch_id__in=branch_ids))
    health = health_of_links(links, today, policy)
    since = today - timedelta(days=days)
    talked = sum(1 for row in health.values() if row.talks.last_on is not None and row.talks.last_on >= since)
    share = f"{100 * talked / len(links):.0f}%" if links else "—"
    hint = ngettext(
        "%(talked)d of %(count)d running link with a confirmed talk in the last %(days)d days",
        "%(talked)d of %(count)d running links with a confirmed talk in the last %(days)d days",
        len(links),
    ) % {"talked": talked, "count": len(links), "days": days}
    return Figure(_("Links with a talk"), share, hint, reverse("mentoring_health"))


def _days(branch_ids: Collection[int], today: date) -> Figure:
    logs, exchanges = confirmation_days(branch_ids, today), feedback_days(branch_ids, today)
    value = f"{statistics.median(logs):.1f}" if logs else "—"
    hint = _("median days from the activity to its confirmation, last 8 weeks")
    if exchanges:
        hint += "; " + _("feedback of both sides after %(days)s days") % {"days": f"{statistics.median(exchanges):.1f}"}
    return Figure(_("Days to confirmed feedback"), value, hint, f"{reverse('supervision_list')}?rule=logs_waiting")


def confirmation_days(branch_ids: Collection[int], today: date) -> list[int]:
    """Days from the day of the activity to the confirmation of its entry, of entries confirmed in the last eight weeks."""
    rows = LogEntry.objects.confirmed().filter(
        person__party_branch_id__in=branch_ids, on__gt=today - WEEKS_BACK, on__lte=today, confirmed_at__isnull=False
    )
    return [
        max(0, (timezone.localdate(confirmed_at) - on).days)
        for on, confirmed_at in rows.order_by().values_list("on", "confirmed_at")
    ]


def feedback_days(branch_ids: Collection[int], today: date) -> list[float]:
    """Days from the opening of an exchange to the answer of the second side, of the last eight weeks."""
    near = Q(mentor__party_branch_id__in=branch_ids) | Q(mentee__party_branch_id__in=branch_ids)
    rows: Any = FeedbackExchange.objects.filter(near, revealed_at__isnull=False, called_off_at=None)
    recent = rows.filter(revealed_at__date__gt=today - WEEKS_BACK, revealed_at__date__lte=today)
    return [
        (revealed_at - opens_at).total_seconds() / A_DAY_IN_SECONDS
        for opens_at, revealed_at in recent.order_by().values_list("opens_at", "revealed_at")
    ]
