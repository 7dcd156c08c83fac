"""Where the files of exports lie: private, under names nobody can guess, until they expire."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

FOLDER: Final = "exports"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{20,60}\.[a-z]{3,4}")
# A file no row knows of is being written, or was left by somebody who died.
_LEFT_BEHIND_AFTER: Final = timedelta(hours=1)


def folder() -> Path:
    """The folder, made when it is missing; only this account reads it."""
    path = Path(settings.MEDIA_ROOT) / FOLDER
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def new_name(suffix: str) -> str:
    return f"{secrets.token_urlsafe(24)}.{suffix}"


def path_of(name: str) -> Path:
    """Where the file of this name lies. Raises ValueError for a name that leads elsewhere."""
    if not _NAME.fullmatch(name):
        raise ValueError("no name of an export")
    return folder() / name


def remove(name: str) -> None:
    """Delete the file; one that is gone already is no mistake."""
    if name:
        path_of(name).unlink(missing_ok=True)


def sweep(kept: Collection[str], now: datetime) -> int:
    """Delete what nobody knows of any more; returns how many files."""
    count = 0
    for path in folder().iterdir():
        if path.name not in kept and now.timestamp() - path.stat().st_mtime > _LEFT_BEHIND_AFTER.total_seconds():
            path.unlink(missing_ok=True)
            count += 1
    return count
