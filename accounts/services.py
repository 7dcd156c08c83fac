"""Accounts open, close and change here; each function is one transaction and leaves its line in the trail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models.functions import Upper
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused

from .addresses import HasMeta, client_ip
from .codes import code_hash, new_code, typed_code, typed_number
from .models import ActivationCode, AuditAction, AuditEvent, PreviousPassword, User


@dataclass(frozen=True)
class IssuedCode:
    """A code in clear, for the one page that prints it. It is stored nowhere."""

    user: User
    code: str
    expires_at: datetime


def record_audit(
    *,
    action: str,
    user: User | None,
    now: datetime,
    request: HasMeta | None = None,
    ip: str | None = None,
    object_type: str = "",
    object_id: object = "",
    succeeded: bool = True,
    detail: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add one line to the trail. `user` is who acted; `detail` holds counts, hashes and names of columns, never data."""
    return AuditEvent.objects.create(
        at=now,
        user=user,
        action=action,
        ip_address=client_ip(request) if request is not None else ip,
        object_type=object_type,
        object_id=str(object_id)[:64],
        succeeded=succeeded,
        detail=detail or {},
    )


@transaction.atomic
def create_accounts(*, names: Sequence[tuple[str, str]]) -> list[User]:
    """An account a (number, name), in that order; who has one keeps it as it is. New ones cannot sign in before activation.

    Numbers that differ in capitals only are one account. Raises `ValidationError` for a number that cannot be one.
    """
    wanted = [(typed_number(number), name.strip()[:50]) for number, name in names]
    keys = {number.upper() for number, _name in wanted}
    known = {user.username.upper(): user for user in User.objects.annotate(key=Upper("username")).filter(key__in=keys)}
    fresh = {number.upper(): (number, name) for number, name in wanted if number.upper() not in known}
    rows = [User(username=number, display_name=name, password=make_password(None)) for number, name in fresh.values()]
    for row in rows:
        row.clean_fields(exclude=["password"])
    User.objects.bulk_create(rows, batch_size=500)
    known |= {row.username.upper(): row for row in rows}
    return [known[number.upper()] for number, _name in wanted]


def create_account(*, number: str, name: str) -> User:
    """The account of this number, made with an unusable password if there is none yet."""
    return create_accounts(names=[(number, name)])[0]


def number_is_taken(number: str) -> bool:
    """True when an account has this number, however it is capitalised."""
    return User.objects.filter(username__iexact=typed_number(number)).exists()


@transaction.atomic
def save_account(
    *, user: User, fields: Sequence[str], by: User | None, now: datetime, request: HasMeta | None = None
) -> User:
    """Write the named columns of an account; the trail names the columns, not their contents."""
    if fields:
        user.save(update_fields=list(fields))
        record_audit(
            action=AuditAction.SET_UP, user=by, now=now, request=request, object_type="user", object_id=user.pk,
            detail={"columns": sorted(fields)},
        )  # fmt: skip
    return user


@transaction.atomic
def issue_codes(
    *, users: Iterable[User], issued_by: User | None, now: datetime, request: HasMeta | None = None
) -> list[IssuedCode]:
    """A fresh code for each user, valid `ACTIVATION_CODE_DAYS`; codes given out before stop working.

    Users are locked in one order, so that two people who issue at once leave one open code each, never an error.
    """
    ids = sorted({user.pk for user in users})
    rows = list(User.objects.select_for_update().filter(pk__in=ids, is_active=True).order_by("pk"))
    ActivationCode.objects.filter(user__in=rows, used_at=None, revoked_at=None).update(revoked_at=now)
    expires_at = now + timedelta(days=settings.ACTIVATION_CODE_DAYS)
    issued = [IssuedCode(user, new_code(), expires_at) for user in rows]
    ActivationCode.objects.bulk_create(
        [
            ActivationCode(
                user=item.user,
                code_hash=code_hash(item.code),
                issued_by=issued_by,
                issued_at=now,
                expires_at=expires_at,
            )
            for item in issued
        ],
        batch_size=500,
    )
    if issued:
        record_audit(
            action=AuditAction.CODES_ISSUED, user=issued_by, now=now, request=request, object_type="user",
            object_id=issued[0].user.pk if len(issued) == 1 else "",
            detail={"count": len(issued), "users": [item.user.pk for item in issued]},
        )  # fmt: skip
    return issued


@transaction.atomic
def activate(*, username: str, code: str, password: str, now: datetime, request: HasMeta | None = None) -> User:
    """Open the account with its one-time code and set the first password.

    Raises `Refused`, the same for an unknown number, a wrong, used, withdrawn or expired code and a closed account;
    `ValidationError` when the code is right and the password is not good enough (the code stays usable).
    Of two requests with the same code one wins: the update decides.
    """
    matching = ActivationCode.objects.open(now).filter(
        code_hash=code_hash(typed_code(code)), user__username__iexact=typed_number(username), user__is_active=True
    )
    row = matching.select_related("user").first()
    if row is None:
        raise Refused(not_valid_text())
    validate_password(password, row.user)
    if ActivationCode.objects.open(now).filter(pk=row.pk).update(used_at=now) != 1:
        raise Refused(not_valid_text())
    _set_password(row.user, password, now)
    record_audit(
        action=AuditAction.ACTIVATED, user=row.user, now=now, request=request, object_type="user", object_id=row.user.pk
    )
    return row.user


