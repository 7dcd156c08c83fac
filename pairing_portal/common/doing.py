"""What views of every room share: do one thing and say it, bind a form, put a refusal beside its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .problems import Refused
from .toasts import say_done, say_refused


def act(request: HttpRequest, deed: Callable[[], object], *, done: Any, back: str, undo_url: str = "") -> HttpResponse:
    """Do one thing and say it, or say why not; then go `back`."""
    try:
        deed()
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, done, undo_url=undo_url)
    return redirect(back)


def posted(request: HttpRequest) -> Any:
    """What a form is bound to: also a POST without a field shows what is missing."""
    return request.POST if request.method == "POST" else None


def add_refusal(form: Any, refusal: Refused) -> None:
    """Beside its field where the form has it, else on top."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
