"""The one door of exports: limited, with its purpose in the file and in the trail, and nothing kept by a browser."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.test import RequestFactory
from django.utils import timezone

from accounts.exports import export_file, export_workbook, typed_purpose
from accounts.limits import EXPORTS
from accounts.models import AuditEvent
from pairing_portal.common.problems import Refused
from pairing_portal.common.spreadsheets import Column, SheetSpec

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(cast):
    request = RequestFactory().post("/", {"purpose": "  报送院系\x00  "})
    request.user = cast.user("er_secretary")
    return request


def take(request, **more):
    def sheets(notes):
        return [SheetSpec("名单", [Column("姓名")], [("甘",)], notes=notes)]

    values = {
        "name": "名单.xlsx",
        "kind": "list",
        "key": 7,
        "purpose": typed_purpose(request),
        "now": timezone.now(),
    } | more
    return export_workbook(request, by=request.user, sheets=sheets, detail={"rows": 1}, **values)


def test_the_file_says_who_when_and_what_for(asked):
    response = take(asked)
    notes = list(openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[-1].iter_rows(values_only=True))

    assert [row[1] for row in notes if row[1] in (str(asked.user), "报送院系")] == [str(asked.user), "报送院系"]
    assert (response["Cache-Control"], response["X-Content-Type-Options"]) == ("private, no-store", "nosniff")


def test_the_trail_says_what_was_taken_and_how_much(asked):
    take(asked)

    assert list(AuditEvent.objects.filter(action="exported").values_list("object_type", "object_id", "detail")) == [
        ("list", "7", {"purpose": "报送院系", "format": "xlsx", "rows": 1})
    ]


def test_after_the_last_turn_nothing_is_made(asked):
    made = []
    for _turn in range(EXPORTS.times):
        take(asked)
    response = export_file(
        asked, by=asked.user, make=lambda: made.append(1) or b"x", name="x.docx", content_type="text/plain", kind="pack", key=1,
        purpose="x", now=timezone.now(),
    )  # fmt: skip

    assert (response.status_code, made) == (429, [])
    assert AuditEvent.objects.filter(action="exported").count() == EXPORTS.times


def test_a_file_that_cannot_be_made_leaves_no_line(asked):
    def broken():
        raise Refused("the template does not work")

    with pytest.raises(Refused):
        export_file(
            asked, by=asked.user, make=broken, name="x.docx", content_type="text/plain", kind="pack", key=1, purpose="x",
            now=timezone.now(),
        )  # fmt: skip

    assert AuditEvent.objects.filter(action="exported").count() == 0
