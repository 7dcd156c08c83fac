"""How a ballot is kept: a digit for the grade and one for each heading, so that ballots of one round are equally long. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pairing_portal.common.secret_ballots import mixed

from .appraisal_rules import GRADES

Mark = dict[str, Any]
# Person id as text → digits: the grade (0: none), then the headings.
Sheet = dict[str, str]
MARKS: Final = ("good", "fair", "poor")
ITEMS: Final = ("ideals", "theory", "discipline", "integrity", "service", "example")


def written(marks: Mapping[int, Mark]) -> Sheet:
    """The marks of one ballot as they are kept, in the order of the people's ids."""
    return {str(person_id): _digits(marks[person_id]) for person_id in sorted(marks)}


def _digits(mark: Mark) -> str:
    grade = GRADES.index(mark["grade"]) + 1 if mark["grade"] else 0
    return str(grade) + "".join(str(MARKS.index(mark["items"][item]) + 1) for item in ITEMS)


def mark_of(sheet: Sheet, person_id: int) -> Mark:
    """What stands on a kept sheet about one person."""
    grade, *items = (int(digit) for digit in sheet[str(person_id)])
    return {
        "grade": GRADES[grade - 1] if grade else "",
        "items": {item: MARKS[digit - 1] for item, digit in zip(ITEMS, items, strict=True)},
    }


def mixed_sheets(sheets: Sequence[Sheet]) -> list[Sheet]:
    """As many sheets with the same marks, dealt out anew place by place: the counts stay, no sheet is one voter's."""
    cells = [
        {(key, place): digit for key, digits in sheet.items() for place, digit in enumerate(digits)} for sheet in sheets
    ]
    return [_joined(row.items()) for row in mixed(cells)]


def _joined(cells: Iterable[tuple[tuple[str, int], str]]) -> Sheet:
    found: Sheet = {}
    for (key, _place), digit in cells:
        found[key] = found.get(key, "") + digit
    return found
