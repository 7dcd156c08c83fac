"""Every source, in the order of the board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .base import Overdue, SupervisionSource, Watch
from .sources_lectures import LECTURES
from .sources_life import LIFE
from .sources_mentoring import MENTORING
from .sources_pairings import PAIRINGS
from .sources_people import PEOPLE

SOURCES: Final = (*PEOPLE, *MENTORING, *LECTURES, *PAIRINGS, *LIFE)
BY_KEY: Final[Mapping[str, SupervisionSource]] = {source.key: source for source in SOURCES}


def find_overdue(
    watch: Watch, sources: Iterable[SupervisionSource] = SOURCES, *, viewer_id: int | None = None
) -> dict[str, list[Overdue]]:
    """Source key → its rows of the watched branches, the oldest first; `viewer_id`, a person, finds no judgement of themselves."""
    found = {}
    for source in sources:
        rows = [
            row
            for row in (source.find(watch) if watch.branches else ())
            if row.branch_id in watch.branches and not (source.judges and viewer_id and row.person_id == viewer_id)
        ]
        found[source.key] = sorted(rows, key=lambda row: (-row.days(watch.today), row.branch_id, row.key))
    return found
