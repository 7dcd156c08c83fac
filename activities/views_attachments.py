"""Attaching a file, removing it, and handing it to who may see what it hangs on."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_done, say_refused

from . import attachment_services as services
from .event_models import Activity
from .forms_records import AttachmentForm
from .models import LogEntry, TextbookChapter
from .record_models import Announcement, Attachment, AttachmentKind

# A file is opened by itself, whatever is in it: no script, no request, no form.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
def attachment(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file; strangers and vanished files are 404. Pictures are shown, documents are downloaded."""
    found = get_visible_or_404(Attachment.objects.visible_to(scope_of(request)), pk=pk)
    response: HttpResponseBase
    if settings.PROTECTED_MEDIA_PREFIX:
        response = HttpResponse(content_type=found.content_type)
        prefix = settings.PROTECTED_MEDIA_PREFIX.rstrip("/")
        response.headers["X-Accel-Redirect"] = f"{prefix}/{quote(found.file.name)}"
    else:
        try:
            response = FileResponse(found.file.open("rb"), content_type=found.content_type)
        except OSError as error:
            raise Http404 from error
    is_download = found.kind != AttachmentKind.IMAGE or "download" in request.GET
    response.headers["Content-Disposition"] = content_disposition_header(is_download, found.name) or "attachment"
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
def log_attach(request: HttpRequest, pk: int) -> HttpResponse:
    return _attach(request, get_visible_or_404(LogEntry.objects.visible_to(scope_of(request)), pk=pk))


@require_POST
def activity_attach(request: HttpRequest, pk: int) -> HttpResponse:
    return _attach(request, get_visible_or_404(Activity.objects.visible_to(scope_of(request)), pk=pk))


@require_POST
def announcement_attach(request: HttpRequest, pk: int) -> HttpResponse:
    return _attach(request, get_visible_or_404(Announcement.objects.visible_to(scope_of(request)), pk=pk))


@require_POST
def chapter_attach(request: HttpRequest, pk: int) -> HttpResponse:
    """Materials of a chapter, shared with everybody who lectures on it."""
    return _attach(request, get_visible_or_404(TextbookChapter.objects.visible_to(scope_of(request)), pk=pk))


def _attach(request: HttpRequest, target: Any) -> HttpResponse:
    """Refusals are a page of their own with the form, 409 when nothing is attached to it any more."""
    scope = scope_of(request)
    if not services.may_attach(target, scope):
        raise PermissionDenied(_("Files are attached by who wrote it."))
    form = AttachmentForm(request.POST, request.FILES)
    status = 409 if services.closed_words(target) else 400
    if form.is_valid():
        try:
            made = services.add_attachment(
                target=target, file=form.cleaned_data["file"], scope=scope, by=request.user, now=timezone.now()  # type: ignore[arg-type]  # signed in
            )  # fmt: skip
        except Refused as refusal:
            form.add_error("file", refusal)
        else:
            say_done(request, _("Attached: %(name)s") % {"name": made.name})
            return redirect(_address(target) + "#attachments")
    context = {"form": form, "back": _address(target), "is_closed": status == 409}
    return render(request, "activities/attachment_form.html", context, status=status)


def _address(target: Any) -> str:
    names = {
        LogEntry: "log_entry", Activity: "activity", Announcement: "announcement", TextbookChapter: "textbook_chapter",
    }  # fmt: skip
    return reverse(names[type(target)], args=[target.pk])


@require_POST
def attachment_remove(request: HttpRequest, pk: int) -> HttpResponse:
    scope = scope_of(request)
    rows = Attachment.objects.visible_to(scope).select_related("log_entry", "activity", "announcement", "chapter")
    found = get_visible_or_404(rows, pk=pk)
    target = services.target_of(found)
    if not services.may_attach(target, scope) or not services.may_remove(found, scope):
        raise PermissionDenied(_("Files are attached by who wrote it."))
    try:
        services.remove_attachment(attachment=found, scope=scope, now=timezone.now())
    except Refused as refusal:
        say_refused(request, refusal.text)
    else:
        say_done(request, _("Removed: %(name)s") % {"name": found.name})
    return redirect(_address(target) + "#attachments")
