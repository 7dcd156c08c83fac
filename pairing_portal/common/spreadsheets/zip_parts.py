"""The packed parts of an .xlsx file, unpacked piece by piece and never trusted about their size."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from .refusal import FileRefused, Limits

_END_OF_DIRECTORY = b"PK\x05\x06"
_LOCAL_HEADER = b"PK\x03\x04"
_ENCRYPTED = 0x1
# A directory entry is 46 bytes and its name; nobody needs more than this.
_DIRECTORY_BYTES_A_MEMBER = 1024
# Below this, a high ratio is only a small file with much white space in it.
_RATIO_COUNTS_FROM = 10 * 1024 * 1024
_PACKED_STEP = 1 << 16
_UNPACKED_STEP = 1 << 20
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_ARCHIVE_NAME = re.compile(r"\.(zip|rar|7z|gz|bz2|xz|tar|jar|xls[xmb]|doc[xm]|ppt[xm]|od[stp])$", re.IGNORECASE)


@dataclass
class ZipParts:
    """The members of one packed file, by lower-case path. Opening it already refuses what is unsafe to unpack."""

    data: bytes
    limits: Limits
    members: dict[str, zipfile.ZipInfo] = field(init=False)

    def __post_init__(self) -> None:
        _check_directory_size(self.data, self.limits)
        try:
            entries = zipfile.ZipFile(io.BytesIO(self.data)).infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise FileRefused("damaged") from error
        self.members = {}
        for entry in entries:
            _check_entry(entry)
            path = entry.filename.replace("\\", "/").lower()
            if path in self.members:
                raise FileRefused("damaged")
            self.members[path] = entry
        _check_totals(entries, len(self.data), self.limits)
        for path in self.members:
            if _ARCHIVE_NAME.search(path) or self.start_of(path).startswith(_ARCHIVES):
                raise FileRefused("nested-archive")

    def start_of(self, path: str) -> bytes:
        """The first bytes of a part, enough to tell its kind."""
        return next(self.pieces(path, step=256), b"")[:256]

    def pieces(self, path: str, *, step: int = _UNPACKED_STEP) -> Iterator[bytes]:
        """Unpack one part in pieces of at most `step` bytes; refuses a part that is longer than it says."""
        entry = self.members[path]
        packed = self._packed(entry)
        if entry.compress_type == zipfile.ZIP_STORED:
            yield from (bytes(packed[at : at + step]) for at in range(0, len(packed), step))
            return
        seen = checksum = 0
        try:
            for piece in _inflate(packed, step):
                seen += len(piece)
                if seen > entry.file_size:
                    raise FileRefused("damaged")
                checksum = zlib.crc32(piece, checksum)
                yield piece
        except zlib.error as error:
            raise FileRefused("damaged") from error
        if seen != entry.file_size or checksum != entry.CRC:
            raise FileRefused("damaged")

    def _packed(self, entry: zipfile.ZipInfo) -> memoryview:
        at = entry.header_offset
        header = self.data[at : at + 30]
        if len(header) < 30 or not header.startswith(_LOCAL_HEADER):
            raise FileRefused("damaged")
        begins = at + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        packed = memoryview(self.data)[begins : begins + entry.compress_size]
        if len(packed) != entry.compress_size:
            raise FileRefused("damaged")
        return packed


def _inflate(packed: memoryview, step: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(0, len(packed), _PACKED_STEP):
        rest: bytes | memoryview = packed[at : at + _PACKED_STEP]
        while rest:
            piece = inflater.decompress(rest, step)
            if piece:
                yield piece
            rest = inflater.unconsumed_tail
        if inflater.eof:
            return
    tail = inflater.flush()
    if tail:
        yield tail


def _check_directory_size(data: bytes, limits: Limits) -> None:
    """zipfile reads the whole directory before anyone can count it; so look at its size first."""
    at = data.rfind(_END_OF_DIRECTORY, max(0, len(data) - 65_557))
    if at < 0 or len(data) < at + 22:
        raise FileRefused("damaged")
    count = int.from_bytes(data[at + 10 : at + 12], "little")
    size = int.from_bytes(data[at + 12 : at + 16], "little")
    if count == 0xFFFF or size == 0xFFFFFFFF:
        raise FileRefused("too-many-parts", limit=limits.members)
    if count > limits.members or size > limits.members * _DIRECTORY_BYTES_A_MEMBER:
        raise FileRefused("too-many-parts", limit=limits.members)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED:
        raise FileRefused("encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileRefused("damaged")
    if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
        raise FileRefused("damaged")
    # zipfile cuts a name at its first NUL; other readers may not.
    name = entry.orig_filename.replace("\\", "/")
    if "\0" in name or name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name):
        raise FileRefused("unsafe-path")


def _check_totals(entries: list[zipfile.ZipInfo], packed: int, limits: Limits) -> None:
    if len(entries) > limits.members:
        raise FileRefused("too-many-parts", limit=limits.members)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes:
        raise FileRefused("expands")
    if unpacked > max(_RATIO_COUNTS_FROM, limits.ratio * packed):
        raise FileRefused("expands")
