"""A file made for somebody: an attachment with its name, kept by no browser and no proxy."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from .spreadsheets import SheetSpec, write_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(content: bytes, name: str, content_type: str = XLSX) -> HttpResponse:
    """The content as a file called `name`; a workbook when nothing else is said."""
    response = HttpResponse(content, content_type=content_type)
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def workbook(sheets: Sequence[SheetSpec], name: str) -> HttpResponse:
    """The sheets as a workbook called `name`."""
    buffer = BytesIO()
    write_xlsx(buffer, sheets)
    return download(buffer.getvalue(), name)
