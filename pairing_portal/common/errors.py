"""Error pages in the user's language, without a word about the program."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from .frame import college
from .problems import Refused
from .uploads import UploadTooLarge


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Rendered without the request: an error page asks neither the session nor the database for anything."""
    context = {"status": status, "title": title, "text": text, **college()}
    return HttpResponse(render_to_string("error.html", context), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, in the words of a `Refused`; 413 for what is larger than the portal reads."""
    if isinstance(exception, RequestDataTooBig):
        return _too_large(request, exception)
    words = exception.text if isinstance(exception, Refused) else ""
    return _page(
        request,
        400,
        _("This request could not be read"),
        words or _("Go back, check what was typed and send it again."),
    )


def _too_large(request: HttpRequest, exception: RequestDataTooBig) -> HttpResponse:
    words = str(exception) if isinstance(exception, UploadTooLarge) else _("Go back and send it in smaller parts.")
    return _page(request, 413, _("That is too much at once"), words)


def too_many_requests(request: HttpRequest, words: str, *, wait_seconds: int) -> HttpResponse:
    """429: somebody did something limited too often; `words` say when to go on."""
    response = _page(request, 429, _("Please wait a little"), words)
    response.headers["Retry-After"] = str(max(1, wait_seconds))
    return response


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = str(exception) if exception is not None and str(exception) else ""
    return _page(
        request,
        403,
        _("You may not do this"),
        reason or _("Your role does not include this. Ask the branch secretary or the department if it should."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request,
        404,
        _("There is no such page"),
        _("It does not exist, was moved, or is outside what you may see."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(
        request,
        500,
        _("Something went wrong on our side"),
        _("Nothing was changed. Try again in a minute; if it happens again, tell the contact below."),
    )


def csrf_failure(request: HttpRequest, reason: str = "", **kwargs: Any) -> HttpResponse:
    return _page(
        request,
        403,
        _("The form was open for too long"),
        _("Go back, reload the page and send the form again. What you typed is still in the form."),
    )
