"""Rows that nobody can tie to a person: rewritten all together, in an order that says nothing.

A database remembers more than its columns: row ids grow, PostgreSQL's `xmin` names the transaction that wrote a row and `ctid`
its place. So an answer is never simply added. All rows of its group and of the roll of who has answered are deleted and written
anew, shuffled, in the transaction of the answer: afterwards every row has the same transaction and a random place and id.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)
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
