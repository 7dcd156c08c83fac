"""From a cell to a value: what people write, as one value or as a problem that says what to write instead.

Every parser takes a cell as the reader gives it and returns None for a blank one. It raises `CellProblem`,
never anything else.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeVar

from .reader import UNCALCULATED, Cell
from .refusal import CellProblem

T = TypeVar("T")

FIRST_YEAR, LAST_YEAR = 1900, 2100
# Day numbers that can be dates of living people's lives: 1954 to 2119.
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
_EPOCH_1900, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
# Above this, a number in a spreadsheet no longer has all its digits.
_EXACT = 2**53

# How people write "nothing".
BLANKS = frozenset(
    {"", "-", "--", "---", "—", "——", "–", "―", "/", "\\", "无", "無", "暂无", "空", "n/a", "none", "null"}
)

# Controls, zero-width characters, marks of writing direction, halves of characters. Joiners within emoji and the
# selectors of rare variants are none of these.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]|(?<![\ufe0f\u2600-\u27bf\U0001f000-\U0001faff])\u200d"
)
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")
_SPACES = " \t\n\v\f\r\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
_SPACE = re.compile(f"[{_SPACES}]+")
# Radicals, 々, 〇, the blocks of unified and private characters, selectors of variants.
_IDEOGRAPH = (
    "[\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\ue000-\ufaff\U00020000-\U0003ffff\U000e0100-\U000e01ef]"
)
_SPACE_BETWEEN_IDEOGRAPHS = re.compile(f"(?<={_IDEOGRAPH})[{_SPACES}]+(?={_IDEOGRAPH})")

_CLOCK = r"(?:[T\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?"
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号號]?" + _CLOCK, re.ASCII)
_MONTH = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?", re.ASCII)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})?(?:\.0+)?", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
_YEAR_POINT_MONTH = re.compile(r"(\d{4})\.([2-9]|0[1-9]|1[0-2])", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(\.\d+[eE]\+?|[eE]\+)\d{1,3}", re.ASCII)
_NUMBER_TEXT = re.compile(r"([0-9A-Za-z]{1,50})(?:(?<=\d)\.0+)?", re.ASCII)
_INTEGER = re.compile(r"([+-]?\d{1,18})(?:\.0+)?", re.ASCII)
# What needs no cleaning, as nearly every cell.
_CLEAN_NAME = re.compile("[\u4e00-\u9fef]+")
_CLEAN_NUMBER = re.compile(r"\d[0-9A-Z]{0,49}", re.ASCII)
_CLEAN_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}|[2-9]\d{6,7}", re.ASCII)
_COUNTRY = re.compile(r"(?:\+|00)86(?=\d{8,})", re.ASCII)

_SEXES = {
    "男": "male", "男性": "male", "男生": "male", "m": "male", "male": "male", "1": "male",
    "女": "female", "女性": "female", "女生": "female", "f": "female", "female": "female", "2": "female",
}  # fmt: skip
_YES_NO = {
    "是": True, "有": True, "对": True, "√": True, "✓": True, "✔": True,
    "y": True, "yes": True, "true": True, "1": True,
    "否": False, "没有": False, "×": False, "✗": False, "✘": False,
    "n": False, "no": False, "false": False, "0": False,
}  # fmt: skip
_NAMES = """
汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡
纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克
德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺 穿青人 其他
"""
ETHNICITIES = frozenset(_NAMES.split())
_OTHER_NAMES = {
    "维": "维吾尔", "蒙": "蒙古", "哈萨": "哈萨克", "穿青": "穿青人",
    "未识别": "其他", "其它": "其他", "外国血统": "其他",
}  # fmt: skip


class CleanName(NamedTuple):
    """`controls_removed`: the cell held invisible characters that change how a name is shown or compared."""

    text: str | None
    controls_removed: bool


def to_text(value: Cell) -> str | None:
    """Text in NFC without control characters and outer spaces; line breaks within it stay."""
    text = value if isinstance(value, str) else _as_text(value)
    if not text.isprintable():
        text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip(_SPACES) or None


def to_name(value: Cell) -> CleanName:
    """A person's name: as `to_text`, and without the spaces people put between characters (潘　桂 → 潘桂)."""
    raw = value if isinstance(value, str) else _as_text(value)
    if _CLEAN_NAME.fullmatch(raw):
        return CleanName(raw, False)
    name = _SPACE.sub(" ", _SPACE_BETWEEN_IDEOGRAPHS.sub("", to_text(raw) or ""))
    return CleanName(name or None, not raw.isprintable() and _CONTROLS.search(raw) is not None)


