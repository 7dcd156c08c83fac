"""Text on its surface: WCAG AA asks for 4.5."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pairing_portal.admin_look import UNFOLD

ROOT = Path(__file__).resolve().parents[2]
CSS = (ROOT / "static" / "css" / "tokens.css").read_text()
TOKENS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS))
PAIRS = [
    ("ink", "paper"), ("ink", "surface"), ("ink", "exempt-tint"), ("ink", "brand-tint"),
    ("muted", "paper"), ("muted", "surface"), ("muted", "brand-tint"), ("muted", "exempt-tint"),
    ("brand", "paper"), ("brand", "surface"), ("brand", "brand-tint"), ("brand-hover", "exempt-tint"),
    ("surface", "brand"), ("surface", "brand-hover"),
    ("ok", "ok-tint"), ("ok", "surface"), ("wait", "wait-tint"), ("wait", "surface"), ("wait", "brand-tint"),
    ("late", "late-tint"), ("late", "surface"), ("exempt", "exempt-tint"), ("exempt", "surface"),
    ("gold", "surface"), ("gold", "gold-tint"),
]  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_measure_knows_black_on_white() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert contrast("#8a8a8a", "#ffffff") < 4.5


@pytest.mark.parametrize(("text", "surface"), PAIRS)
def test_text_can_be_read_on_its_surface(text: str, surface: str) -> None:
    assert contrast(TOKENS[text], TOKENS[surface]) >= 4.5


def test_honours_can_be_read() -> None:
    rule = re.search(
        r"\.state-honour \{[^}]*color: (#[0-9a-f]{6})", (ROOT / "static" / "css" / "portal.css").read_text()
    )

    assert rule is not None
    assert contrast(rule[1], TOKENS["gold-surface"]) >= 4.5


def test_the_tokens_are_those_of_the_house() -> None:
    house = {"brand": "#b71c1c", "brand-hover": "#9b1b1b", "brand-tint": "#fdf3f1", "gold": "#8a6100",
             "gold-surface": "#f3e3b3", "ink": "#1f2328", "muted": "#5b6470", "line": "#e4e7eb", "paper": "#fafaf9",
             "ok": "#1b6e4b", "wait": "#8a5a00", "late": "#a3271d", "exempt": "#55606b"}  # fmt: skip

    assert {name: TOKENS[name] for name in house} == house


def test_the_admin_has_the_same_red() -> None:
    primary = UNFOLD["COLORS"]["primary"]

    assert (primary["50"], primary["600"], primary["700"]) == (
        TOKENS["brand-tint"],
        TOKENS["brand"],
        TOKENS["brand-hover"],
    )
