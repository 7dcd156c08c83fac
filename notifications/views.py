from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.registries import notice_kinds
from pairing_portal.common.requests import scope_of

from . import services
from .models import Notice


@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    """What was said to me, newest first."""
    notices = Notice.objects.visible_to(scope_of(request)).current()
    page = Paginator(notices, 30).get_page(request.GET.get("page"))
    rows = [{"notice": notice, **_words(notice)} for notice in page]
    return render(request, "notifications/notice_list.html", {"page": page, "rows": rows})


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
    services.mark_read(user=notice.user, notice_ids=[notice.pk], now=timezone.now())
    target = notice.link if url_has_allowed_host_and_scheme(notice.link, allowed_hosts=None) else ""
    return redirect(target or reverse("notices"))


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    services.mark_read(user=request.user, notice_ids=None, now=timezone.now())  # type: ignore[arg-type]  # signed in
    return redirect("notices")
