"""An uploaded file goes through the college's virus scanner where there is one: clamd, by its INSTREAM command."""

from __future__ import annotations

import logging
import socket
import struct
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused

# For each step of the talk; a scanner that takes longer counts as down.
SECONDS: Final = 10
PIECE: Final = 64 * 1024
ANSWER_AT_MOST: Final = 4096
logger = logging.getLogger(__name__)


class ScannerDown(Exception):
    """No answer, or one that says neither clean nor found."""


def refuse_infected(data: bytes) -> None:
    """Raises `Refused` for a file in which the scanner finds something, and with CLAMAV_REQUIRED when it does not answer.

    Without CLAMAV_ADDRESS nothing is scanned. Log lines name what was found, not the file.
    """
    if not settings.CLAMAV_ADDRESS:
        return
    try:
        found = scan(data, settings.CLAMAV_ADDRESS)
    except ScannerDown as error:
        if settings.CLAMAV_REQUIRED:
            logger.error("virus scanner down, upload refused: %s", error)
            words = _("The virus scanner does not answer, so no file is taken just now. Try again later.")
            raise Refused(words, field="file") from error
        logger.warning("virus scanner down, upload taken unscanned: %s", error)
        return
    if found:
        logger.warning("upload refused by the virus scanner: %s", found)
        raise Refused(_("The virus scanner found something harmful in this file. Do not open it."), field="file")


def scan(data: bytes, address: str) -> str:
    """What the scanner at `address` (host:port, or the path of a socket) finds, "" for nothing. Raises `ScannerDown`."""
    try:
        with _connected(address) as line:
            line.sendall(b"zINSTREAM\0")
            for start in range(0, len(data), PIECE):
                piece = data[start : start + PIECE]
                line.sendall(struct.pack(">I", len(piece)) + piece)
            line.sendall(struct.pack(">I", 0))
            answer = _answer(line)
    except OSError as error:
        raise ScannerDown(str(error)) from error
    if answer.endswith(" FOUND"):
        return answer.removeprefix("stream: ").removesuffix(" FOUND")
    if answer.endswith(": OK"):
        return ""
    raise ScannerDown(answer or "empty answer")


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(SECONDS)
        try:
            line.connect(address)
        except OSError:
            line.close()
            raise
        return line
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=SECONDS)


def _answer(line: socket.socket) -> str:
    """Up to the zero that ends it, or the end of the line."""
    kept = b""
    while b"\0" not in kept and len(kept) < ANSWER_AT_MOST:
        piece = line.recv(1024)
        if not piece:
            break
        kept += piece
    return kept.partition(b"\0")[0].decode("utf-8", "replace").strip()