def is_blank(value: Cell) -> bool:
    """Whether a cell says "nothing": blank, spaces, a dash, 无."""
    return value is None or (isinstance(value, str) and _plain(value) in BLANKS)


def to_date(value: Cell, *, month_ok: bool = False, date1904: bool = False) -> date | None:
    """A day. With `month_ok` a month is its first day. `date1904` says from when bare day numbers count."""
    if isinstance(value, datetime):
        return _in_range(value.date(), value)
    if isinstance(value, date):
        return _in_range(value, value)
    if value is None or isinstance(value, str):
        return _date_of_text(value, month_ok, date1904)
    if value is UNCALCULATED:
        raise CellProblem("uncalculated")
    if isinstance(value, bool) or not math.isfinite(value):
        raise CellProblem("unreadable-date", text=_shown(value))
    return _date_of_text(_as_text(value), month_ok, date1904, is_number=True)


def _date_of_text(value: str | None, month_ok: bool, date1904: bool, *, is_number: bool = False) -> date | None:
    if value is None:
        return None
    text = _plain(value)
    if text in BLANKS:
        return None
    # 2005.1 typed as a number is what remains of 2005.10 as well.
    if is_number and (match := _MONTH.fullmatch(text)) and not _YEAR_POINT_MONTH.fullmatch(text):
        raise CellProblem("ambiguous-month", text=_shown(value))
    if match := _DAY.fullmatch(text.upper()):
        return _day(int(match[1]), int(match[2]), int(match[3]), value)
    if match := _MONTH.fullmatch(text):
        return _month(int(match[1]), int(match[2]), value, month_ok)
    if match := _DIGITS.fullmatch(text):
        if match[3] is not None:
            return _day(int(match[1]), int(match[2]), int(match[3]), value)
        if FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
            return _month(int(match[1]), int(match[2]), value, month_ok)
    if (match := _SERIAL.fullmatch(text)) and _FIRST_SERIAL <= int(match[1]) <= _LAST_SERIAL:
        epoch = _EPOCH_1904 if date1904 else _EPOCH_1900
        return _in_range(epoch + timedelta(days=int(match[1])), value)
    raise CellProblem("unreadable-date", text=_shown(value))


def _day(year: int, month: int, day: int, value: Cell) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CellProblem("date-out-of-range", text=_shown(value))
    try:
        return date(year, month, day)
    except ValueError as error:
        raise CellProblem("impossible-date", text=_shown(value)) from error


def _month(year: int, month: int, value: Cell, month_ok: bool) -> date:
    first = _day(year, month, 1, value)
    if not month_ok:
        raise CellProblem("month-only", text=_shown(value))
    return first


def _in_range(day: date, value: Cell) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CellProblem("date-out-of-range", text=_shown(value))
    return day


