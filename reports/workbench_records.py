"""What records put on the workbench: important announcements until they are read, minutes that are not written."""

from __future__ import annotations

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from activities.announcement_services import unread_important
from activities.minutes_services import due_on, without_minutes
from pairing_portal.common.scope import Scope

from .workbench_parts import Task


def record_tasks(scope: Scope) -> list[Task]:
    return [*_announcements(scope), *_minutes(scope)]


def _announcements(scope: Scope) -> list[Task]:
    if scope.person_id is None:
        return []
    found = unread_important(scope).order_by().aggregate(count=Count("pk"), oldest=Min("published_at"), one=Min("pk"))
    if not found["count"]:
        return []
    several = reverse("announcements") + "?show=unread"
    address = reverse("announcement", args=[found["one"]]) if found["count"] == 1 else several
    return [Task(_("Important announcements to read"), found["count"], address, "megaphone", found["oldest"])]


def _minutes(scope: Scope) -> list[Task]:
    """The oldest first: the link leads to it, and it is what can be late."""
    if not scope.managed_branch_ids:
        return []
    now = timezone.now()
    rows = without_minutes(now).run_by(scope).order_by("ends_at", "pk")
    first = rows.first()
    if first is None:
        return []
    is_late = due_on(first) < timezone.localdate(now)
    address = reverse("minutes", args=[first.pk])
    return [Task(_("Minutes to write"), rows.count(), address, "journal-text", first.ends_at, is_late)]
