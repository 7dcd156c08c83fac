"""Uploads that are too large stop early, before they fill memory or disk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _


class UploadTooLarge(RequestDataTooBig):
    """Its text is for people: the error page shows it."""


class SizeLimitHandler(FileUploadHandler):
    """Counts the bytes of all files of one request; DATA_UPLOAD_MAX_MEMORY_SIZE does not."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.seen = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.seen += len(raw_data)
        if self.seen > settings.MAX_UPLOAD_MB * 1024 * 1024:
            raise UploadTooLarge(
                _("The upload is larger than %(limit)s MB. Split it or remove pictures from it.")
                % {"limit": settings.MAX_UPLOAD_MB}
            )
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
