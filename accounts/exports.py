"""Every export of personal data goes out by one door: limited, with who, when and what for in the file, and a line in the trail
(RULES.md P7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from pairing_portal.common.downloads import download, workbook
from pairing_portal.common.errors import too_many_requests
from pairing_portal.common.spreadsheets import SheetSpec

from .limits import EXPORTS, said_too_often, take_turn
from .models import AuditAction, User
from .services import record_audit

PURPOSE_LENGTH = 100
Notes = list[tuple[str, str]]


def typed_purpose(request: HttpRequest) -> str:
    """What somebody wrote the export is for, "" for nothing."""
    return request.POST.get("purpose", "").replace("\x00", "").strip()[:PURPOSE_LENGTH]


def export_workbook(
    request: HttpRequest,
    *,
    by: User,
    sheets: Callable[[Notes], Sequence[SheetSpec]],
    name: str,
    kind: str,
    key: object,
    purpose: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The workbook that `sheets` makes with the notes given to it, or 429 when somebody exports too often.

    `kind` and `key` name in the trail what was exported; `detail` counts, never the data themselves.
    """
    refusal = _too_often(request, by, now)
    if refusal is not None:
        return refusal
    notes = [
        (_("made by"), str(by)), (_("made at"), f"{timezone.localtime(now):%Y-%m-%d %H:%M}"), (_("purpose"), purpose),
    ]  # fmt: skip
    response = workbook(sheets(notes), name)
    _write_down(request, by, kind, key, {"purpose": purpose, "format": "xlsx", **(detail or {})}, now)
    return response


def export_file(
    request: HttpRequest,
    *,
    by: User,
    make: Callable[[], bytes],
    name: str,
    content_type: str,
    kind: str,
    key: object,
    purpose: str,
    now: datetime,
) -> HttpResponse:
    """As `export_workbook`, for a file that `make` writes itself. What `make` raises is passed on, and nothing is written down."""
    refusal = _too_often(request, by, now)
    if refusal is not None:
        return refusal
    content = make()
    _write_down(request, by, kind, key, {"purpose": purpose, "format": name.rsplit(".", 1)[-1]}, now)
    return download(content, name, content_type)


def _too_often(request: HttpRequest, by: User, now: datetime) -> HttpResponse | None:
    wait = take_turn(limit=EXPORTS, user=by, now=now)
    return too_many_requests(request, said_too_often(EXPORTS, now, wait), wait_seconds=wait) if wait else None


def _write_down(request: HttpRequest, by: User, kind: str, key: object, detail: dict[str, Any], now: datetime) -> None:
    record_audit(
        action=AuditAction.EXPORTED, user=by, request=request, object_type=kind, object_id=key, detail=detail, now=now
    )  # fmt: skip
