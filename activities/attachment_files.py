"""An uploaded file, looked at before it is kept: pictures are drawn anew, documents are checked, everything else is refused."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from pairing_portal.common.problems import Refused
from pairing_portal.common.spreadsheets.refusal import MEGABYTE, FileRefused, Limits
from pairing_portal.common.spreadsheets.zip_parts import ZipParts

from .record_models import AttachmentKind
from .virus_scan import refuse_infected

PICTURES: Final = ("jpg", "jpeg", "png", "webp")
# The part without which a packed file is not what its name says.
PACKED: Final = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
# The camera of a phone, and no more: beyond that a small file may fill the memory.
PIXELS_AT_MOST: Final = 25_000_000
# Long side of what is kept; enough for a full page of paper.
LONG_SIDE: Final = 2560
NAME_AT_MOST: Final = 100
CONTENT_TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MACROS = ("vbaproject", "vbadata", "macrosheets/", "activex/")
# Parts that a reader would fetch from elsewhere on opening; plain links are not among them.
_FETCHED = re.compile(
    rb"<[^>]*relationships/(?:attachedTemplate|oleObject|frame|subDocument|externalLinkPath)[^>]*>", re.IGNORECASE
)
_ALPHA = ("RGBA", "LA", "PA", "La", "RGBa")


@dataclass(frozen=True)
class Prepared:
    """What is kept: harmless, and with the name people know it by."""

    name: str
    extension: str
    kind: str
    content_type: str
    data: bytes


def prepare(name: str, data: bytes) -> Prepared:
    """The file as it will be kept. Raises `Refused` for what is no picture, PDF, DOCX or XLSX, whatever its name says."""
    shown = clean_name(name)
    extension = shown.rpartition(".")[2].lower() if "." in shown else ""
    if not data:
        raise Refused(_("The file is empty (0 bytes). Choose it again."), field="file")
    if len(data) > settings.MAX_UPLOAD_MB * MEGABYTE:
        words = _("The file is larger than %(limit)s MB. Choose a smaller one.")
        raise Refused(words % {"limit": settings.MAX_UPLOAD_MB}, field="file")
    if extension in PICTURES or extension == "pdf" or extension in PACKED:
        refuse_infected(data)
    if extension in PICTURES:
        extension, data = _drawn_anew(data)
        kind = AttachmentKind.IMAGE
    elif extension == "pdf":
        _check_pdf(data)
        kind = AttachmentKind.DOCUMENT
    elif extension in PACKED:
        _check_packed(data, extension)
        kind = AttachmentKind.DOCUMENT
    else:
        words = _("Only pictures (JPEG, PNG, WebP), PDF, DOCX and XLSX can be attached.")
        raise Refused(words, field="file")
    stem = shown.rpartition(".")[0].strip(". ") or _("file")
    kept = f"{stem[:NAME_AT_MOST]}.{extension}"
    return Prepared(kept, extension, kind.value, CONTENT_TYPES[extension], data)


def clean_name(name: str) -> str:
    """For people only, the file itself gets another: no folders, no control characters, none that turn the text around."""
    base = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join(character for character in base if unicodedata.category(character)[0] != "C")
    return " ".join(plain.split()).rstrip(". ")


# --- Pictures -------------------------------------------------------------------------------------


def _drawn_anew(data: bytes) -> tuple[str, bytes]:
    """(extension, picture) upright, in 8-bit RGB, without position, camera or whatever else was in the file."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as probe:
            _check_pixels(probe)
            # Reads every checksum; the picture cannot be used after it.
            probe.verify()
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
            opened.load()
            return _encoded(_plain(ImageOps.exif_transpose(opened)))
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise _too_many_pixels() from error
    # Pillow's readers raise whatever the broken place led to.
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError, EOFError) as error:
        words = _("This picture is damaged or is none. Take it again, or choose another.")
        raise Refused(words, field="file") from error


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > PIXELS_AT_MOST:
        raise _too_many_pixels()


def _too_many_pixels() -> Refused:
    words = _("This picture has more than %(limit)d million dots. Make it smaller first.")
    return Refused(words % {"limit": PIXELS_AT_MOST // 1_000_000}, field="file")


def _plain(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where parts are transparent, not larger than needed."""
    if image.mode.startswith("I;16") or image.mode == "I":
        # 16 bits for each dot: the upper 8 are what is seen.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = image.mode in _ALPHA or "transparency" in image.info
    image = image.convert("RGBA" if has_alpha else "RGB")
    image.thumbnail((LONG_SIDE, LONG_SIDE))
    # Comments, profiles and positions travel there.
    image.info.clear()
    return image


def _encoded(image: Image.Image) -> tuple[str, bytes]:
    kept = io.BytesIO()
    if image.mode == "RGBA":
        image.save(kept, "PNG", optimize=True)
        return "png", kept.getvalue()
    image.save(kept, "JPEG", quality=85, optimize=True)
    return "jpg", kept.getvalue()


# --- Documents ------------------------------------------------------------------------------------


def _check_pdf(data: bytes) -> None:
    """Its first and last bytes; what is in between is only ever handed out, never opened here."""
    if not data.startswith(b"%PDF-") or b"%%EOF" not in data[-2048:]:
        words = _("This is no whole PDF file, whatever its name says. Choose it again.")
        raise Refused(words, field="file")


def _check_packed(data: bytes, extension: str) -> None:
    """Unpacked piece by piece, so that a small file cannot become an endless one; nothing that runs or fetches by itself."""
    kind = extension.upper()
    try:
        parts = ZipParts(data, Limits(file_bytes=settings.MAX_UPLOAD_MB * MEGABYTE, members=1000))
        if "[content_types].xml" not in parts.members or PACKED[extension] not in parts.members:
            words = _("This is no %(kind)s file, whatever its name says. Save it again and choose that one.")
            raise Refused(words % {"kind": kind}, field="file")
        if any(mark in path for path in parts.members for mark in _MACROS):
            raise Refused(_("The file contains macros. Save it without macros and choose that one."), field="file")
        for path in parts.members:
            content = parts.pieces(path)
            if path.endswith(".rels"):
                _check_relations(b"".join(content))
                continue
            for _piece in content:
                pass
    except FileRefused as refusal:
        raise Refused(_packed_words(refusal.code) % {"kind": kind}, field="file") from refusal


def _check_relations(text: bytes) -> None:
    if any(b'"external"' in found.group().lower() for found in _FETCHED.finditer(text)):
        words = _("The file loads parts from another place when it is opened. Remove them and save it again.")
        raise Refused(words, field="file")


def _packed_words(code: str) -> str:
    if code == "encrypted":
        return _("The file is encrypted with a password. Remove it and save the file again.")
    if code in ("expands", "too-many-parts", "nested-archive"):
        return _(
            "The file unpacks to far more than its size, or contains other packed files. Attach it as PDF instead."
        )
    return _("This %(kind)s file is damaged. Open it, save it again and choose the new file.")
