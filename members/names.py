"""Pinyin keys of Chinese names. SQLite has no pinyin order, so the key is stored. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT

# Surnames read differently from the same character elsewhere.
SURNAMES = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "朴": "piao", "查": "zha", "区": "ou", "盖": "ge", "覃": "qin",
    "尉迟": "yuchi", "万俟": "moqi", "长孙": "zhangsun", "翟": "zhai", "缪": "miao", "乐": "yue", "员": "yun", "任": "ren",
    "华": "hua", "燕": "yan", "秘": "bi", "冼": "xian", "冯": "feng", "那": "na", "哈": "ha", "洗": "xian",
}  # fmt: skip


# Longer texts have more parts to look up than is gained.
SHORT = 4


@lru_cache(maxsize=50_000)
def _readings(text: str) -> tuple[str, ...]:
    """How the characters are read. Only within a known word does one depend on its neighbours; names hardly hold any."""
    if len(text) > SHORT or any(part in PHRASES_DICT for part in _parts(text)):
        return _read_together(text)
    return tuple(reading for character in text for reading in _reading(character))


def _parts(text: str) -> Iterator[str]:
    """Every part of two characters and more."""
    return (text[start:end] for start in range(len(text)) for end in range(start + 2, len(text) + 1))


def _read_together(text: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(text, style=Style.NORMAL, errors="ignore"))


_reading = lru_cache(maxsize=50_000)(_read_together)


@lru_cache(maxsize=50_000)
def name_key(name: str) -> str:
    """Lower-case pinyin, a space, the initials: 潘桂 -> "pangui pg". Sorts and searches without tones."""
    surname = next((part for part in (name[:2], name[:1]) if part in SURNAMES), "")
    if surname:
        rest = _readings(name[len(surname) :])
        readings: tuple[str, ...] = (SURNAMES[surname], *rest)
    else:
        readings = _readings(name)
    if not readings:
        return name.lower()[:200]
    whole = "".join(readings)
    return f"{whole} {''.join(reading[0] for reading in readings)}"[:200]
