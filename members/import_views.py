"""The import page: choose files, see what would change cell by cell, apply or not. Portal and admin share it."""

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
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import StoredUpload
from branches.models import PartyBranch
from pairing_portal.common.downloads import download
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.scope import Scope

from .importing.access import may_import
from .importing.preview import effects, in_words, preview_of
from .importing.service import FileReport, import_rosters
from .importing.uploads import (
    claim_upload,
    discard_upload,
    keep_upload,
    open_uploads,
    release_upload,
    too_many_uploads,
)

MAX_FILES = 10


class MultipleFileInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class MultipleFileField(forms.FileField):
    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(MultipleFileField, self).clean(file, initial) for file in files]


class RosterForm(forms.Form):
    files = MultipleFileField(
        label=gettext_lazy("files"),
        widget=MultipleFileInput(attrs={"multiple": True, "accept": ".xlsx,.xls,.csv"}),
        help_text=gettext_lazy(
            "Rosters, class lists, lists of League branches: .xlsx, .xls or .csv, as you keep them."
        ),
        allow_empty_file=True,
    )
    branch = forms.ModelChoiceField(
        label=gettext_lazy("Party branch"), queryset=None, required=False, empty_label=gettext_lazy("as the file says"),
        help_text=gettext_lazy("Only for files that name no branch."),
    )  # fmt: skip

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branches = PartyBranch.objects.visible_to(scope).active()
        if not scope.whole_college:
            branches = branches.run_by(scope)
        self.fields["branch"].queryset = branches
        own = branches.first() if branches.count() == 1 else None
        if own:
            self.fields["branch"].initial = own


def _checked_scope(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if not may_import(scope):
        raise PermissionDenied(_("Rosters are imported by branch secretaries, counsellors and staff."))
    return scope


@require_http_methods(["GET", "POST"])
def roster_import(
    request: HttpRequest, *, template: str = "members/roster_import.html", extra: dict[str, Any] | None = None
) -> HttpResponse:
    """Choose files; a POST shows the preview and writes nothing."""
    scope, now = _checked_scope(request), timezone.now()
    form = RosterForm(request.POST or None, request.FILES or None, scope=scope)
    context: dict[str, Any] = {"form": form, **(extra or {})}
    if request.method == "GET":
        return render(request, template, context)
    if form.is_valid() and len(form.cleaned_data["files"]) > MAX_FILES:
        form.add_error("files", _("At most %(count)d files at once.") % {"count": MAX_FILES})
    if form.is_valid() and too_many_uploads(request.user, now):  # type: ignore[arg-type]  # signed in
        form.add_error("files", _("Many files were read in the last hour. Please go on in an hour."))
    if not form.is_valid():
        return render(request, template, context, status=400)
    branch = form.cleaned_data["branch"]
    files = [(file.name, file.read()) for file in form.cleaned_data["files"]]
    report = import_rosters(
        files=files,
        scope=scope,
        branch_default=branch.name if branch else "",
        dry_run=True,
        today=timezone.localdate(),
        now=now,
    )
    previews = []
    for (name, data), file in zip(files, report.files, strict=True):
        token = ""
        if not file.refusal:
            parameters = {"branch": branch.name if branch else "", "fingerprint": file.plan.fingerprint()}
            token = keep_upload(name=name, data=data, owner=request.user, parameters=parameters, now=now).token  # type: ignore[arg-type]  # signed in
        previews.append(preview_of(file, token))
    return render(request, template, context | _page(previews))


def _page(previews: list[dict[str, Any]]) -> dict[str, Any]:
    good = [preview for preview in previews if preview["token"]]
    total = effects(preview["file"].plan for preview in good)
    return {
        "previews": previews,
        "rows_to_apply": total["people"],
        # Only when there is more to say than the number of rows.
        "effects": in_words(total) if sum(total.values()) > total["people"] else "",
        "has_refused": any(preview["counts"]["refused"] for preview in good),
        "can_apply": any(preview["changes_anything"] for preview in good),
    }


@require_POST
def roster_apply(
    request: HttpRequest,
    *,
    template: str = "members/roster_import.html",
    done: str = "people",
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """Apply what the preview showed. A token that is forged, another's, used or expired is 404; nothing is written then."""
    scope, now = _checked_scope(request), timezone.now()
    tokens = list(dict.fromkeys(request.POST.getlist("token")))[:MAX_FILES]
    if not tokens:
        raise Http404
    uploads = [get_visible_or_404(open_uploads(scope, now), token=token[:43]) for token in tokens]
    previews, applied = [], []
    for upload in uploads:
        if not claim_upload(upload, now):
            raise Http404
        report = import_rosters(
            files=[(upload.name, upload.data())], scope=scope, branch_default=upload.parameters["branch"], dry_run=False,
            skip_refused=request.POST.get("skip_refused") == "1", today=timezone.localdate(), now=now, user=request.user,  # type: ignore[arg-type]  # signed in
            fingerprints=[upload.parameters["fingerprint"]],
        )  # fmt: skip
        file = report.files[0]
        if file.applied:
            discard_upload(upload)
            applied.append(file)
            continue
        upload.parameters = upload.parameters | {"fingerprint": file.plan.fingerprint()}
        StoredUpload.objects.visible_to(scope).filter(pk=upload.pk).update(parameters=upload.parameters)
        release_upload(upload)
        previews.append(preview_of(file, upload.token))
    if applied:
        messages.success(request, _applied_words(applied))
    if not previews:
        return redirect(done)
    messages.warning(
        request,
        _("Something was not applied: it has refused rows, or the roster changed since the preview. Look again below."),
    )
    context = {"form": RosterForm(scope=scope), **(extra or {})}
    return render(request, template, context | _page(previews), status=409)


def _applied_words(files: list[FileReport]) -> str:
    counts = {key: sum(file.counts[key] for file in files) for key in ("created", "updated")}
    words = _("Imported: %(created)d new, %(updated)d changed.") % counts
    others = in_words(effects(file.plan for file in files) | {"people": 0})
    return " ".join([words, _("With it: %(what)s.") % {"what": others}] if others else [words])


@require_GET
def roster_faults(request: HttpRequest, token: str) -> HttpResponse:
    """The uploaded workbook with its refused rows marked."""
    scope, now = _checked_scope(request), timezone.now()
    upload = get_visible_or_404(open_uploads(scope, now), token=token)
    report = import_rosters(
        files=[(upload.name, upload.data())], scope=scope, branch_default=upload.parameters["branch"], dry_run=True,
        today=timezone.localdate(), now=now,
    )  # fmt: skip
    buffer = io.BytesIO()
    report.files[0].write_faults(buffer)
    # Outside the f-string, where the collector of messages does not look.
    name, marked = upload.name.rsplit(".", 1)[0], _("marked")
    return download(buffer.getvalue(), f"{name}-{marked}.xlsx")
