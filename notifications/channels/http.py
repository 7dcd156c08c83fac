"""One question to a service outside, as JSON over TLS.

Only to the hosts of `settings.OUTGOING_HOSTS` (RULES.md P14); no redirect is followed, no proxy of the environment is asked, and
after `TIMEOUT_SECONDS` it is over, however slowly the other side drips. Addresses hold keys and tokens: neither they nor a
reply are ever quoted, in an exception or in the log.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from threading import Timer
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from .base import RateLimited, TryLater, Undeliverable

TIMEOUT_SECONDS = 5.0
REPLY_BYTES = 64 * 1024
# After HTTP 429 without a word on how long.
PAUSE = timedelta(minutes=1)


def ask(base: str, path: str, *, query: Mapping[str, str], payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """POST `payload` (GET without one) and return the reply, which is a JSON object with a whole number `errcode`.

    Raises `Undeliverable` for a 4xx and for a host that is not listed, `RateLimited` for 429, `TryLater` for everything else.
    """
    host = _listed_host(base)
    try:
        status, body = _exchange(host, f"{path}?{urlencode(query)}", payload)
    except (OSError, HTTPException, ValueError) as error:
        # From None: the chain would carry what was asked.
        raise TryLater(_("%(host)s did not answer (%(why)s)") % {"host": host, "why": type(error).__name__}) from None
    if status == 429:
        raise RateLimited(PAUSE)
    if 400 <= status < 500 and status != 408:
        raise Undeliverable(_("%(host)s refused (HTTP %(status)d)") % {"host": host, "status": status})
    if status != 200:
        raise TryLater(_("%(host)s answered HTTP %(status)d") % {"host": host, "status": status})
    return _read(host, body)


def _listed_host(base: str) -> str:
    """Host, and port if one is named, of an address that may be asked."""
    parts = urlsplit(base)
    if parts.scheme != "https" or parts.netloc not in settings.OUTGOING_HOSTS:
        raise Undeliverable(_("this host is not among those the portal may speak to"))
    return parts.netloc


def _exchange(host: str, target: str, payload: Mapping[str, Any] | None) -> tuple[int, bytes]:
    body = None if payload is None else json.dumps(payload, ensure_ascii=False).encode()
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}
    if body is not None:
        headers["Content-Type"] = "application/json; charset=utf-8"
    connection = HTTPSConnection(host, timeout=TIMEOUT_SECONDS, context=_trust())
    try:
        connection.connect()
        # The socket's own timeout begins again with every byte that comes.
        watchdog = Timer(TIMEOUT_SECONDS, _hang_up, [connection.sock])
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.request("GET" if body is None else "POST", target, body, headers)
            response = connection.getresponse()
            return response.status, _body(response)
        finally:
            watchdog.cancel()
    finally:
        connection.close()


def _body(response: HTTPResponse) -> bytes:
    """One byte more than allowed, so that too much is seen as such; of other answers than 200 nothing."""
    if response.status != 200:
        return b""
    body = response.read(REPLY_BYTES + 1)
    # Of a reply that ends too early the library says nothing when it is read in parts.
    if response.length and len(body) <= REPLY_BYTES:
        raise IncompleteRead(b"")
    return body


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _hang_up(plain: socket.socket) -> None:
    try:
        # Below TLS, whose own shutdown would wait for the other side.
        socket.socket.shutdown(plain, socket.SHUT_RDWR)
    except OSError:
        return


def _read(host: str, body: bytes) -> dict[str, Any]:
    rubbish = TryLater(_("%(host)s answered something that is not understood") % {"host": host})
    if len(body) > REPLY_BYTES:
        raise rubbish
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        raise rubbish from None
    if not isinstance(reply, dict) or type(reply.get("errcode")) is not int:
        raise rubbish
    return reply
