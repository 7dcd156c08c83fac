"""Announcements: the list, one of them, a new one, withdrawing."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from members.models import Person
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done, say_refused

from . import announcement_services as services
from .forms_records import AnnouncementForm
from .record_models import Announcement, ReadMark

PAGE = 20
NAMES_SHOWN = 300
NAMED = ("department", "party_branch", "league_branch", "published_by")


@require_GET
def announcements(request: HttpRequest) -> HttpResponse:
    """The newest first, with what is unread; `?show=unread` these alone."""
    scope = scope_of(request)
    mine = ReadMark.objects.visible_to(scope).filter(user_id=scope.user_id or 0, announcement=OuterRef("pk"))
    rows = Announcement.objects.visible_to(scope).select_related(*NAMED).annotate(is_read=Exists(mine))
    only_unread = request.GET.get("show") == "unread"
    if only_unread:
        rows = rows.filter(is_read=False, withdrawn_at=None)
    context = {
        "page": Paginator(rows.order_by("-published_at", "-pk"), PAGE).get_page(request.GET.get("page")),
        "only_unread": only_unread,
        "may_publish": services.may_publish(scope),
    }
    return render(request, "activities/announcement_list.html", context)


@require_GET
def announcement(request: HttpRequest, pk: int) -> HttpResponse:
    """The text; looking at it marks it as read. Who published sees who has read it and who has not."""
    scope = scope_of(request)
    found = get_visible_or_404(Announcement.objects.visible_to(scope).select_related(*NAMED), pk=pk)
    may_change = Announcement.objects.changeable_by(scope).filter(pk=pk).exists()
    if found.withdrawn_at is None:
        services.mark_read(announcement=found, user=request.user, now=timezone.now())  # type: ignore[arg-type]  # signed in
    context = {"announcement": found, "audience": services.audience_of(found), "may_change": may_change}
    if may_change:
        context |= _reading(found, scope)
    return render(request, "activities/announcement_detail.html", context)


def _reading(found: Announcement, scope: Scope) -> dict[str, Any]:
    """How many of those it is meant for have read it, and the names the publisher may see."""
    meant = services.readers(services.audience_of(found))
    read = ReadMark.objects.visible_to(scope).filter(announcement=found).values("user")
    people = Person.objects.visible_to(scope).filter(pk__in=meant.values("pk")).order_by("name_key", "pk")
    return {
        "meant": meant.count(),
        "read": meant.filter(user__in=read).count(),
        "readers": list(people.filter(user__in=read).values_list("name", flat=True)[:NAMES_SHOWN]),
        "missing": list(people.exclude(user__in=read).values_list("name", flat=True)[:NAMES_SHOWN]),
    }


@require_http_methods(["GET", "POST"])
def announcement_new(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    if not services.may_publish(scope):
        raise PermissionDenied(_("Announcements are published by secretaries and by the staff of the department."))
    form = AnnouncementForm(request.POST if request.method == "POST" else None, scope=scope)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.publish_announcement(
                **form.service_arguments(), scope=scope, by=request.user, now=timezone.now()  # type: ignore[arg-type]  # signed in
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
        else:
            words = _("Published. Everybody it is meant for is told once.")
            say_done(request, words, undo_url=reverse("announcement_withdraw", args=[made.pk]))
            return redirect("announcement", pk=made.pk)
    context = {"form": form, "back": reverse("announcements")}
    return render(request, "activities/announcement_form.html", context, status=400 if form.errors else 200)


def _changeable(request: HttpRequest, pk: int) -> tuple[Scope, Announcement]:
    scope = scope_of(request)
    found = get_visible_or_404(Announcement.objects.visible_to(scope), pk=pk)
    if not Announcement.objects.changeable_by(scope).filter(pk=pk).exists():
        raise PermissionDenied(_("Only who may publish to these people withdraws an announcement."))
    return scope, found


@require_POST
def announcement_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    scope, found = _changeable(request, pk)
    try:
        services.withdraw_announcement(announcement=found, scope=scope, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(
            request,
            _("Withdrawn: %(name)s") % {"name": found.title},
            undo_url=reverse("announcement_restore", args=[pk]),
        )
    return redirect("announcement", pk=pk)


@require_POST
def announcement_restore(request: HttpRequest, pk: int) -> HttpResponse:
    scope, found = _changeable(request, pk)
    try:
        services.restore_announcement(announcement=found, scope=scope, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("It stands again. Nobody was told twice."))
    return redirect("announcement", pk=pk)