def not_valid_text() -> str:
    """One text for every way in which number and code do not open an account."""
    return _(
        "This number and this code open no account: one of them is mistyped, or the code was used, replaced or has expired. "
        "Compare them with the slip, or ask your branch secretary or counsellor for a new one."
    )


@transaction.atomic
def change_password(*, user: User, password: str, now: datetime, request: HasMeta | None = None) -> User:
    """Set a password the validators accept (`ValidationError` otherwise). Every other session of the user ends."""
    row = User.objects.select_for_update().get(pk=user.pk)
    validate_password(password, row)
    _set_password(row, password, now)
    record_audit(
        action=AuditAction.PASSWORD_CHANGED, user=row, now=now, request=request, object_type="user", object_id=row.pk
    )
    return row


def password_guessed_too_often(*, user: User, now: datetime) -> bool:
    """Somebody at an open screen must not find the password by trying: so many wrong ones, as long as a lock lasts."""
    since = now - timedelta(hours=settings.AXES_COOLOFF_TIME)
    wrong = AuditEvent.objects.filter(
        user=user, action=AuditAction.PASSWORD_CHANGED, succeeded=False, at__gt=since, object_id=str(user.pk)
    )
    return wrong.count() >= settings.PASSWORD_CHANGE_FAILURES


def _set_password(user: User, password: str, now: datetime) -> None:
    if user.has_usable_password():
        PreviousPassword.objects.create(user=user, password=user.password, replaced_at=now)
        kept = user.previous_passwords.values("pk")[: settings.PASSWORD_HISTORY_LENGTH]
        user.previous_passwords.exclude(pk__in=[row["pk"] for row in kept]).delete()
    user.set_password(password)
    user.must_change_password = False
    user.password_changed_at = now
    user.save(update_fields=["password", "must_change_password", "password_changed_at"])


@transaction.atomic
def end_other_sessions(*, user: User, now: datetime, request: HasMeta | None = None) -> User:
    """Every session of the user ends; the caller renews the one in use (`update_session_auth_hash`)."""
    user.sessions_ended_at = now
    user.save(update_fields=["sessions_ended_at"])
    record_audit(
        action=AuditAction.SESSIONS_ENDED, user=user, now=now, request=request, object_type="user", object_id=user.pk
    )
    return user


@transaction.atomic
def reset_account(*, user: User, issued_by: User | None, now: datetime, request: HasMeta | None = None) -> IssuedCode:
    """The password is forgotten: it stops working at once, all sessions end, a code opens the account again."""
    row = User.objects.select_for_update().get(pk=user.pk)
    if not row.is_active:
        raise Refused(_("This account is closed. Reopen it first."))
    if row.is_demo:
        raise Refused(_("Demonstration accounts have no password to reset."))
    if row.has_usable_password():
        PreviousPassword.objects.create(user=row, password=row.password, replaced_at=now)
    row.set_unusable_password()
    row.must_change_password = False
    row.save(update_fields=["password", "must_change_password"])
    record_audit(
        action=AuditAction.RESET, user=issued_by, now=now, request=request, object_type="user", object_id=row.pk
    )
    return issue_codes(users=[row], issued_by=issued_by, now=now, request=request)[0]


def deactivate_users(*, users: Iterable[User], by: User | None, now: datetime, request: HasMeta | None = None) -> int:
    """Close accounts: no sign-in, no open session, no open code. Returns how many were open."""
    return _switch(users, False, AuditAction.CLOSED, by, now, request)


def reopen_users(*, users: Iterable[User], by: User | None, now: datetime, request: HasMeta | None = None) -> int:
    """Closed accounts open again, with the password they had."""
    return _switch(users, True, AuditAction.REOPENED, by, now, request)


@transaction.atomic
def _switch(
    users: Iterable[User], is_active: bool, action: str, by: User | None, now: datetime, request: HasMeta | None
) -> int:
    ids = sorted({user.pk for user in users})
    changing = User.objects.select_for_update().filter(pk__in=ids, is_active=not is_active).order_by("pk")
    changed = list(changing.values_list("pk", flat=True))
    User.objects.filter(pk__in=changed).update(is_active=is_active)
    ActivationCode.objects.filter(user__in=changed, used_at=None, revoked_at=None).update(revoked_at=now)
    ip = client_ip(request) if request is not None else None
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(at=now, user=by, action=action, ip_address=ip, object_type="user", object_id=str(pk))
            for pk in changed
        ],
        batch_size=500,
    )
    return len(changed)
