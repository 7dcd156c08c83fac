from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope

if TYPE_CHECKING:
    pass


class NoticeQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> NoticeQuerySet:
        """A notice is read by its recipient and nobody else."""
        return self.filter(user_id=scope.user_id or 0)

    def current(self) -> NoticeQuerySet:
        return self.filter(obsolete_at=None)

    def unread(self) -> NoticeQuerySet:
        return self.current().filter(read_at=None)


class DeliveryQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> DeliveryQuerySet:
        return self if scope.has(Role.ADMINISTRATOR) else self.none()
