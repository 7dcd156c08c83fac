"""Where a request comes from, when proxies stand in between."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Protocol

from django.conf import settings


class HasMeta(Protocol):
    """Anything with a WSGI environment: Django's request."""

    META: Mapping[str, Any]


def client_ip(request: HasMeta) -> str | None:
    """The client's address, or None when it is unknown (a socket, a test without one).

    `TRUSTED_PROXY_COUNT` proxies of ours each appended the address they saw to X-Forwarded-For, so the client stands that
    many places from the right; what a client wrote further left is never believed. Without proxies the header is ignored.
    """
    proxies = int(settings.TRUSTED_PROXY_COUNT)
    if proxies:
        hops = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", proxies)[-proxies:]
        if len(hops) == proxies and (address := _readable(hops[0].rsplit(",", 1)[-1])):
            return address
    return _readable(str(request.META.get("REMOTE_ADDR", "")))


def _readable(text: str) -> str | None:
    text = text.strip()[:64]
    if text.startswith("["):  # [2001:db8::1]:443
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:443
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None
