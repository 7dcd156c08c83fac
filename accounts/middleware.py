"""Limits of a session, and the one page open to somebody who must choose a new password."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import User

GetResponse = Callable[[HttpRequest], HttpResponse]
STARTED, SEEN = "session_started", "session_seen"
SEEN_EVERY_SECONDS = 60


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Every address needs sign-in unless listed. A page's fragment asked for by htmx gets a word to the browser, not the
    sign-in page inside the page."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseBase:
        if not request.headers.get("HX-Request"):
            return super().handle_no_permission(request, view_func)
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        target = f"{shown.path}?{shown.query}" if shown.query else shown.path
        address = f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': target or '/'})}"
        return HttpResponse(status=401, headers={"HX-Redirect": address})


class SessionLimitsMiddleware:
    """Idle for too long, or signed in for too long: sign in again (RULES.md 3.2)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            started = request.session.setdefault(STARTED, now)
            if now - started > settings.SESSION_ABSOLUTE_SECONDS:
                logout(request)
                messages.info(request, _("You were signed in for a long time. Please sign in again."))
                return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))
            # A write a minute keeps the idle clock, not a write a page.
            if now - request.session.get(SEEN, 0) >= SEEN_EVERY_SECONDS:
                request.session[SEEN] = now
        return self.get_response(request)


class PasswordChangeMiddleware:
    """Whoever must change the password sees that page first; demonstration accounts never must."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and self._must_change(user) and not self._is_open(request.path):
            return redirect("account_change_password")
        return self.get_response(request)

    def _must_change(self, user: User) -> bool:
        if user.is_demo and settings.PORTAL_DEMO:
            return False
        if user.must_change_password:
            return True
        days = settings.PASSWORD_MAX_AGE_DAYS
        changed_at = user.password_changed_at
        return bool(days and changed_at and changed_at < timezone.now() - timedelta(days=days))

    def _is_open(self, path: str) -> bool:
        allowed = {reverse("account_change_password"), reverse("account_logout"), reverse("set_language")}
        return path in allowed or path.startswith(f"/{settings.STATIC_URL.strip('/')}/")
