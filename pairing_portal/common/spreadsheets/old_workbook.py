"""Looks into an .xls file (a compound file with one workbook stream) before anything parses its cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .refusal import FileRefused

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_LAST_SECTOR = 0xFFFFFFFA
_ENTRY_BYTES = 128
# Streams shorter than this lie in pieces within another stream.
_SHORT_STREAM, _PIECE_BYTES = 4096, 64
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_ENCRYPTED_STREAMS = {"encryptedpackage", "encryptioninfo"}
_MACRO_STORAGES = {"_vba_project_cur", "_vba_project", "vba", "macros"}
_WORKBOOK_STREAMS = ("workbook", "book")

# Records of the first substream, [MS-XLS] 2.3.
_END, _DATE_SYSTEM, _ENCRYPTED, _SHEET, _SOURCE = 0x000A, 0x0022, 0x002F, 0x0085, 0x01AE
_WORKSHEET, _MACRO_SHEET, _MODULE = 0, 1, 6
_OWN_WORKBOOK, _ADD_IN = 0x0401, 0x3A01
_NO_SOURCES = {b"", b" ", b"\0", b"\x01"}


@dataclass(frozen=True)
class Entry:
    """One line of the compound file's directory."""

    name: str
    kind: int
    start: int
    size: int


class CompoundFile:
    """Sectors, directory and streams of a compound file. Chains that loop or leave the file count as damage."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not data.startswith(OLE_MAGIC):
            raise FileRefused("damaged")
        self.data = data
        self.sector_bytes = 1 << min(self._short(30), 16)
        if self.sector_bytes not in (512, 4096):
            raise FileRefused("damaged")
        self.sector_count = len(data) // self.sector_bytes + 1

    def _short(self, at: int) -> int:
        return int.from_bytes(self.data[at : at + 2], "little")

    def _long(self, at: int) -> int:
        return int.from_bytes(self.data[at : at + 4], "little")

    def _sector(self, number: int) -> bytes:
        at = (number + 1) * self.sector_bytes
        if at >= len(self.data):
            raise FileRefused("damaged")
        return self.data[at : at + self.sector_bytes]

    @cached_property
    def _next_sectors(self) -> memoryview:
        """The allocation table: for each sector the number of the one that follows it."""
        table_sectors = [number for at in range(76, 512, 4) if (number := self._long(at)) < _LAST_SECTOR]
        more = self._long(68)
        for _ in range(self.sector_count):
            if more >= _LAST_SECTOR:
                break
            numbers = memoryview(self._whole_sector(more)).cast("I")
            table_sectors += [number for number in numbers[:-1] if number < _LAST_SECTOR]
            more = numbers[-1]
            if len(table_sectors) > self.sector_count:
                raise FileRefused("damaged")
        return memoryview(b"".join(self._whole_sector(number) for number in table_sectors)).cast("I")

    def _whole_sector(self, number: int) -> bytes:
        return self._sector(number).ljust(self.sector_bytes, b"\xff")

    def _chain(self, start: int) -> Iterator[int]:
        number = start
        for _ in range(self.sector_count):
            if number >= _LAST_SECTOR:
                return
            if number >= len(self._next_sectors):
                raise FileRefused("damaged")
            yield number
            number = self._next_sectors[number]
        raise FileRefused("damaged")

    @cached_property
    def entries(self) -> list[Entry]:
        directory = b"".join(self._sector(number) for number in self._chain(self._long(48)))
        found = []
        for at in range(0, len(directory) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
            raw = directory[at : at + _ENTRY_BYTES]
            name_bytes = max(int.from_bytes(raw[64:66], "little") - 2, 0)
            if raw[66] in (_STORAGE, _STREAM, _ROOT) and name_bytes <= 62:
                name = raw[:name_bytes].decode("utf-16-le", "replace").lower()
                start, size = int.from_bytes(raw[116:120], "little"), int.from_bytes(raw[120:124], "little")
                found.append(Entry(name, raw[66], start, size))
        return found

    def stream(self, entry: Entry) -> bytes:
        """The content of a stream; the pieces of short ones lie in the root's stream."""
        if entry.size >= _SHORT_STREAM:
            return b"".join(self._sector(number) for number in self._chain(entry.start))[: entry.size]
        root = next((other for other in self.entries if other.kind == _ROOT), None)
        if root is None:
            raise FileRefused("damaged")
        pieces = b"".join(self._sector(number) for number in self._chain(root.start))
        following = b"".join(self._sector(number) for number in self._chain(self._long(60)))
        table = memoryview(following[: len(following) // 4 * 4]).cast("I")
        content, number = b"", entry.start
        while number < _LAST_SECTOR and len(content) < entry.size:
            piece = pieces[number * _PIECE_BYTES : (number + 1) * _PIECE_BYTES]
            if number >= len(table) or not piece:
                raise FileRefused("damaged")
            content += piece
            number = table[number]
        return content[: entry.size]


def check_old_workbook(data: bytes) -> bool:
    """Refuse an .xls that is encrypted, has macros, links to other files or holds no worksheet.

    Returns whether the workbook counts its days from 1904.
    """
    container = CompoundFile(data)
    names = {entry.name for entry in container.entries}
    if names & _ENCRYPTED_STREAMS:
        raise FileRefused("encrypted")
    if any(entry.kind == _STORAGE and entry.name in _MACRO_STORAGES for entry in container.entries):
        raise FileRefused("macros")
    streams = {entry.name: entry for entry in container.entries if entry.kind == _STREAM}
    workbook = next((streams[name] for name in _WORKBOOK_STREAMS if name in streams), None)
    if workbook is None:
        raise FileRefused("no-workbook")
    return _check_records(container.stream(workbook))


def _check_records(stream: bytes) -> bool:
    date1904 = False
    kinds = set()
    for record, content in _records(stream):
        if record == _ENCRYPTED:
            raise FileRefused("encrypted")
        if record == _DATE_SYSTEM:
            date1904 = content[:2] == b"\x01\x00"
        elif record == _SHEET and len(content) >= 6:
            kinds.add(content[5])
        elif record == _SOURCE and _is_other_file(content):
            raise FileRefused("external-links")
    if kinds & {_MACRO_SHEET, _MODULE}:
        raise FileRefused("macros")
    if _WORKSHEET not in kinds:
        raise FileRefused("no-sheet")
    return date1904


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of the workbook's first substream, which lists everything else."""
    at = 0
    while at + 4 <= len(stream):
        record = int.from_bytes(stream[at : at + 2], "little")
        size = int.from_bytes(stream[at + 2 : at + 4], "little")
        if record == _END:
            return
        yield record, stream[at + 4 : at + 4 + size]
        at += 4 + size
    raise FileRefused("damaged")


def _is_other_file(content: bytes) -> bool:
    """A source of links: this workbook itself, an add-in, nothing, or a path to another file."""
    length = int.from_bytes(content[2:4], "little")
    if len(content) == 4 and length in (_OWN_WORKBOOK, _ADD_IN):
        return False
    return content[5 : 5 + length] not in _NO_SOURCES
