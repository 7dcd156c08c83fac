"""What every page's frame shows: the college, the navigation of this person, the bell."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from .registries import frame_counts, navigation
from .requests import scope_of


def college() -> dict[str, Any]:
    """Whose portal this is; from the settings, so that error pages can show it without a database."""
    return {
        "college_name": settings.PORTAL_COLLEGE_NAME,
        "college_logo": settings.PORTAL_LOGO,
        "contact": settings.PORTAL_CONTACT,
        "icp_number": settings.PORTAL_ICP_NUMBER,
        "demo_mode": settings.PORTAL_DEMO,
    }


def frame(request: HttpRequest) -> dict[str, Any]:
    context = college()
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/admin/"):
        return context
    scope = scope_of(request)
    entries = [entry for entry in navigation if scope.has(*entry.roles)]
    # The workbench's "/" is the start of every address: it is current only on itself.
    prefixes = [entry.prefix for entry in entries if request.path.startswith(entry.prefix)]
    current = max((prefix for prefix in prefixes if prefix != "/" or request.path == "/"), key=len, default=None)
    context["navigation"] = [{"entry": entry, "is_current": entry.prefix == current} for entry in entries]
    context["frame_counts"] = {key: frame_counts.get(key)(user.pk) for key in frame_counts.keys()}
    context["scope"] = scope
    return context
