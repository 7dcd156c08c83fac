"""Slips with activation codes, eight on an A4 page. Made on the answer to a POST and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from .codes import spoken
from .services import IssuedCode

SLIPS_A_PAGE = 8


def slip_page(
    request: HttpRequest,
    issued: Sequence[IssuedCode],
    *,
    back: str,
    places: dict[int, str] | None = None,
    skipped: Sequence[tuple[Any, Any]] = (),
) -> HttpResponse:
    """The printable page. `places` names class or branch by user id, `skipped` holds (who, why); `back` leads on.

    The QR code holds the address with the number, never the code: whoever photographs it has nothing.
    """
    address = request.build_absolute_uri(reverse("account_activate"))
    slips = [
        {
            "name": item.user.display_name,
            "number": item.user.username,
            "code": spoken(item.code),
            "place": (places or {}).get(item.user.pk, ""),
            "expires_at": item.expires_at,
            "qr": qr_code(f"{address}?{urlencode({'number': item.user.username})}"),
        }
        for item in issued
    ]
    pages = [slips[start : start + SLIPS_A_PAGE] for start in range(0, len(slips), SLIPS_A_PAGE)]
    context = {"pages": pages, "count": len(slips), "address": address, "skipped": skipped, "back": back}
    response = render(request, "accounts/slips.html", context)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def qr_code(text: str) -> SafeString:
    """Inline SVG; segno writes shapes and numbers only, never the text itself."""
    return mark_safe(segno.make(text, error="m").svg_inline(border=2, svgclass="qr", lineclass=None, omitsize=True))
