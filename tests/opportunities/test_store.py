"""Frames into tables: every value arrives as it was, and the table's constraints hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from django.db import IntegrityError, connection, transaction

from opportunities import store
from opportunities.models import ScanRecord, Sighting

pytestmark = pytest.mark.django_db

TEXTS = ["plain", "a,b", 'say "so"', "two\nlines", "\x01mark\x01", "", None, "\\N"]


@pytest.fixture
def cursor() -> Iterator[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        yield cursor


def staged(cursor: Any, frame: pl.DataFrame) -> list[Any]:
    store.stage(cursor, "tried", frame)
    cursor.execute("SELECT * FROM tried")
    return list(cursor.fetchall())


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_arrives_as_it_was(cursor: Any, text: str | None) -> None:
    frame = pl.DataFrame({"number": [1], "text": pl.Series([text], dtype=pl.String)})
    assert staged(cursor, frame) == [(1, text)]


def test_numbers_and_flags_arrive_as_they_were(cursor: Any) -> None:
    frame = pl.DataFrame({"net": [0.1 + 0.2, None, -1e-17], "best": [True, False, None]})
    assert staged(cursor, frame) == frame.rows()


def test_more_rows_than_go_at_once_all_arrive_in_order(cursor: Any) -> None:
    frame = pl.DataFrame({"number": range(1201)})
    assert staged(cursor, frame) == frame.rows()


def test_no_rows_are_no_rows(cursor: Any) -> None:
    assert staged(cursor, pl.DataFrame(schema={"number": pl.Int64})) == []


def test_a_frame_is_appended_to_the_columns_it_names(cursor: Any) -> None:
    moment = store.iso(1_790_000_000_123.0)
    row = {"as_of": moment, "took_ms": 1.5, "counts": '{"dead": 2}', "candidates": 3, "live": 2}
    more = {"opened": 1, "closed": 0, "versions": '{"fees": "a,b"}'}
    store.append(cursor, store.table(ScanRecord), pl.DataFrame([row | more]))
    record = ScanRecord.objects.get()
    assert record.as_of == datetime(2026, 9, 21, 14, 13, 20, 123_000, tzinfo=UTC)
    assert (record.counts, record.versions) == ({"dead": 2}, {"fees": "a,b"})


def test_what_breaks_a_tables_constraint_is_refused(cursor: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        store.append(cursor, store.table(Sighting), pl.DataFrame({"fingerprint": ["x"]}))


def test_new_ids_are_as_many_as_asked_for_and_never_given_twice(cursor: Any) -> None:
    table = "opportunities_opportunity"
    first, second = (store.numbers(cursor, table, count) for count in (3, 2))
    assert (len(first), len(second)) == (3, 2)
    assert len({*first, *second}) == 5
    assert store.numbers(cursor, table, 0) == []


@pytest.mark.parametrize(
    "as_of_ms", [1_790_000_000_000.0, 1_790_000_000_123.0, 1_790_000_000_999.0]
)
def test_a_moment_is_the_same_as_text_and_as_expression(cursor: Any, as_of_ms: float) -> None:
    cursor.execute(f"SELECT {store.moment(as_of_ms)} = %s::timestamptz", [store.iso(as_of_ms)])
    assert cursor.fetchone() == (True,)
