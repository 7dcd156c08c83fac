"""Goals, milestones of League branches and observations on the calendar of who has to do with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from pairing_portal.common.registries import CalendarEntry
from pairing_portal.common.scope import Scope

from .models import LeagueMilestone, MentoringGoal, ObservationKind
from .notices_work import goals_page
from .observations import due_rows
from .tiers import LinkState


def goals(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Agreed goals of one's own running links that are still open, on their day; for the two alone."""
    if scope.person_id is None:
        return
    today = timezone.localdate()
    due: Any = MentoringGoal.objects.changeable_by(scope).open().agreed().filter(due_on__range=(first, last))
    running = due.filter(mentorship__state=LinkState.ACTIVE).select_related("mentorship__mentor", "mentorship__mentee")
    for goal in running.order_by("due_on", "pk"):
        yield CalendarEntry(
            on=goal.due_on, title=goal.what, kind="goal", icon="flag",
            note=_joined([_("overdue") if goal.due_on < today else "", goal.mentorship.other(scope.person_id).name]),
            url=f"{goals_page(goal.mentorship_id)}#goal-{goal.pk}",
        )  # fmt: skip


def milestones(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Open milestones of the League branches one leads, guides or answers for."""
    today = timezone.localdate()
    due: Any = LeagueMilestone.objects.changeable_by(scope).open().filter(due_on__range=(first, last))
    for milestone in due.select_related("plan__league_branch").order_by("due_on", "pk"):
        branch = milestone.plan.league_branch
        yield CalendarEntry(
            on=milestone.due_on, title=milestone.what, kind="league_milestone", icon="flag",
            note=_joined([_("overdue") if milestone.due_on < today else "", branch.name]),
            url=f"{reverse('mentoring_league', args=[branch.pk])}#milestone-{milestone.pk}",
        )  # fmt: skip


def observations(scope: Scope, first: date, last: date) -> Iterator[CalendarEntry]:
    """Records the user has to write, on the day they are due."""
    if scope.person_id is None and not scope.managed_branch_ids:
        return
    for row in due_rows(scope, timezone.localdate(), own_only=True):
        if not row.may_write or not first <= row.next.due_on <= last:
            continue
        if row.kind == ObservationKind.CONTACT:
            words, url = (
                _("Contact's record: %(name)s"),
                reverse("mentoring_observe", args=[row.link.pk if row.link else 0]),
            )
        else:
            words, url = _("Half-year review: %(name)s"), reverse("mentoring_review", args=[row.person.pk])
        yield CalendarEntry(
            on=row.next.due_on, title=words % {"name": row.person.name}, kind="observation", icon="journal-text", url=url,
            note=_("overdue") if row.next.due_on < timezone.localdate() else "",
        )  # fmt: skip


def _joined(parts: list[str]) -> str:
    return " · ".join(part for part in parts if part)
