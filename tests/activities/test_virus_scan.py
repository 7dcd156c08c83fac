"""The virus scanner's hook, against a small clamd in a thread: what it finds is refused, its silence is the setting's business."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading

import pytest
from django.utils import translation

from activities.attachment_files import prepare
from activities.virus_scan import ScannerDown, scan
from pairing_portal.common.problems import Refused
from tests.activities.test_attachments import PDF, picture

# Written in two parts, so that no scanner takes this file for the test virus itself.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
FOUND = "The virus scanner found something harmful in this file. Do not open it."
DOWN = "The virus scanner does not answer, so no file is taken just now. Try again later."


def read_exactly(line: socket.socket, count: int) -> bytes:
    kept = b""
    while len(kept) < count:
        piece = line.recv(count - len(kept))
        if not piece:
            raise ConnectionError
        kept += piece
    return kept


def serve_one(listening: socket.socket, answers: list[bytes], seen: list[bytes]) -> None:
    """INSTREAM as clamd speaks it; the last of `answers` says what it thinks, empty looks for the test virus."""
    try:
        line, _peer = listening.accept()
    except OSError:
        # Nobody came: the test is over.
        return
    with line:
        assert read_exactly(line, 10) == b"zINSTREAM\0"
        data = b""
        while size := struct.unpack(">I", read_exactly(line, 4))[0]:
            data += read_exactly(line, size)
        seen.append(data)
        verdict = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0"
        line.sendall(answers[0] if answers else verdict)


@pytest.fixture
def clamd(settings):
    """`clamd(answer)` starts one that takes a single file; what it was given is in `seen`."""
    open_ones: list[tuple[socket.socket, threading.Thread]] = []
    seen: list[bytes] = []

    def _start(*answers: bytes) -> list[bytes]:
        listening = socket.create_server(("127.0.0.1", 0))
        worker = threading.Thread(target=serve_one, args=(listening, list(answers), seen), daemon=True)
        worker.start()
        open_ones.append((listening, worker))
        settings.CLAMAV_ADDRESS = f"127.0.0.1:{listening.getsockname()[1]}"
        return seen

    yield _start
    for listening, worker in open_ones:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        worker.join(5)


@pytest.fixture
def nobody_listens(settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.CLAMAV_ADDRESS = f"127.0.0.1:{listening.getsockname()[1]}"


def refusal(name: str, data: bytes) -> str:
    with translation.override("en"), pytest.raises(Refused) as caught:
        prepare(name, data)
    return caught.value.text


def test_nothing_is_scanned_where_no_scanner_is_named(settings):
    assert (settings.CLAMAV_ADDRESS, settings.CLAMAV_REQUIRED) == ("", False)
    assert prepare("a.pdf", PDF + EICAR + b"%%EOF").extension == "pdf"


def test_the_test_virus_is_refused_and_logged_without_the_name_of_the_file(clamd, caplog):
    clamd()
    caplog.set_level(logging.WARNING)
    assert refusal("总结.pdf", PDF + EICAR + b"%%EOF") == FOUND
    assert [record.getMessage() for record in caplog.records] == [
        "upload refused by the virus scanner: Eicar-Test-Signature"
    ]


def test_a_clean_file_is_scanned_as_it_came_and_kept(clamd):
    seen = clamd()
    sent = picture(size=(900, 900)) + bytes(200_000)
    assert prepare("a.jpg", sent).extension == "jpg"
    assert seen == [sent]


def test_kinds_that_are_never_kept_are_not_sent_to_it(clamd):
    seen = clamd()
    assert refusal("a.exe", EICAR).startswith("Only pictures")
    assert seen == []


def test_a_scanner_that_is_down_lets_files_through_and_says_so(nobody_listens, caplog):
    caplog.set_level(logging.WARNING)
    assert prepare("a.pdf", PDF).extension == "pdf"
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "virus scanner down, upload taken unscanned"
    ]


def test_where_it_is_required_a_scanner_that_is_down_stops_files(nobody_listens, settings, caplog, expected_errors):
    settings.CLAMAV_REQUIRED = True
    caplog.set_level(logging.WARNING)
    assert refusal("a.pdf", PDF) == DOWN
    assert [(record.levelname, record.getMessage().split(":")[0]) for record in caplog.records] == [
        ("ERROR", "virus scanner down, upload refused")
    ]


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"nonsense\0"])
def test_an_answer_that_says_neither_counts_as_down(clamd, settings, answer, expected_errors):
    settings.CLAMAV_REQUIRED = True
    clamd(answer)
    assert refusal("a.pdf", PDF) == DOWN


def test_a_socket_in_the_file_system_works_too(tmp_path):
    with pytest.raises(ScannerDown):
        scan(PDF, str(tmp_path / "clamd.ctl"))
    seen: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "clamd.ctl"))
        listening.listen()
        worker = threading.Thread(target=serve_one, args=(listening, [], seen), daemon=True)
        worker.start()
        assert scan(PDF + EICAR, str(tmp_path / "clamd.ctl")) == "Eicar-Test-Signature"
        worker.join(5)
    assert seen == [PDF + EICAR]
