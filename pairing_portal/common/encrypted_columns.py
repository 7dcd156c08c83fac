"""All encrypted columns of all rooms: whether their rows can be read, and how they come under the newest key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast

from .encryption import EncryptedTextField, Undecipherable, decrypt, is_current, rotate

BATCH = 200


@dataclass(frozen=True)
class Column:
    """One encrypted column; found by its kind, so that no room has to be imported."""

    model: type[models.Model]
    name: str

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"

    def stored(self) -> models.QuerySet[Any]:
        """Rows with what really stands in the column as `stored`."""
        rows = self.model._base_manager.annotate(stored=Cast(F(self.name), TextField()))
        return rows.exclude(**{f"{self.name}__isnull": True}).order_by("pk")


@dataclass
class Rotation:
    """What was found in a column and what was done."""

    rows: int = 0
    rotated: int = 0
    unreadable: int = 0


def encrypted_columns() -> list[Column]:
    """Of every table that is there already."""
    tables = set(connection.introspection.table_names())
    return [
        Column(model, field.name)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.db_table in tables
        for field in model._meta.local_fields
        if isinstance(field, EncryptedTextField)
    ]


def unreadable_rows(column: Column) -> tuple[int, int]:
    """(rows the keys in use do not open, rows in all)."""
    unreadable = rows = 0
    try:
        with transaction.atomic():
            for stored in column.stored().values_list("stored", flat=True).iterator():
                rows += 1
                unreadable += not _opens(stored)
    except DatabaseError:  # a column that a waiting migration adds
        return 0, 0
    return unreadable, rows


def _opens(stored: str) -> bool:
    try:
        decrypt(stored)
    except Undecipherable:
        return False
    return True


def rotate_column(column: Column, *, dry_run: bool = False, batch: int = BATCH) -> Rotation:
    """Write every value again under the newest key, unless it stands there already.

    Each batch is a transaction of its own, so that an interrupted run leaves whole rows and the next one goes on. A row
    that somebody changed meanwhile is left: it was written with the newest key.
    """
    done = Rotation()
    for rows in _batches(column, batch):
        with transaction.atomic():
            for pk, stored in rows:
                done.rows += 1
                if is_current(stored):
                    continue
                try:
                    fresh = rotate(stored)
                except Undecipherable:
                    done.unreadable += 1
                    continue
                if dry_run:
                    done.rotated += 1
                else:
                    unchanged = column.stored().filter(pk=pk, stored=stored).order_by()
                    done.rotated += unchanged.update(**{column.name: Value(fresh, output_field=TextField())})
    return done


def _batches(column: Column, size: int) -> Iterator[list[tuple[Any, str]]]:
    rows = list(column.stored().values_list("pk", "stored")[:size])
    while rows:
        yield rows
        rows = list(column.stored().filter(pk__gt=rows[-1][0]).values_list("pk", "stored")[:size])
