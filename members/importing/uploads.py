"""The uploaded file between preview and apply: one owner, half an hour, used once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from accounts.limits import UPLOADS, take_turn
from accounts.models import StoredUpload, User
from accounts.querysets import StoredUploadQuerySet
from pairing_portal.common.scope import Scope

# What rosters are kept as; every other import has a purpose of its own, and neither takes the other's files.
PURPOSE = "roster"
LIFE = timedelta(minutes=30)


def too_many_uploads(user: User, now: datetime) -> bool:
    """Imports are heavy: True when this one is over the hour's limit. Ask once a request, it is counted by asking."""
    return take_turn(limit=UPLOADS, user=user, now=now) > 0


def keep_upload(
    *, name: str, data: bytes, owner: User, parameters: dict[str, Any], now: datetime, purpose: str = PURPOSE
) -> StoredUpload:
    return StoredUpload.objects.create(
        token=secrets.token_urlsafe(32), owner=owner, purpose=purpose, name=name[:200], sha256=hashlib.sha256(data).hexdigest(),
        content=data, parameters=parameters, created_at=now, expires_at=now + LIFE,
    )  # fmt: skip


def open_uploads(scope: Scope, now: datetime, purpose: str = PURPOSE) -> StoredUploadQuerySet:
    """The user's own files of one kind of import that may still be confirmed."""
    uploads: StoredUploadQuerySet = StoredUpload.objects.visible_to(scope).open(now).filter(purpose=purpose)
    return uploads


def claim_upload(upload: StoredUpload, now: datetime) -> bool:
    """True for exactly one of those who confirm the same upload at once."""
    return StoredUpload.objects.open(now).filter(pk=upload.pk).update(used_at=now) == 1


def release_upload(upload: StoredUpload) -> None:
    """Nothing was applied: the upload may be confirmed again."""
    StoredUpload.objects.filter(pk=upload.pk).update(used_at=None)


def discard_upload(upload: StoredUpload) -> None:
    """The file has served; its personal data go."""
    StoredUpload.objects.filter(pk=upload.pk).update(content=b"")


def discard_expired(now: datetime) -> int:
    """Delete uploads past their time, whatever import they were for. Called once a day."""
    return StoredUpload.objects.filter(expires_at__lt=now).delete()[0]
