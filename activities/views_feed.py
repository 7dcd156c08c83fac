"""The calendar feed, and the page on which its secret address is made and withdrawn."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from members.access import scope_for
from pairing_portal.common.frame import college
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done

from . import feed
from .models import CalendarFeed


@login_not_required
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed behind a secret address; every other address is 404, withdrawn ones too."""
    found = feed.feed_of(token[:64])
    if found is None:
        raise Http404
    now = timezone.now()
    today = timezone.localdate(now)
    entries = feed.feed_entries(scope_for(found.user, today), today)
    name = _("%(college)s: calendar") % {"college": college()["college_name"] or _("Pairing portal")}
    body = feed.as_calendar(entries, name=name, address=request.build_absolute_uri("/").rstrip("/"), now=now)
    feed.note_reading(found, now=now)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response.headers["Cache-Control"] = "private, max-age=900"
    return response


@require_GET
@never_cache
def my_feed(request: HttpRequest) -> HttpResponse:
    """Is there an address, since when, when was it read; a fresh one is shown once, right after it was made."""
    scope = scope_of(request)
    token = request.session.pop("feed_token", "")
    page: dict[str, Any] = {
        "feed": CalendarFeed.objects.visible_to(scope).open().first(),
        "address": request.build_absolute_uri(reverse("calendar_feed", args=[token])) if token else "",
    }
    return render(request, "activities/feed.html", page)


@require_POST
def feed_open(request: HttpRequest) -> HttpResponse:
    request.session["feed_token"] = feed.open_feed(user=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
    return redirect("my_feed")


@require_POST
def feed_close(request: HttpRequest) -> HttpResponse:
    feed.close_feed(user=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
    say_done(request, _("The address no longer works. Calendars that use it will show an error."))
    return redirect("my_feed")
