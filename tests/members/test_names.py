"""Pinyin keys of names: character by character where no known word is in them, else together."""

from __future__ import annotations

import random
import re

import pytest
from pypinyin.constants import PHRASES_DICT

from members.names import _read_together, _readings, name_key
from pairing_portal.common.spreadsheets import read_workbook
from tests.members.importing.test_samples import CLASSES, EXPECTED, FOURTH, SAMPLES, SECOND, SIXTH, THIRD


def names_of_the_samples() -> set[str]:
    """Every text of two to four Chinese characters in the sample rosters."""
    found = {row["name"] for row in EXPECTED["people"] + EXPECTED["classmates"]}
    for file in (SECOND, THIRD, FOURTH, SIXTH, CLASSES):
        for sheet in read_workbook((SAMPLES / file).read_bytes(), file).visible_sheets:
            cells = (cell for row in sheet.rows for cell in row.cells)
            found |= {cell for cell in cells if isinstance(cell, str) and re.fullmatch("[\u4e00-\u9fff]{2,4}", cell)}
    return found


def generated_names() -> set[str]:
    """Rare and frequent characters, letters and signs, and known words by themselves and within."""
    chance = random.Random(7)
    rare = [chr(code) for code in range(0x4E00, 0x9FA6)]
    often = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗明华丽强军伟重庆长乐行单朝阳大夫的了着·aA 1"
    names = {
        "".join(chance.choice(often if chance.random() < 0.7 else rare) for _ in range(chance.randrange(6)))
        for _ in range(500)
    }
    words = chance.sample(sorted(word for word in PHRASES_DICT if len(word) < 5), 300)
    return names | set(words) | {f"王{word}" for word in words}


@pytest.mark.parametrize("names", [names_of_the_samples, generated_names])
def test_names_read_by_the_character_sound_as_read_together(names) -> None:
    wrong = {name: _readings(name) for name in names() if _readings(name) != _read_together(name)}
    assert wrong == {}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("潘桂", "pangui pg"),
        ("单重庆", "shanchongqing scq"),
        ("王重庆", "wangchongqing wcq"),
        ("欧阳英妍", "ouyangyingyan oyyy"),
        ("尉迟行", "yuchixing yx"),
        ("Ann", "ann"),
    ],
)
def test_a_key_is_the_whole_and_the_initials(name, key) -> None:
    assert name_key(name) == key
