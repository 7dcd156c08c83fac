"""Where the forms of goals go back to."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def back_to(request: HttpRequest, otherwise: str, anchor: str = "") -> str:
    """The page a form was sent from (field `back`, a path of this room), or `otherwise`."""
    wanted = request.POST.get("back", "") or request.GET.get("back", "")
    is_ours = wanted.startswith("/mentoring/") and url_has_allowed_host_and_scheme(wanted, None)
    return (wanted if is_ours else otherwise) + (f"#{anchor}" if anchor else "")
