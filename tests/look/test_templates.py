"""Every template compiles and obeys the content security policy; every icon it asks for is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.template.loader import get_template

from pairing_portal.common.registries import navigation
from pairing_portal.common.templatetags.portal import STATE_ICONS

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(str(path.relative_to(ROOT / "templates")) for path in (ROOT / "templates").rglob("*.html"))
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static" / "icons.svg").read_text()))
SHARED = [name for name in TEMPLATES if "/" not in name or name.startswith(("account/", "includes/"))]


def source(name: str) -> str:
    text = (ROOT / "templates" / name).read_text(encoding="utf-8")
    return re.sub(r"\{#.*?#\}", "", text)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_compiles(name: str) -> None:
    assert get_template(name).template.name == name


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_no_inline_script_or_style(name: str) -> None:
    text = source(name)

    assert [tag for tag in re.findall(r"<script\b[^>]*>", text) if "src=" not in tag and "nonce=" not in tag] == []
    assert [tag for tag in re.findall(r"<style\b[^>]*>", text) if "nonce=" not in tag] == []
    assert re.findall(r"\sstyle\s*=", text) == []
    assert re.findall(r"\s(?:on[a-z]+|hx-on[^\s=]*)\s*=\s*[\"']", text) == []
    assert "javascript:" not in text
    assert "js:" not in text


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_icons_of_a_template_are_in_the_sprite(name: str) -> None:
    asked = re.findall(r'\{% icon "([^"]+)"', source(name)) + re.findall(r'icon(?:_name)?="([a-z0-9-]+)"', source(name))

    assert set(asked) - SPRITE == set()


def test_icons_named_in_code_are_in_the_sprite() -> None:
    assert {entry.icon for entry in navigation} - SPRITE == set()
    assert set(STATE_ICONS.values()) - SPRITE == set()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["er_secretary", "er_member", "league_secretary"])
@pytest.mark.parametrize("address", ["/", "/log/"])
def test_icons_on_the_pages_are_in_the_sprite(sign_in, who: str, address: str) -> None:
    html = sign_in(who).get(address).content.decode()
    shown = set(re.findall(r"icons\.svg#([^\"]+)", html))

    assert shown != set()
    assert shown - SPRITE == set()


def test_the_shared_templates_are_formatted() -> None:
    djade = Path(sys.executable).with_name("djade")
    if not djade.exists():
        pytest.skip("djade is not installed")
    paths = [str(ROOT / "templates" / name) for name in SHARED]
    done = subprocess.run([str(djade), "--check", "--target-version", "5.2", *paths], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
