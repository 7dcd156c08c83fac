"""Looks for marks in anything bytes can hide them in: texts, escapes, base64, workbooks, compressed answers, every table."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from html import escape
from urllib.parse import quote

from django.contrib.sessions.models import Session
from django.db import connection


@cache
def disguises(mark: str) -> set[bytes]:
    """The ways a mark may be written."""
    raw = mark.encode()
    entities = "".join(f"&#{ord(letter)};" for letter in mark)
    hexed = "".join(f"&#x{ord(letter):x};" for letter in mark)
    forms = {raw, mark.encode("utf-16-le"), mark.encode("utf-16-be"), json.dumps(mark)[1:-1].encode(), quote(mark).encode(),
             escape(mark).encode(), mark.encode("ascii", "xmlcharrefreplace"), entities.encode(), hexed.encode(), raw.hex().encode(), raw.hex().upper().encode()}  # fmt: skip
    for shift in range(3):
        # Base64 has three alignments; its first and last letters depend on the neighbours.
        coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        inner = coded[-(-shift * 8 // 6) + (shift > 0) : -2]
        forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in forms if len(form) >= 8}


def unpacked(content: bytes) -> Iterator[bytes]:
    """The content, and what is inside when it is packed."""
    yield content
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from unpacked(archive.read(name))
    elif content[:2] == b"\x1f\x8b":
        yield from unpacked(gzip.decompress(content))


def holds(content: bytes | str, marks: tuple[str, ...]) -> bool:
    data = content.encode() if isinstance(content, str) else content
    every = [form for mark in marks for form in disguises(mark)]
    return any(form in part for part in unpacked(data) for form in every)


def answer_holds(response: object, marks: tuple[str, ...]) -> bool:
    """Body, headers and cookies."""
    body = b"".join(response) if response.streaming else response.content
    return holds(body, marks) or holds(f"{response.headers}{response.cookies}", marks)


def tables_holding(marks: tuple[str, ...]) -> list[str]:
    """Tables of the whole database in which a mark stands; on SQLite also the dump a backup would be."""
    found = [
        table for table in connection.introspection.table_names() if any(holds(text, marks) for text in _values(table))
    ]
    found += ["session" for session in Session.objects.all() if holds(repr(session.get_decoded()), marks)]
    if connection.vendor == "sqlite" and holds("\n".join(connection.connection.iterdump()), marks):
        found.append("dump")
    return found


def _values(table: str) -> Iterator[bytes]:
    """Every row as one piece of bytes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        for row in cursor.fetchall():
            yield b"\n".join(
                bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row
            )
