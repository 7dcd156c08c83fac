from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope

if TYPE_CHECKING:
    pass


class NoticeQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> NoticeQuerySet:
        """A notice is read by its recipient and nobody else."""
        return self.filter(user_id=scope.user_id or 0)

    def current(self, now: datetime | None = None) -> NoticeQuerySet:
        """What still asks for something: not fulfilled, not expired at `now` (this moment when not given)."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now or timezone.now()), obsolete_at=None)

    def unread(self, now: datetime | None = None) -> NoticeQuerySet:
        return self.current(now).filter(read_at=None)


class DeliveryQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> DeliveryQuerySet:
        return self if scope.has(Role.ADMINISTRATOR) else self.none()


class OwnChoiceQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> OwnChoiceQuerySet:
        """One's own choices; nobody else's business."""
        return self.filter(user_id=scope.user_id or 0)


class DigestQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> DigestQuerySet:
        return self.filter(user_id=scope.user_id or 0)


class RobotQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> RobotQuerySet:
        """Set up by administrators; staff see those of their own department."""
        if scope.has(Role.ADMINISTRATOR) or scope.college_staff:
            return self
        return self.filter(department_id__in=scope.department_ids)