def to_number_text(value: Cell) -> str | None:
    """A student or staff number: capital letters and ASCII digits, exact. Refuses numbers that have lost digits."""
    if isinstance(value, str) and _CLEAN_NUMBER.fullmatch(value):
        return value
    if isinstance(value, float):
        if not value.is_integer():
            raise CellProblem("not-a-number", text=_shown(value))
        if abs(value) > _EXACT:
            raise CellProblem("precision-lost", text=_shown(value))
    if isinstance(value, bool | date):
        raise CellProblem("not-a-number", text=_shown(value))
    text = _plain(value)
    if text in BLANKS:
        return None
    # Exported once more, or typed with the sign that makes a number text.
    text = text.lstrip("'‘’`")
    if _SCIENTIFIC.fullmatch(text):
        raise CellProblem("scientific", text=_shown(value))
    if isinstance(value, float | int) and value < 0:
        raise CellProblem("not-a-number", text=_shown(value))
    match = _NUMBER_TEXT.fullmatch(re.sub(f"[{_SPACES}\\-‐‑‒–—]", "", text))
    if match is None:
        raise CellProblem("not-a-number", text=_shown(value))
    return match[1].upper()


def to_phone(value: Cell) -> str | None:
    """The digits of one telephone number, without country code."""
    if isinstance(value, str) and _CLEAN_MOBILE.fullmatch(value):
        return value
    text = _COUNTRY.sub("", re.sub(f"[{_SPACES}\\-‐‑‒–—().']", "", _plain(_without_point(value))), count=1)
    if text in BLANKS:
        return None
    if not _PHONE.fullmatch(text):
        raise CellProblem("not-a-phone", text=_shown(value))
    return text


def to_int(value: Cell, *, low: int | None = None, high: int | None = None) -> int | None:
    """A whole number from `low` to `high`."""
    text = _plain(value)
    if text in BLANKS:
        return None
    match = _INTEGER.fullmatch(text)
    if match is None or isinstance(value, bool | date):
        raise CellProblem("not-an-integer", text=_shown(value))
    number = int(match[1])
    if low is not None and number < low:
        raise CellProblem("too-small", text=_shown(value), low=low)
    if high is not None and number > high:
        raise CellProblem("too-big", text=_shown(value), high=high)
    return number


def to_choice(table: Mapping[str, T]) -> Callable[[Cell], T | None]:
    """A parser for the words of `table`; for each meaning the first word is the one named in the message."""
    meanings = {_compact(word): meaning for word, meaning in table.items()}
    named: dict[T, str] = {}
    for word, meaning in table.items():
        named.setdefault(meaning, word)

    def parse(value: Cell) -> T | None:
        word = _compact(_plain(_without_point(value)))
        if word in meanings:
            return meanings[word]
        if word in BLANKS:
            return None
        raise CellProblem("unknown-choice", text=_shown(value), allowed=", ".join(named.values()))

    return parse


def to_sex(value: Cell) -> str | None:
    """`male` or `female`."""
    return _sex(value)


def to_bool(value: Cell) -> bool | None:
    """是 or 否, and how else people say so."""
    return value if isinstance(value, bool) else _yes_no(value)


def to_ethnicity(value: Cell) -> str | None:
    """The name of an ethnic group without 族."""
    name = _compact(_plain(value))
    if name in BLANKS:
        return None
    for candidate in (name, name.removesuffix("族")):
        candidate = _OTHER_NAMES.get(candidate, candidate)
        if candidate in ETHNICITIES:
            return candidate
    raise CellProblem("unknown-ethnicity", text=_shown(value))


def _plain(value: Cell) -> str:
    """What a cell says, for comparing: NFKC (makes full-width digits ASCII), lower case, no controls."""
    text = value if isinstance(value, str) else _as_text(value)
    if not text.isascii() or not text.isprintable():
        text = _CONTROLS.sub("", unicodedata.normalize("NFKC", text))
    return text.strip(_SPACES).casefold()


def _compact(text: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _without_point(value: Cell) -> Cell:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_text(value: Cell) -> str:
    if value is None:
        return ""
    if value is UNCALCULATED:
        raise CellProblem("uncalculated")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value)) if abs(value) < 1e300 else repr(value)
    return str(value)


def _shown(value: Cell) -> str:
    """A cell in a message: what stands there, on one line, not endless."""
    text = " ".join(_CONTROLS.sub("", _as_text(value)).split())
    return text if len(text) <= 40 else text[:39] + "…"


_sex = to_choice(_SEXES)
_yes_no = to_choice(_YES_NO)
