"""The calendar as data, for its month and week view."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pairing_portal.common.problems import Refused
from pairing_portal.common.requests import scope_of

from .agenda import gather, marks_of, special_days
from .agenda_choice import asked_choice
from .calendar_events import as_background, as_event, asked_span


@require_GET
def calendar_entries(request: HttpRequest) -> HttpResponse:
    """What the user may see between `start` and `end`, filtered as the page is; 400 in words for what cannot be read."""
    try:
        first, last = asked_span(request.GET, timezone.localdate())
        choice = asked_choice(request.GET)
    except Refused as refusal:
        return JsonResponse({"words": refusal.text}, status=400)
    lines = gather(scope_of(request), first, last, choice.kind)
    return JsonResponse(
        {
            "events": [as_event(line) for line in lines if choice.takes(line)],
            "days": [as_background(mark) for mark in marks_of(special_days(first, last))],
        }
    )
