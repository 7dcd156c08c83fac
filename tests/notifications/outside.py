"""Services outside, as real servers on this machine: they accept, refuse, stall and answer rubbish, as they are told."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# What keys, secrets and tokens of the tests are made of: it must turn up nowhere.
MARK = "9f3ac1d77be04e55"
OK = {"errcode": 0, "errmsg": "ok"}


@cache
def certificate() -> tuple[bytes, bytes]:
    """(certificate, key) in PEM for 127.0.0.1, valid whatever the clock of the test says."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2000, 1, 1))
        .not_valid_after(dt.datetime(2100, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return built.public_bytes(serialization.Encoding.PEM), private


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


Answer = dict[str, Any] | bytes | int | tuple[int, dict[str, str], bytes] | Callable[["BaseHTTPRequestHandler"], None]


@dataclass
class Service:
    """Answers in the order of `answers`, the last one for ever. `hold` lets go whoever was kept waiting."""

    host: str = ""
    answers: list[Answer] = field(default_factory=lambda: [OK])
    asked: list[Asked] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"https://{self.host}"

    def stall(self, handler: BaseHTTPRequestHandler) -> None:
        self.hold.wait(30)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """A byte of a header now and then, without end: never silent for as long as the time-out."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.hold.wait(0.02):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            service.asked.append(Asked(self.command, parts.path, query, json.loads(raw) if raw else None))
            self.close_connection = True
            answer = service.next_answer()
            if callable(answer):
                answer(self)
                return
            if isinstance(answer, dict):
                answer = json.dumps(answer, ensure_ascii=False).encode()
            if isinstance(answer, int):
                answer = (answer, {}, b"")
            status, headers, body = (200, {}, answer) if isinstance(answer, bytes) else answer
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                # The portal hung up: it had read enough.
                return

        do_GET = do_POST = _answer  # names of the standard library

        def log_message(self, *args: Any) -> None:
            return

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust us, or hangs up, is part of the tests."""


@contextmanager
def https_service(folder: Path) -> Iterator[Service]:
    pem, private = certificate()
    both = folder / "service.pem"
    both.write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    service = Service()
    server = _Quiet(("127.0.0.1", 0), _handler(service))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    service.host = f"127.0.0.1:{server.server_address[1]}"
    with _running(server):
        yield service
        service.hold.set()


def trusting() -> ssl.SSLContext:
    """As the portal's own context, and knows the certificate of these servers too."""
    return ssl.create_default_context(cadata=certificate()[0].decode())


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


# --- Mail -----------------------------------------------------------------------------------------


@dataclass
class MailServer:
    """A mail server that says to recipients and to texts what it is told; `mails` are (recipients, text)."""

    port: int = 0
    to_recipients: str = "250 fine"
    to_text: str = "250 taken"
    greets: bool = True
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)


class _MailHandler(socketserver.StreamRequestHandler):
    told: MailServer

    def handle(self) -> None:
        if not self.told.greets:
            self.told.hold.wait(30)
            return
        self._say("220 mail.example.invalid")
        recipients: list[str] = []
        while line := self.rfile.readline().decode().strip():
            word = line.split(":")[0].split()[0].upper()
            if word == "RCPT":
                recipients.append(line.partition(":")[2].strip("<>"))
                self._say(self.told.to_recipients)
            elif word == "DATA":
                self._say("354 go on")
                self._take(recipients)
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _take(self, recipients: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.told.to_text.startswith("2"):
            self.told.mails.append((recipients, b"".join(lines)))
        self._say(self.told.to_text)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    told = MailServer()
    handler = type("Handler", (_MailHandler,), {"told": told})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    told.port = server.server_address[1]
    with _running(server):
        yield told
        told.hold.set()
