"""Fills the Word template of an evidence pack (docxtpl). A college replaces the shipped one by a file of its own.

The template is the operator's, the values are people's: values are escaped and hold no control characters, the template runs in
Jinja's sandbox with plain words alone, and one that does not work is refused in words instead of answering 500.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from django.conf import settings
from django.utils.translation import gettext as _
from docx.opc.exceptions import OpcError
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from pairing_portal.common.problems import Refused

NAME: Final = "conversion_review.docx"
SHIPPED: Final = Path(__file__).with_name(NAME)
CONTENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# What a template of somebody else's may do wrong: its text, its file, its sums.
FAULTS: Final = (
    TemplateError, BadZipFile, OpcError, SyntaxError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, OSError,
)  # fmt: skip
# What XML 1.0 cannot hold.
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def template_path() -> Path:
    """`templates/conversion_review.docx` in the data folder where a college put one, else the shipped one."""
    own = Path(settings.DATA_DIR) / "templates" / NAME
    return own if own.is_file() else SHIPPED


def write_word(context: dict[str, Any]) -> bytes:
    """The filled file. Raises `Refused` when the template cannot be read or asks for something that is not there."""
    path = template_path()
    target = io.BytesIO()
    try:
        document = DocxTemplate(str(path))
        environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
        document.render(_legal(context), environment, autoescape=True)
        document.save(target)
    except FAULTS as error:
        words = _("The Word template does not work (%(why)s). Tell the operator: mend or remove %(name)s in the templates folder; without it the shipped one is used.")  # fmt: skip
        raise Refused(words % {"why": _reason(error), "name": NAME}) from error
    return target.getvalue()


def _reason(error: Exception) -> str:
    """The first line of what the template engine says, without paths of this machine."""
    if isinstance(error, TemplateError):
        return (error.message or type(error).__name__).splitlines()[0][:120]
    if isinstance(error, BadZipFile | OpcError | OSError | LookupError | ValueError):
        return _("it is no Word file of the kind .docx")
    return type(error).__name__


def _legal(value: Any) -> Any:
    """The same without characters that no Word file can hold."""
    if isinstance(value, str):
        return _ILLEGAL.sub("", value)
    if isinstance(value, dict):
        return {key: _legal(item) for key, item in value.items()}
    return [_legal(item) for item in value] if isinstance(value, list) else value
