"""Rows that nobody can tie to a person: rewritten all together, in an order that says nothing.

A database remembers more than its columns: row ids grow, PostgreSQL's `xmin` names the transaction that wrote a row and `ctid`
its place. So an answer is never simply added. All rows of its group and of the roll of who has answered are deleted and written
anew, shuffled, in the transaction of the answer: afterwards every row has the same transaction and a random place and id.

Two things more would tell. Backups of two nights, laid side by side: what came in between, and the roll of who answered between
them. So the rows are sealed (`SealedField`): without the keys, which lie apart from the database, all of them look new every time.
And a handwriting: whoever marks themselves high and everybody else low signs by it. So marks are mixed (`mixed`): no row holds
what one person said; only the counts stay.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.utils.translation import gettext as _

from .encryption import EncryptedTextField, Undecipherable, decrypt, encrypt

Row = TypeVar("Row", bound=models.Model)
Place = TypeVar("Place", bound=Hashable)
Cell = TypeVar("Cell")
# Sealed values are filled up to a multiple of this many bytes, so that their length tells little of what is in them.
BLOCK = 256
_random = secrets.SystemRandom()

# Addresses that leave no line in the request log: its time and its account would tell what the rows do not.
UNLOGGED = re.compile(r"^/evaluations/(appraisals/\d+/vote|feedback/class/\d+)/$")


def rewrite_shuffled(model: type[Row], *, group: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Replace all rows of `model` in `group` by `rows` (values without id), in random order with random ids.

    Call it inside a transaction that holds a lock on the group; the model's id is a random UUID.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("rewrite_shuffled needs the transaction of the answer")
    shuffled = list(rows)
    _random.shuffle(shuffled)
    model._base_manager.filter(**group).delete()
    model._base_manager.bulk_create([model(**group, **values) for values in shuffled])


def mixed(rows: Sequence[Mapping[Place, Cell]]) -> list[dict[Place, Cell]]:
    """As many rows with the same cells at each place, dealt out anew place by place: every count stays, no row is anybody's."""
    dealt: list[dict[Place, Cell]] = [{} for _row in rows]
    for place in dict.fromkeys(place for row in rows for place in row):
        holders = [number for number, row in enumerate(rows) if place in row]
        cells = [rows[number][place] for number in holders]
        _random.shuffle(cells)
        for number, cell in zip(holders, cells, strict=True):
            dealt[number][place] = cell
    return dealt


class SealedField(EncryptedTextField):
    """A value of JSON, encrypted like `EncryptedTextField`, that tells neither when it was written nor how long it is."""

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
        return encrypt(text + " " * (-len(text) % BLOCK), is_ageless=True)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(decrypt(value))

    def to_python(self, value: Any) -> Any:
        """Undoes `value_to_string`; other values stay as they are."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(decrypt(value))
        except (Undecipherable, ValueError) as error:
            raise ValidationError(_("This text cannot be stored."), code="undecipherable") from error
