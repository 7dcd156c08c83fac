"""The front page of the room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from pairing_portal.common.requests import scope_of

from .home import cards_for


@require_GET
def evaluations(request: HttpRequest) -> HttpResponse:
    """What waits for the reader, then what else the room holds for them."""
    cards = cards_for(scope_of(request), timezone.localdate())
    return render(request, "evaluations/home.html", {"cards": cards})
