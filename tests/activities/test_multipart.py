"""Bodies no browser sends (SAFETY.md 4.3, 37 and 38): refused as bad requests, nothing written, the portal still answers."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.models import Attachment, LogEntry

# Django logs what it takes for an attack.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("expected_errors")]
EDGE = "edge"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def addresses(cast) -> list[str]:
    """Where files are taken: beside an entry, and with the quick log."""
    now = timezone.now()
    entry = LogEntry.objects.create(
        person=cast.person("er_member"), on=dt.date(2026, 10, 27), minutes=30, purpose="self_study", summary="读书",
        created_at=now, submitted_at=now,
    )  # fmt: skip
    return [reverse("log_attach", args=[entry.pk]), reverse("quick_log")]


def part(name: str, content: bytes, *headers: str, file: str = "") -> bytes:
    shown = f'; filename="{file}"' if file else ""
    lines = [f"--{EDGE}", f'Content-Disposition: form-data; name="{name}"{shown}', *headers, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


def closed(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{EDGE}--\r\n".encode()


def form_data(edge: str = EDGE) -> str:
    return f"multipart/form-data; boundary={edge}"


NESTED = (
    b"--inner\r\nContent-Disposition: file; filename=\"a.jpg\"\r\n\r\nx\r\n--inner--\r\n"
)  # fmt: skip
BODIES = {
    "a thousand files": (closed(*[part("file", b"x", file=f"{number}.jpg") for number in range(1000)]), form_data()),
    "more than a thousand fields": (closed(*[part(f"f{number}", b"x") for number in range(1001)]), form_data()),
    "a boundary of 10 KB": (closed(part("file", b"x", file="a.jpg")), form_data("e" * 10_240)),
    "no boundary": (closed(part("file", b"x", file="a.jpg")), "multipart/form-data"),
    "an empty boundary": (closed(part("file", b"x", file="a.jpg")), form_data("")),
    "a boundary that is no ASCII": (closed(part("file", b"x", file="a.jpg")), "multipart/form-data; boundary=\u8fb9"),
    "base64 that is none": (
        closed(part("file", b"!" * 9, "Content-Transfer-Encoding: base64", file="a.jpg")),
        form_data(),
    ),
    "base64 of blanks": (
        closed(part("file", b"\n " * 200_000, "Content-Transfer-Encoding: base64", file="a.jpg")),
        form_data(),
    ),
    "parts in parts": (
        closed(part("file", NESTED, "Content-Type: multipart/mixed; boundary=inner", file="a.jpg")),
        form_data(),
    ),
    "cut off in a header": (f"--{EDGE}\r\nContent-Disposition: form-data; na".encode(), form_data()),
    "nothing at all": (b"", form_data()),
}


@pytest.mark.parametrize("checks_token", [False, True])
@pytest.mark.parametrize("kind", sorted(BODIES))
def test_odd_bodies_are_bad_requests(cast, addresses, kind, checks_token):
    body, content_type = BODIES[kind]
    client = Client(enforce_csrf_checks=checks_token)
    client.force_login(cast.user("er_member"), backend="allauth.account.auth_backends.AuthenticationBackend")
    for address in addresses:
        answer = client.generic("POST", address, body, content_type=content_type)
        # Where the body could be read and the token is missing, the token is what is refused.
        assert answer.status_code in ((400, 403) if checks_token else (400,)), answer.content[:200]
    assert (Attachment.objects.count(), LogEntry.objects.count()) == (0, 1)
