"""One row by a unique column, its statement built once: for what every update of the bot asks.

The ORM builds such a statement anew each time, which takes several times as long as reading it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)
Convert = Callable[[Any], Any]


def find(model: type[M], column: str, value: int | str) -> M | None:
    """The row whose `column` is `value`, as the model's manager would give it; None without one."""
    statement, names, converters = _known(model, column)
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
        found = cursor.fetchone()
    if found is None:
        return None
    row = list(found)
    for place, convert in converters:
        row[place] = convert(row[place])
    return model.from_db(connection.alias, names, row)


@lru_cache
def _known(
    model: type[models.Model], column: str
) -> tuple[str, list[str], list[tuple[int, Convert]]]:
    """The statement, the fields it reads in order, and how those are read that need it."""
    options, quote = model._meta, connection.ops.quote_name  # noqa: SLF001
    fields, by = options.concrete_fields, options.get_field(column)
    assert isinstance(by, models.Field), f"{column} is no column"
    assert by.unique, f"{column} may name several rows"
    listed = ", ".join(quote(str(field.column)) for field in fields)
    where = f"{quote(str(by.column))} = %s"
    statement = f"SELECT {listed} FROM {quote(options.db_table)} WHERE {where}"  # noqa: S608
    return statement, [field.attname for field in fields], list(_converters(fields))


def _converters(fields: Any) -> Iterator[tuple[int, Convert]]:
    """The place of each field that is not read as it comes, and what reads it."""
    for place, field in enumerate(fields):
        expression = field.get_col(field.model._meta.db_table)  # noqa: SLF001
        yield from ((place, _bound(convert, expression)) for convert in (
            *connection.ops.get_db_converters(expression), *field.get_db_converters(connection)
        ))  # fmt: skip


def _bound(convert: Callable[..., Any], expression: Any) -> Convert:
    return lambda value: convert(value, expression, connection)
