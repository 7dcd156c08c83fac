from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from django.contrib.auth.models import UserManager
from django.db import models

from pairing_portal.common.querysets import ScopedQuerySet
from pairing_portal.common.scope import Role, Scope

if TYPE_CHECKING:
    pass


class UserQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> UserQuerySet:
        """Accounts are set up by administrators; everybody else sees their own."""
        if scope.has(Role.ADMINISTRATOR):
            return self
        return self.filter(pk=scope.user_id or 0)

    def demonstration(self) -> UserQuerySet:
        return self.filter(is_demo=True, is_active=True)


class PortalUserManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # built at run time
    """Django's manager (create_user, create_superuser) over our queryset."""


class ActivationCodeQuerySet(models.QuerySet[Any]):
    def open(self, now: datetime) -> ActivationCodeQuerySet:
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=now)


class AuditEventQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> AuditEventQuerySet:
        if scope.has(Role.ADMINISTRATOR):
            return self
        return self.filter(user_id=scope.user_id or 0)

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("audit events are only ever added")

    def delete(self) -> NoReturn:
        raise TypeError("audit events are only ever added")


class StoredUploadQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, scope: Scope) -> StoredUploadQuerySet:
        """An upload belongs to who sent it, nobody else opens or applies it."""
        return self.filter(owner_id=scope.user_id or 0)

    def open(self, now: datetime) -> StoredUploadQuerySet:
        return self.filter(used_at=None, expires_at__gt=now)
