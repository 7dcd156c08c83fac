"""What is answered when something is wrong around the portal: no database, too large an upload."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.urls import reverse

from notifications.tasks import tick

MEGABYTE = 1024 * 1024


@pytest.mark.parametrize("fault", [OperationalError("server closed the connection"), InterfaceError("closed")])
def test_without_a_database_the_portal_is_not_ready_and_says_so(client, cast, monkeypatch, expected_errors, fault):
    tick()
    assert client.get(reverse("readyz")).json() == {"status": "ok", "faults": {}}

    def broken(self, *args, **kwargs):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(BaseDatabaseWrapper, "cursor", broken)
        answer = client.get(reverse("readyz"))
        alive = client.get(reverse("healthz"))
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "degraded",
        "faults": {"database": "the database does not answer", "tick": "the database does not answer"},
    }
    assert alive.status_code == 200


def test_an_upload_that_is_too_large_is_told_so(cast, sign_in, settings, expected_errors):
    settings.MAX_UPLOAD_MB = 1
    file = SimpleUploadedFile("名册.xlsx", b"x" * (MEGABYTE + 1))
    answer = sign_in("er_secretary").post(reverse("roster_import"), {"files": [file]})
    assert answer.status_code == 413
    assert "上传的文件超过 1 MB" in answer.content.decode()


def test_files_that_are_too_large_together_are_too_large(cast, sign_in, settings, expected_errors):
    settings.MAX_UPLOAD_MB = 1
    files = [SimpleUploadedFile(f"{number}.xlsx", b"x" * (MEGABYTE * 2 // 3)) for number in range(2)]
    assert sign_in("er_secretary").post(reverse("roster_import"), {"files": files}).status_code == 413


def test_a_form_that_is_too_large_gets_413_without_the_programs_words(cast, sign_in, expected_errors):
    answer = sign_in("er_member").post(
        reverse("quick_log"), "summary=" + "x" * 3 * MEGABYTE, "application/x-www-form-urlencoded"
    )
    assert answer.status_code == 413
    assert "DATA_UPLOAD" not in answer.content.decode()
