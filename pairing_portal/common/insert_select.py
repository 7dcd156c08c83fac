"""INSERT … SELECT from a queryset: rows written by the database in one statement, however many; PostgreSQL and SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models, router


def insert_select(
    *,
    model: type[models.Model],
    rows: models.QuerySet[Any, Any],
    columns: Sequence[str],
    constants: Mapping[str, Any],
    unless: str = "",
) -> int:
    """Write a row of `model` for each of `rows`; one that breaks a unique constraint is left out. Returns how many are new.

    `rows` yields values named as the table's `columns` (`.values(user_id=…)`); `constants` maps names of fields to what every row gets.
    Rows whose `unless` column is in the table already are left out before they cost a number of the sequence. Defaults of the
    model do not apply: what may not be empty must be given. Signals and histories do not see these rows.
    """
    using = router.db_for_write(model)
    connection = connections[using]
    try:
        select, parameters = rows.query.get_compiler(using).as_sql()
    except EmptyResultSet:
        return 0
    quote = connection.ops.quote_name
    fixed = {model._meta.get_field(name): value for name, value in constants.items()}
    values = [field.get_db_prep_save(value, connection) for field, value in fixed.items()]  # type: ignore[union-attr]  # columns, no relations
    table = quote(model._meta.db_table)
    names = ", ".join(map(quote, [*columns, *(str(field.column) for field in fixed)]))  # type: ignore[union-attr]  # columns, no relations
    wanted = ", ".join([*(f"fresh.{quote(name)}" for name in columns), *["%s"] * len(values)])
    known, new = quote(unless or "id"), f"fresh.{quote(unless)}" if unless else "NULL"
    # All names are the model's. SQLite would read ON CONFLICT as part of a join if no WHERE stood before it.
    statement = (
        f"INSERT INTO {table} ({names}) SELECT {wanted} FROM ({select}) AS fresh "  # noqa: S608  # names of the model
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS known WHERE known.{known} = {new}) ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *parameters])
        return int(cursor.rowcount)
