"""One lockout for signing in and for activation codes: axes counts, this says how (RULES.md 3.2, SAFETY.md 8).

Five failures in ten minutes lock an account for one address; a hundred failures or fifty accounts in an hour lock the address.
Attempts that were refused unread do not count, so that a lock ends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from .codes import account_key, typed_number
from .models import AuditAction, AuditEvent, User
from .services import record_audit

HOUR = timedelta(hours=1)
# One line a lock in the trail, however often somebody tries meanwhile.
LOCK_SAID_ONCE_IN = timedelta(minutes=10)


def attempted_number(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str | None:
    """The number somebody tried, one spelling an account: capitals, plain digits, no blanks."""
    given = credentials or {}
    typed = given.get("username") or given.get("login") or (request.POST.get("login") if request is not None else "")
    return typed_number(str(typed)).upper()[:255] if typed else None


class PortalAxesHandler(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """Axes' counting in the database, with the limits of an address and our trail."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        return bool(super().is_locked(request, credentials)) or address_is_exhausted(request.axes_ip_address)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        if request is None:  # a command or a test, not somebody at a form
            return
        was_refused_unread = request.axes_locked_out
        super().user_login_failed(sender, credentials, request, **kwargs)
        number = attempted_number(request, credentials) or ""
        if not was_refused_unread:
            _record(AuditAction.SIGN_IN_FAILED, number, request)
        if request.axes_locked_out and not _lock_was_said(number, request):
            _record(AuditAction.LOCKED_OUT, number, request)


def address_is_exhausted(ip: str | None) -> bool:
    """True after too many failures, or failures on too many accounts, from one address within an hour."""
    if not ip:
        return False
    failures = AuditEvent.objects.filter(
        action=AuditAction.SIGN_IN_FAILED, ip_address=ip, at__gt=timezone.now() - HOUR, object_type="account"
    )
    if failures.count() >= settings.SIGN_IN_FAILURES_PER_ADDRESS:
        return True
    return failures.values("object_id").distinct().order_by().count() >= settings.SIGN_IN_ACCOUNTS_PER_ADDRESS


def refused_unread(request: HttpRequest, number: str) -> bool:
    """For a form that is not axes' own: True when the attempt must not even be looked at."""
    credentials = {"username": number}
    if AxesProxyHandler.is_allowed(request, credentials):
        return False
    request.axes_locked_out = True  # type: ignore[attr-defined]  # what axes' middleware reads
    count_failure(request, number)
    return True


def count_failure(request: HttpRequest, number: str) -> None:
    """Count a failed attempt the way a failed sign-in is counted."""
    user_login_failed.send(sender=__name__, credentials={"username": number}, request=request)


def _record(action: str, number: str, request: HttpRequest) -> None:
    record_audit(
        action=action,
        user=User.objects.filter(username__iexact=number).first() if number else None,
        now=timezone.now(),
        request=request,
        object_type="account",
        object_id=account_key(number),
        succeeded=False,
    )


def _lock_was_said(number: str, request: HttpRequest) -> bool:
    return AuditEvent.objects.filter(
        action=AuditAction.LOCKED_OUT,
        at__gt=timezone.now() - LOCK_SAID_ONCE_IN,
        object_id=account_key(number),
        ip_address=request.axes_ip_address,  # type: ignore[attr-defined]  # set by axes
    ).exists()
