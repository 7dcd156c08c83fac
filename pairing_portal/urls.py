"""Every address of the portal. Each stands in the role and address table of the tests."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from pairing_portal.common import errors, health, pages

urlpatterns = [
    path("", include("reports.urls")),
    path("accounts/", include("accounts.urls")),
    path("branches/", include("branches.urls")),
    path("members/", include("members.urls")),
    path("pairings/", include("pairings.urls")),
    path("mentoring/", include("mentoring.urls")),
    path("evaluations/", include("evaluations.urls")),
    path("", include("activities.urls")),
    path("notices/", include("notifications.urls")),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("privacy/", pages.privacy, name="privacy"),
    path("admin/", admin.site.urls),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
