"""Photos sent along with the quick log: at most three, each for itself, and the entry is never lost with them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from activities import attachment_services
from activities.models import Attachment, LogEntry
from tests.activities.test_attachments import PDF, own_folder, picture  # noqa: F401  # a fixture for every test

pytestmark = pytest.mark.django_db


def send(client, *files, **changes):
    values = {"target": "study", "minutes": "60", "summary": "学习党章", "on": "2026-10-28", "idempotency_key": "key-1"}
    photos = [SimpleUploadedFile(name, data) for name, data in files]
    client.cookies["django_language"] = "en"
    return client.post(reverse("quick_log"), values | changes | {"photos": photos}, follow=True)


def kept():
    return list(Attachment.objects.values_list("name", "log_entry__summary"))


def test_photos_go_with_the_entry(cast, sign_in):
    response = send(sign_in("er_member"), ("a.jpg", picture()), ("b.png", picture("PNG", size=(30, 30))))
    assert response.redirect_chain == [("/log/", 302)]
    assert kept() == [("a.jpg", "学习党章"), ("b.jpg", "学习党章")]


def test_a_bad_photo_is_said_and_the_entry_and_the_good_one_stay(cast, sign_in):
    response = send(sign_in("er_member"), ("bad.jpg", b"no picture"), ("a.pdf", PDF), ("good.jpg", picture()))
    page = response.content.decode()
    assert "The entry is kept, these photos are not: bad.jpg: This picture is damaged" in page
    assert "a.pdf: Only pictures (JPEG, PNG, WebP) go along with an entry." in page
    assert kept() == [("good.jpg", "学习党章")]


def test_a_fourth_is_left_out(cast, sign_in):
    files = [(f"{number}.jpg", picture(size=(40 + number, 20))) for number in range(4)]
    assert "At most 3 photos go along" in send(sign_in("er_member"), *files).content.decode()
    assert [name for name, _summary in kept()] == ["0.jpg", "1.jpg", "2.jpg"]


def test_sent_twice_each_is_kept_once(cast, sign_in):
    client = sign_in("er_member")
    for _press in range(2):
        send(client, ("a.jpg", picture()), ("b.jpg", picture(size=(50, 20))))
    assert (LogEntry.objects.count(), [name for name, _summary in kept()]) == (1, ["a.jpg", "b.jpg"])


def test_a_full_disk_does_not_take_the_entry_along(cast, sign_in, monkeypatch, expected_errors):
    def fail(**_arguments):
        raise OSError("disk full")

    monkeypatch.setattr(attachment_services, "add_attachment", fail)
    page = send(sign_in("er_member"), ("a.jpg", picture())).content.decode()
    assert "a.jpg could not be stored. Add it to the entry later." in page
    assert LogEntry.objects.count() == 1


def test_a_refused_entry_keeps_no_photo_and_asks_for_it_again(cast, sign_in):
    response = send(sign_in("er_member"), ("a.jpg", picture()), summary="")
    assert (response.status_code, LogEntry.objects.count(), Attachment.objects.count()) == (400, 0, 0)
    assert "Please choose the photos again" in response.content.decode()
