"""The list behind the bell, and how one wants to be reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from branches.policy import Policy
from pairing_portal.common.doing import add_refusal, posted
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.registries import notice_kinds
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done

from . import services
from .contact_services import contact_choice_of, kinds_to_choose, save_contact_choice
from .forms import ContactForm
from .hours import SendingHours
from .models import MutedKind, Notice
from .outbox import kind_label

PAGE = 30


@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """What was said to me: by kind, the kind with the newest notice first; all of it, or what is unread."""
    mine = Notice.objects.visible_to(scope_of(request)).current()
    only_unread = request.GET.get("show") == "unread"
    notices = mine.filter(read_at=None) if only_unread else mine
    page = Paginator(notices.select_related("on_behalf_of"), PAGE).get_page(request.GET.get("page"))
    rows = [{"notice": notice, **_words(notice)} for notice in page]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["notice"].kind, []).append(row)
    context = {
        "page": page,
        "rows": rows,
        "groups": [{"label": kind_label(kind), "rows": found} for kind, found in groups.items()],
        "only_unread": only_unread,
        "unread": mine.filter(read_at=None).count(),
    }
    return render(request, "notifications/notice_list.html", context)


def _words(notice: Notice) -> dict[str, str]:
    if notice.kind not in notice_kinds:
        return {"title": notice.kind, "body": ""}
    kind = notice_kinds.get(notice.kind)
    try:
        title, body = kind.text(notice.subject)
    except (KeyError, ValueError):
        # Written by an older release: its label still says what it is about.
        title, body = str(kind.label), ""
    return {"title": title, "body": body}


@require_POST
def notice_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark as read and go to what it is about."""
    notice = get_visible_or_404(Notice.objects.visible_to(scope_of(request)), pk=pk)
    services.mark_read(user=cast(User, request.user), notice_ids=[notice.pk], now=timezone.now())
    target = notice.link if url_has_allowed_host_and_scheme(notice.link, allowed_hosts=None) else ""
    return redirect(target or reverse("notices"))


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    """Mark everything as read; the toast takes it back."""
    now = timezone.now()
    count = services.mark_read(user=cast(User, request.user), notice_ids=None, now=now)
    if count:
        words = ngettext("%(count)d notice marked as read.", "%(count)d notices marked as read.", count)
        undo = f"{reverse('notices_unread')}?{urlencode({'at': now.isoformat()})}"
        say_done(request, words % {"count": count}, undo_url=undo)
    return redirect("notices")


@require_POST
def notices_unread(request: HttpRequest) -> HttpResponse:
    """Take back what was marked as read a moment ago."""
    try:
        read_at = datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        read_at = None
    if read_at is not None and timezone.is_aware(read_at):
        count = services.mark_unread(user=cast(User, request.user), read_at=read_at, now=timezone.now())
        if count:
            words = ngettext("%(count)d notice is unread again.", "%(count)d notices are unread again.", count)
            say_done(request, words % {"count": count})
    return redirect("notices")


@require_http_methods(["GET", "HEAD", "POST"])
def notice_settings(request: HttpRequest) -> HttpResponse:
    """By e-mail, by WeCom, at what hour, and which kinds go outside."""
    user, scope, now = cast(User, request.user), scope_of(request), timezone.now()
    told = set(Notice.objects.visible_to(scope).order_by().values_list("kind", flat=True).distinct())
    kinds = sorted(kinds_to_choose(), key=lambda kind: str(kind.label))
    form = ContactForm(
        posted(request),
        choice=contact_choice_of(user),
        hours=SendingHours.in_force(Policy(), timezone.localdate(now)),
        received=[kind for kind in kinds if kind.kind in told],
        others=[kind for kind in kinds if kind.kind not in told],
        muted=set(MutedKind.objects.visible_to(scope).values_list("kind", flat=True)),
    )
    if form.is_bound and form.is_valid():
        try:
            save_contact_choice(user=user, now=now, **form.chosen())
        except Refused as refusal:
            add_refusal(form, refusal)
        else:
            say_done(request, _("Saved. In the portal everything still stands."))
            return redirect("notice_settings")
    context = {"form": form, "email": user.email}
    return render(request, "notifications/settings.html", context, status=400 if form.errors else 200)
