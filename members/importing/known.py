"""What the portal knows already of the people a file names, as tuples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from pairing_portal.common.scope import Scope

from ..models import Person
from ..stages import STAGE_DATE_FIELDS, Stage
from .drafts import PlainRow
from .plan import MERGED_FIELDS

CHUNK = 5_000
_NAMES = {"department": "department__name", "school_class": "school_class__name", "party_branch": "party_branch__name"}
# A known person: the values of MERGED_FIELDS and then these.
DATABASE_FIELDS = (*(_NAMES.get(name, name) for name in MERGED_FIELDS), "number", "pk", "stage", "school_class_id")
NUMBER, PK, STAGE, CLASS_ID = (DATABASE_FIELDS.index(name) for name in ("number", "pk", "stage", "school_class_id"))
NAME, MEMBERSHIP = MERGED_FIELDS.index("name"), MERGED_FIELDS.index("is_league_member")

KnownPerson = tuple[Any, ...]


def known_people(numbers: Collection[str]) -> dict[str, KnownPerson]:
    """The people of these numbers, by number."""
    if connection.vendor == "postgresql":
        # One parameter instead of thousands; numbers are letters and digits.
        listed = RawSQL("SELECT unnest(string_to_array(%s, ','))", [",".join(numbers)])  # no text of a file
        rows: Iterable[KnownPerson] = Person.objects.filter(number__in=listed).order_by().values_list(*DATABASE_FIELDS)
        return {row[NUMBER]: row for row in rows} if numbers else {}
    return {
        row[NUMBER]: row
        for chunk in chunks(sorted(numbers), CHUNK)
        for row in Person.objects.filter(number__in=chunk).order_by().values_list(*DATABASE_FIELDS)
    }


def changeable_ids(people: Iterable[KnownPerson], scope: Scope) -> set[int]:
    """Which of these people somebody may change."""
    found: set[int] = set()
    for chunk in chunks([person[PK] for person in people], CHUNK):
        found.update(Person.objects.changeable_by(scope).filter(pk__in=chunk).values_list("pk", flat=True))  # type: ignore[arg-type]  # ids of one chunk
    return found


class Sameness:
    """Tells quickly that a plain row says nothing new of a known person. False may also mean "look closer"."""

    def __init__(self, rows: Iterable[PlainRow]) -> None:
        columns = zip(*(row.values for row in rows), strict=True)
        said = {at for at, column in enumerate(columns) if any(value is not None for value in column)} - {MEMBERSHIP}
        dates = {MERGED_FIELDS.index(name) for name in STAGE_DATE_FIELDS}
        self.said, self.unsaid_dates = _getter(said or {0}), _getter(dates - said)
        self.nothing = self.unsaid_dates((None,) * len(MERGED_FIELDS))

    def __call__(self, row: PlainRow, known: KnownPerson) -> bool:
        return (
            self.said(row.values) == self.said(known)
            and row.stage == known[STAGE]
            and self.unsaid_dates(known) == self.nothing
            and self._is_same_membership(row, known)
        )

    def _is_same_membership(self, row: PlainRow, known: KnownPerson) -> bool:
        says = row.values[MEMBERSHIP]
        # Without a date it is the membership that makes the stage.
        return (
            row.stage not in (Stage.LEAGUE_MEMBER, Stage.NON_MEMBER)
            if says is None
            else bool(says == known[MEMBERSHIP])
        )


def _getter(positions: set[int]) -> Any:
    # itemgetter gives a tuple only for two or more.
    first, *rest = sorted(positions)
    return itemgetter(first, first, *rest)


def chunks(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
