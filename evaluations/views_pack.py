"""The evidence pack of a review or of a person in any stage: on the screen, on paper, as a workbook, in Word."""

from __future__ import annotations

import io
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.exports import export_file
from members.models import Person
from pairing_portal.common.downloads import XLSX
from pairing_portal.common.problems import Refused
from pairing_portal.common.querysets import get_visible_or_404
from pairing_portal.common.requests import scope_of
from pairing_portal.common.toasts import say_refused

from .conversion_reader import may_see_pack
from .evidence_pack import pack_of
from .pack_page import opinions_of, pack_context, title_of, word_context, write_workbook
from .paper.word import CONTENT_TYPE, write_word
from .views_conversion import visible_row


@require_GET
def conversion_pack(request: HttpRequest, pk: int, form: str = "page") -> HttpResponse:
    """The pack of a review: live until the meeting, then as it lay before it."""
    scope = scope_of(request)
    row = visible_row(scope, pk)
    review = row.review
    for_person = scope.person_id == review.person_id
    if for_person and form in ("xlsx", "docx"):
        raise PermissionDenied(_("The files of a review are for the committee. Your own evidence stands on the page."))
    today, now = timezone.localdate(), timezone.now()
    context = pack_context(
        person=review.person, pack=review.pack or pack_of(review.person, today, now=now), row=row, for_person=for_person,
        opinions=[] if for_person else opinions_of(row, scope), frozen_at=review.pack_at,
    )  # fmt: skip
    return _answer(request, form, context, name="conversion_pack", pk=pk, back=reverse("conversion", args=[pk]))


@require_GET
def person_pack(request: HttpRequest, pk: int, form: str = "page") -> HttpResponse:
    """The running pack of an activist, candidate or member, for the committee of the branch and the department."""
    scope = scope_of(request)
    people = Person.objects.visible_to(scope).select_related("party_branch", "school_class")
    person = get_visible_or_404(people, pk=pk)
    if not may_see_pack(person, scope):
        raise PermissionDenied(_("The pack is for the committee of the person's branch and the department."))
    context = pack_context(person=person, pack=pack_of(person, timezone.localdate(), now=timezone.now()))
    return _answer(request, form, context, name="person_pack", pk=pk, back=reverse("person", args=[pk]))


def _answer(request: HttpRequest, form: str, context: dict[str, Any], *, name: str, pk: int, back: str) -> HttpResponse:
    if form in FILES:
        make, content_type = FILES[form]
        title = title_of(context)
        try:
            return export_file(
                request, by=request.user, make=lambda: make(context, str(request.user)), name=f"{title}.{form}",  # type: ignore[arg-type]  # signed in
                content_type=content_type, kind=name, key=pk, purpose=title, now=timezone.now(),
            )  # fmt: skip
        except Refused as refusal:
            say_refused(request, refusal.text)
            return redirect(name, pk=pk)
    urls = {f"{kind}_url": reverse(f"{name}_{kind}", args=[pk]) for kind in ("print", "xlsx", "docx")}
    page_url = reverse(name, args=[pk])
    template = "conversion_pack_print.html" if form == "print" else "conversion_pack.html"
    return render(request, f"evaluations/{template}", context | urls | {"back": page_url if form == "print" else back})


def _workbook(context: dict[str, Any], by: str) -> bytes:
    buffer = io.BytesIO()
    write_workbook(buffer, context, by=by)
    return buffer.getvalue()


FILES = {"xlsx": (_workbook, XLSX), "docx": (lambda context, by: write_word(word_context(context)), CONTENT_TYPE)}
