from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.limits import SEARCHES, take_turn
from pairing_portal.common.errors import too_many_requests
from pairing_portal.common.requests import scope_of

from . import search as searching
from .workbench import build_workbench


@require_GET
def workbench(request: HttpRequest) -> HttpResponse:
    """Each role's first page: what waits for me, what is late, how is it going."""
    scope = scope_of(request)
    return render(request, "reports/workbench.html", build_workbench(scope, timezone.localdate()))


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """People by name, pinyin or number; branches; pages."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:50]
    if words and (wait := take_turn(limit=SEARCHES, user=request.user, now=timezone.now())):  # type: ignore[arg-type]  # signed in
        said = _("You searched %(count)d times within a minute, which is the limit. Go on in %(seconds)d seconds.")
        return too_many_requests(request, said % {"count": SEARCHES.times, "seconds": wait}, wait_seconds=wait)
    results = searching.search(scope_of(request), words) if words else None
    return render(request, "reports/search.html", {"words": words, "results": results})
