"""Is the Chinese catalogue complete and compiled? Needs Debian's gettext for the extraction; changes no file.

`--write` extracts, keeps what is translated and compiles, for whoever adds a sentence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")
# Beside a Chinese character a mark is as wide as the character. Brackets are left: headings of offices' forms have narrow ones.
NARROW = re.compile(r"[\u4e00-\u9fff”》」）][,:;?!]|[,:;?!] ?[\u4e00-\u9fff“《「（]")


def extract(folder: Path) -> None:
    command = [
        sys.executable, "manage.py", "makemessages", "-l", "zh_Hans", "-l", "en", "--no-obsolete", "--no-location",
        "--ignore=.venv", "--ignore=tests", "--ignore=var", "-v", "0",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, env={**os.environ, "DEBUG": "1", "SECRET_KEY": "catalogue"}, check=True)


def keys(catalogue: polib.POFile) -> dict[tuple[str, str, str], polib.POEntry]:
    return {(entry.msgctxt or "", entry.msgid, entry.msgid_plural): entry for entry in catalogue if not entry.obsolete}


def texts(entry: polib.POEntry) -> list[str]:
    return [entry.msgstr, *entry.msgstr_plural.values()]


def main() -> int:
    if "--write" in sys.argv:
        extract(ROOT)
        catalogue = polib.pofile(str(ROOT / CATALOGUE))
        catalogue.save_as_mofile(str((ROOT / CATALOGUE).with_suffix(".mo")))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".venv", "var", ".git", "node_modules", "__pycache__")
        )
        extract(copy)
        wanted = keys(polib.pofile(str(copy / CATALOGUE)))
    stored = keys(polib.pofile(str(ROOT / CATALOGUE)))
    compiled = keys(polib.mofile(str((ROOT / CATALOGUE).with_suffix(".mo"))))
    faults = [f"not in the catalogue: {key[1]!r}" for key in wanted if key not in stored]
    faults += [f"not translated: {key[1]!r}" for key, entry in stored.items() if not entry.translated()]
    faults += [
        f"a narrow mark in: {text!r}" for entry in stored.values() for text in texts(entry) if NARROW.search(text)
    ]
    faults += [f"not compiled: {key[1]!r}" for key in stored if key not in compiled]
    print("\n".join(faults) or f"{len(stored)} sentences, all translated and compiled")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
