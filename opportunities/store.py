"""Columns to and from PostgreSQL at once: COPY both ways, no value passes through Python."""
# ruff: noqa: S608  (statements are put together from this app's own column names, never from data)

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
from django.db.models import Model

from exchanges.columns import Schema

_TYPES: Final = {
    pl.String: "text",
    pl.Float64: "float8",
    pl.Int64: "int8",
    pl.Boolean: "bool",
}
# Texts hold JSON: with a mark of its own as quote, its quotes need not be doubled.
_QUOTE: Final = "\x01"
_AT_ONCE: Final = 500
_QUOTE_SQL: Final = "E'\\x01'"


def column(name: str) -> str:
    """The table's column of a frame's: times are `…_ms` in frames and `…_at` or `…_since` there."""
    if not name.endswith("_ms") or name.endswith("age_ms"):
        return name
    stem = name.removesuffix("_ms")
    return stem if stem.endswith(("_at", "_since", "as_of")) else f"{stem}_at"


def is_time(name: str) -> bool:
    """Whether a frame's column is a moment, in ms."""
    return column(name) != name


def table(model: type[Model]) -> str:
    """The name of a model's table."""
    return model._meta.db_table  # noqa: SLF001  (documented, whatever its name)


def read(cursor: Any, schema: Schema, source: str, where: str) -> pl.DataFrame:
    """The rows of a table or subquery where this holds, ordered by fingerprint."""
    wanted = ", ".join(_selected(name, kind) for name, kind in schema.items())
    query = f"COPY (SELECT {wanted} FROM {source} WHERE {where}) TO STDOUT"
    with cursor.copy(f"{query} (FORMAT csv)") as copy:
        body = b"".join(copy)
    if not body:
        return pl.DataFrame(schema=dict(schema))
    return pl.read_csv(body, has_header=False, schema=dict(schema)).sort("fingerprint")


def _selected(name: str, kind: Any) -> str:
    if is_time(name):
        return f"round(date_part('epoch', \"{column(name)}\") * 1000)"
    return f'"{name}"::text' if kind == pl.Boolean else f'"{name}"'


def stage(cursor: Any, name: str, frame: pl.DataFrame) -> None:
    """Copy a frame into a temporary table of the transaction, dropped when it ends."""
    columns = ", ".join(
        f'"{column}" {_TYPES[kind.base_type()]}' for column, kind in frame.schema.items()
    )
    cursor.execute(
        f"DROP TABLE IF EXISTS pg_temp.{name};"  # an outer transaction may hold an earlier scan's
        f" CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP"
    )
    append(cursor, name, frame)


def append(cursor: Any, target: str, frame: pl.DataFrame) -> None:
    """Copy a frame into the columns of a table that it names; the table's constraints hold.

    Raises IntegrityError where a row breaks one.
    """
    columns = ", ".join(f'"{name}"' for name in frame.columns)
    copying = f"COPY {target} ({columns}) FROM STDIN (FORMAT csv, QUOTE {_QUOTE_SQL})"
    with cursor.db.wrap_database_errors, cursor.copy(copying) as to:
        for rows in frame.iter_slices(_AT_ONCE):  # the server reads these while we write more
            to.write(rows.write_csv(include_header=False, quote_char=_QUOTE).encode())


def numbers(cursor: Any, target: str, count: int) -> list[int]:
    """So many new ids of a table, from its sequence."""
    cursor.execute(
        "SELECT array_agg(nextval(ids.sequence)) FROM generate_series(1, %s),"
        # Found once; written in place it would be looked up for every id.
        " (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) ids",
        [count, target],
    )
    return cursor.fetchone()[0] or []


def value(name: str, source: str, json: Iterable[str] = ()) -> str:
    """The staged column as an expression of the table's type."""
    if is_time(name):
        return f'to_timestamp({source}."{name}" / 1000)'
    if name in json:
        return f'{source}."{name}"::jsonb'
    return f'{source}."{name}"'


def targets(names: Iterable[str]) -> str:
    """The table's columns, as a list for INSERT."""
    return ", ".join(f'"{column(name)}"' for name in names)


def values(names: Iterable[str], source: str, json: Iterable[str] = ()) -> str:
    """The staged columns, as a list for SELECT."""
    return ", ".join(value(name, source, json) for name in names)


def settings(names: Iterable[str], source: str, json: Iterable[str] = ()) -> str:
    """Assignments of staged columns, for UPDATE."""
    return ", ".join(f'"{column(name)}" = {value(name, source, json)}' for name in names)


def moment(as_of_ms: float) -> str:
    """A moment as an expression."""
    return f"to_timestamp({as_of_ms!r}::float8 / 1000)"


def iso(as_of_ms: float) -> str:
    """A moment as text, to the millisecond."""
    return datetime.fromtimestamp(as_of_ms / 1000, UTC).isoformat(timespec="milliseconds")


def renamed(frame: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """Only these columns of a frame, under the names on the left."""
    return frame.select(pl.col(source).alias(name) for name, source in names.items())
