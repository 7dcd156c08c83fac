"""Files that ship: where they come from, that they name no other host, and how much a phone has to load."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
VENDORS = sorted(path.parent for path in STATIC.glob("vendor/*/VERSION"))
ADDRESS = re.compile(r"https?://[^\s\"'`)<>]+")
# Names of standards, which nothing is loaded from.
NAMESPACES = ("http://www.w3.org/",)
# Words of an error message inside a vendored file; nothing is loaded from there either.
QUOTED = {"bootstrap.bundle.min.js": ("https://github.com/floating-ui/",)}
PHONE_BUDGET = 150 * 1024


def test_each_vendor_folder_names_its_version() -> None:
    assert [path.name for path in VENDORS] == sorted(path.name for path in (STATIC / "vendor").iterdir())
    assert VENDORS != []


@pytest.mark.parametrize("folder", VENDORS, ids=lambda folder: folder.name)
def test_vendored_files_are_what_their_version_says(folder: Path) -> None:
    lines = (folder / "VERSION").read_text().splitlines()
    written = dict(reversed(line.split("  ", 1)) for line in lines[lines.index("sha256:") + 1 :])

    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in written} == written
    assert {path.name for path in folder.iterdir()} - {"VERSION"} == {name for name in written if "/" not in name}
    assert "LICENSE" in written


def shipped() -> list[Path]:
    kinds = (".html", ".txt", ".css", ".js", ".svg", ".webmanifest")
    return sorted(
        path
        for room in (STATIC, ROOT / "templates")
        for path in room.rglob("*")
        if path.suffix in kinds and path.is_file()
    )


@pytest.mark.parametrize("path", shipped(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_file_names_no_other_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if "vendor" in path.parts:
        text = re.sub(r"\A\s*/\*.*?\*/|/\*!.*?\*/", "", text, flags=re.S)  # the licence at the head

    known = NAMESPACES + QUOTED.get(path.name, ())
    assert [found for found in ADDRESS.findall(text) if not found.startswith(known)] == []
    assert "sourceMappingURL" not in text


@pytest.mark.django_db
def test_the_quick_log_stays_light_on_a_phone(sign_in) -> None:
    response = sign_in("er_member").get("/log/")
    html = response.content.decode()
    names = {name.split("#")[0] for name in re.findall(r'(?:href|src)="/static/([^"]+)"', html)}

    sizes = {"page": len(gzip.compress(response.content))}
    for name in names:
        sizes[name] = len(gzip.compress(Path(str(finders.find(name))).read_bytes()))

    assert {"icons.svg", "css/tokens.css", "js/portal.js"} <= names
    assert sum(sizes.values()) < PHONE_BUDGET, sizes
