"""The days of the two tables that grow: each has a partition, made ahead and dropped when old.

What comes on a day that has none lies in the table's default partition and is moved when the day's
own is made.
"""
# ruff: noqa: S608  (statements are put together from this module's own names and from dates)

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import structlog
from django.db import OperationalError, connection, transaction

AHEAD: Final = 7
# A table and the column its days are told by.
TABLES: Final = {"notifications_deliverylog": "settled_at", "notifications_attempt": "at"}
_LOCK: Final = 4_407_003  # one process at a time
_PATIENCE: Final = "SET LOCAL lock_timeout = '3s'"

log = structlog.get_logger(__name__)


def ensure(now: datetime, *, ahead: int = AHEAD) -> list[str]:
    """Makes what is missing of the partitions of today and the days ahead; returns their names."""
    today = now.astimezone(UTC).date()
    wanted = [today + timedelta(days=n) for n in range(ahead + 1)]
    made: list[str] = []
    for table in TABLES:
        have = {day for day, _ in partitions(table)}
        made += [name_of(table, day) for day in wanted if day not in have and _make(table, day)]
    return made


def after_migration(**_: Any) -> None:
    """Makes the first days as soon as the tables are there."""
    if "notifications_attempt" in connection.introspection.table_names():
        ensure(datetime.now(UTC))


def partitions(table: str) -> list[tuple[date, str]]:
    """The days of a table with their partitions' names, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass",
            [table],
        )
        names = [name for (name,) in cursor.fetchall()]
    return sorted((_day_of(name), name) for name in names if name != rest_of(table))


def name_of(table: str, day: date) -> str:
    """The name of a day's partition."""
    return f"{table}_{day:%Y%m%d}"


def rest_of(table: str) -> str:
    """The name of the partition for days that have none."""
    return f"{table}_rest"


def before(table: str, moment: datetime) -> list[str]:
    """The partitions whose days were over at `moment`."""
    last = moment.astimezone(UTC).date()
    return [name for day, name in partitions(table) if day < last]


def rows_in(names: Iterable[str]) -> int:
    """How many rows these partitions hold."""
    count = 0
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(name)}")
            count += int(cursor.fetchone()[0])
    return count


def drop(table: str, name: str) -> bool:
    """Drops a day with all that is in it. False where the table was busy: the next run may."""
    quoted = connection.ops.quote_name(name)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_PATIENCE)
            cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {quoted}")
            cursor.execute(f"DROP TABLE {quoted}")
    except OperationalError as busy:
        log.warning("day_not_dropped", partition=name, reason=str(busy))
        return False
    return True


def _make(table: str, day: date) -> bool:
    """One day's partition, with the rows that came before it was there. False: made by another,
    or the table was busy."""
    column, quoted = TABLES[table], connection.ops.quote_name(name_of(table, day))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    bounds = {"start": start, "end": start + timedelta(days=1)}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_PATIENCE)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            if any(day == other for other, _ in partitions(table)):
                return False
            cursor.execute(f"CREATE TABLE {quoted} (LIKE {table} INCLUDING DEFAULTS)")
            cursor.execute(
                f"WITH moved AS (DELETE FROM {rest_of(table)}"
                f" WHERE {column} >= %(start)s AND {column} < %(end)s RETURNING *)"
                f" INSERT INTO {quoted} SELECT * FROM moved",
                bounds,
            )
            cursor.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {quoted}"
                " FOR VALUES FROM (%(start)s) TO (%(end)s)",
                bounds,
            )
    except OperationalError as busy:
        log.warning("day_not_made", table=table, day=str(day), reason=str(busy))
        return False
    return True


def _day_of(name: str) -> date:
    return datetime.strptime(name.rpartition("_")[2], "%Y%m%d").replace(tzinfo=UTC).date()
