"""Columns go into the database and come back as they were."""

from __future__ import annotations

import polars as pl
import pytest
from django.db import connection, transaction

from exchanges.staging import fetch, milliseconds, moment, stage

pytestmark = pytest.mark.django_db

TYPES = {"name": "text", "number": "float8", "whole": "int8", "flag": "boolean"}
SCHEMA = {"name": pl.String, "number": pl.Float64, "whole": pl.Int64, "flag": pl.Boolean}
AWKWARD = pl.DataFrame(
    {
        "name": ["plain", "", None, 'quo"ted, comma', "new\nline", "£€", r"back\slash"],
        "number": [1e-18, 1e300, None, 0.1, -0.0, 1 / 3, 123456789.123456789],
        "whole": [1, 0, None, -5, 2**62, 7, 8],
        "flag": [True, False, None, True, False, True, False],
    },
    schema=SCHEMA,
)


def there_and_back(frame: pl.DataFrame) -> pl.DataFrame:
    with transaction.atomic(), connection.cursor() as cursor:
        stage(cursor, "staged", TYPES, frame)
        return fetch(cursor, "SELECT name, number, whole, flag::int FROM staged", SCHEMA)


def test_every_value_survives() -> None:
    assert there_and_back(AWKWARD).equals(AWKWARD)


def test_nothing_survives_as_nothing() -> None:
    assert there_and_back(AWKWARD.clear()).equals(AWKWARD.clear())


def test_the_order_of_the_frames_columns_does_not_matter() -> None:
    assert there_and_back(AWKWARD.select("flag", "whole", "number", "name")).equals(AWKWARD)


def test_a_table_can_be_staged_again_in_the_same_transaction() -> None:
    with transaction.atomic():
        assert there_and_back(AWKWARD).equals(there_and_back(AWKWARD))


@pytest.mark.parametrize("at_ms", [0.0, 1_669_012_550_123.0, 4_133_404_800_000.0])
def test_moments_keep_their_milliseconds(at_ms: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {milliseconds(moment('%s'))}", [at_ms])
        assert cursor.fetchone() == (at_ms,)
