"""Middleware that knows no room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant
from django_structlog.middlewares import RequestMiddleware

from .secret_ballots import UNLOGGED

GetResponse = Callable[[HttpRequest], HttpResponse]


class ChosenLanguageMiddleware:
    """Chinese, unless the person chose otherwise: the browser's own wish is not followed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = settings.LANGUAGE_CODE
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")[:20]
        if chosen:
            try:
                language = get_supported_language_variant(chosen)
            except LookupError:
                language = settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language() or language)
        return response


class PrivatePagesMiddleware:
    """Pages of a signed-in person are kept in no cache; the admin gets the one exception its scripts need."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")
        if request.path.startswith("/admin/"):
            # The names django-csp reads. Where a nonce stands, browsers ignore 'unsafe-inline': style-src is replaced.
            response._csp_update = {"script-src": [UNSAFE_EVAL]}  # type: ignore[attr-defined]  # of a queryset or row of ours
            response._csp_replace = {"style-src": [SELF, UNSAFE_INLINE]}  # type: ignore[attr-defined]  # of a queryset or row of ours
        if request.headers.get("HX-Request"):
            patch_vary_headers(response, ["HX-Request"])
        response.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
        return response


class RequestLogMiddleware(RequestMiddleware):
    """One line per request. The query string stays out of the log: searches carry names and numbers.

    Addresses of secret ballots leave no line: time and account would tell what the ballots do not.
    """

    def __call__(self, request: HttpRequest) -> Any:
        if UNLOGGED.match(request.path):
            structlog.contextvars.clear_contextvars()
            return self.get_response(request)
        return super().__call__(request)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"
