"""Links from Excel: choose the file, see what would change cell by cell, apply or not."""

from __future__ import annotations

import io
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import StoredUpload
from members.importing.uploads import (
    claim_upload,
    discard_upload,
    keep_upload,
    open_uploads,
    release_upload,
    too_many_uploads,
)
from pairing_portal.common.downloads import download
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope
from pairing_portal.common.toasts import say_done

from .importing.access import may_import_pairs
from .importing.preview import preview_of
from .importing.service import PairsReport, import_pairs
from .importing.template import write_template

PURPOSE = "pairs"
PAGE = "mentoring/import.html"


class PairsForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("file"),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
        help_text=gettext_lazy("A list of mentoring links: .xlsx, .xls or .csv, as you keep it."),
        allow_empty_file=True,
    )


def _checked_scope(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not may_import_pairs(scope):
        raise PermissionDenied(_("Mentoring links are imported by branch secretaries and the department."))
    return scope


@require_http_methods(["GET", "POST"])
def pairs_import(request: HttpRequest) -> HttpResponse:
    """Choose a file; a POST shows the preview and writes nothing."""
    scope, now = _checked_scope(request), timezone.now()
    if request.method == "GET":
        return render(request, PAGE, {"form": PairsForm()})
    form = PairsForm(request.POST, request.FILES)
    if form.is_valid() and too_many_uploads(request.user, now):  # type: ignore[arg-type]  # signed in
        form.add_error("file", _("Many files were read in the last hour. Please go on in an hour."))
    if not form.is_valid():
        return render(request, PAGE, {"form": form}, status=400)
    file = form.cleaned_data["file"]
    data = file.read()
    report = import_pairs(name=file.name, data=data, scope=scope, dry_run=True, today=timezone.localdate(), now=now)
    token = ""
    if not report.refusal:
        token = keep_upload(
            name=file.name, data=data, owner=request.user, parameters={"fingerprint": report.plan.fingerprint()}, now=now,  # type: ignore[arg-type]  # signed in
            purpose=PURPOSE,
        ).token  # fmt: skip
    return render(request, PAGE, {"form": PairsForm(), "preview": preview_of(report, token)})


@require_POST
def pairs_apply(request: HttpRequest) -> HttpResponse:
    """Apply what the preview showed. A token that is forged, another's, used or expired is 404; nothing is written then."""
    scope, now = _checked_scope(request), timezone.now()
    token = request.POST.get("token", "")[:43]
    upload = get_visible_or_404(open_uploads(scope, now, PURPOSE), token=token)
    if not claim_upload(upload, now):
        raise Http404
    report = import_pairs(
        name=upload.name, data=upload.data(), scope=scope, dry_run=False, today=timezone.localdate(), now=now,
        skip_refused=request.POST.get("skip_refused") == "1", user=request.user,  # type: ignore[arg-type]  # signed in
        fingerprint=upload.parameters["fingerprint"],
    )  # fmt: skip
    if report.applied:
        discard_upload(upload)
        say_done(request, _applied_words(report))
        return redirect("mentoring")
    parameters = upload.parameters | {"fingerprint": report.plan.fingerprint()}
    StoredUpload.objects.visible_to(scope).filter(pk=upload.pk).update(parameters=parameters)
    release_upload(upload)
    messages.warning(
        request,
        _("Nothing was applied: the file has refused rows, or the links changed since the preview. Look again below."),
    )
    context: dict[str, Any] = {
        "form": PairsForm(),
        "preview": preview_of(report, "" if report.refusal else upload.token),
    }
    return render(request, PAGE, context, status=409)


def _applied_words(report: PairsReport) -> str:
    counts = report.counts
    words = _("Imported: %(created)d new links, %(updated)d changed.") % counts
    offers = preview_of(report, "")["offers"]
    if offers:
        waiting = ngettext(
            "%(count)d classmate is asked and may say no.", "%(count)d classmates are asked and may say no.", offers
        )
        words = f"{words} {waiting % {'count': offers}}"
    return words


@require_GET
def pairs_faults(request: HttpRequest, token: str) -> HttpResponse:
    """The uploaded workbook with its refused rows marked."""
    scope, now = _checked_scope(request), timezone.now()
    upload = get_visible_or_404(open_uploads(scope, now, PURPOSE), token=token)
    report = import_pairs(
        name=upload.name, data=upload.data(), scope=scope, dry_run=True, today=timezone.localdate(), now=now
    )
    if report.book is None:
        raise Http404
    buffer = io.BytesIO()
    report.write_faults(buffer)
    # Outside the f-string, where the collector of messages does not look.
    name, marked = upload.name.rsplit(".", 1)[0], _("marked")
    return download(buffer.getvalue(), f"{name}-{marked}.xlsx")


@require_GET
def pairs_template(request: HttpRequest) -> HttpResponse:
    """An empty workbook with our headings."""
    _checked_scope(request)
    buffer = io.BytesIO()
    write_template(buffer)
    name = _("Mentoring links, template")
    return download(buffer.getvalue(), f"{name}.xlsx")
