"""What the views of goals, observations and plans share: bound forms, refusals beside their field, where to go back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from pairing_portal.common.problems import Refused
from pairing_portal.common.toasts import say_done, say_refused


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


def back_to(request: HttpRequest, otherwise: str, anchor: str = "") -> str:
    """The page a form was sent from (field `back`, a path of this room), or `otherwise`."""
    wanted = request.POST.get("back", "") or request.GET.get("back", "")
    is_ours = wanted.startswith("/mentoring/") and url_has_allowed_host_and_scheme(wanted, None)
    return (wanted if is_ours else otherwise) + (f"#{anchor}" if anchor else "")
