"""Signing in and out leave a line in the trail (failures are counted and recorded in lockout.py)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from . import services
from .models import AuditAction, User


@receiver(user_logged_in, dispatch_uid="accounts.signed_in")
def signed_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    now = timezone.now()
    services.record_audit(action=AuditAction.SIGN_IN, user=user, now=now, request=request)
    if settings.SINGLE_ADMIN_SESSION and user.is_superuser:
        services.end_other_sessions(user=user, now=now, request=request)
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


@receiver(user_logged_out, dispatch_uid="accounts.signed_out")
def signed_out(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        services.record_audit(action=AuditAction.SIGN_OUT, user=user, now=timezone.now(), request=request)
