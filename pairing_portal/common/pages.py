"""Pages that belong to no room."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is stored about people, who sees it, and their rights; readable before signing in."""
    return render(request, "privacy.html")
