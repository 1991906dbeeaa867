"""Columns to and from PostgreSQL at once, by COPY: no value passes through Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from exchanges.columns import Schema, empty

NULL: Final = r"\N"
RAW: Final[Mapping[Any, type[pl.DataType]]] = {
    pl.Boolean: pl.Int64,
    pl.Int64: pl.Int64,
    pl.Float64: pl.Float64,
}


def stage(cursor: Any, table: str, columns: Mapping[str, str], frame: pl.DataFrame) -> None:
    """Fills a temporary table of the transaction with `frame`, whose columns have these SQL types.

    Names and types come from code, never from data. The table is dropped when the transaction ends.
    """
    fields = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    cursor.execute(f"DROP TABLE IF EXISTS {table}")
    cursor.execute(f"CREATE TEMP TABLE {table} ({fields}) ON COMMIT DROP")
    body = frame.select(list(columns)).write_csv(include_header=False, null_value=NULL)
    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv, NULL '{NULL}')") as copy:
        copy.write(body.encode())


def fetch(cursor: Any, query: str, schema: Schema) -> pl.DataFrame:
    """What a query of code gives, as columns in its order; booleans come as 0 and 1."""
    with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '{NULL}')") as copy:
        body = b"".join(copy)
    if not body:
        return empty(schema)
    raw = [(name, RAW.get(kind.base_type(), pl.String)) for name, kind in schema.items()]
    read = pl.read_csv(
        body, has_header=False, schema=dict(raw), null_values=NULL, empty_string_is_null=False
    )
    return read.select(pl.col(name).cast(kind) for name, kind in schema.items())


def moment(milliseconds: str) -> str:
    """SQL for a column of milliseconds as a moment."""
    return f"to_timestamp({milliseconds} / 1000.0)"


def milliseconds(moment: str) -> str:
    """SQL for a moment as milliseconds."""
    return f"extract(epoch FROM {moment})::float8 * 1000"
