"""The statements that bring the instrument table to what the venues list now.

They run in one transaction, on rows already staged in the temporary table `listed`.
"""
# ruff: noqa: S608  (statements are put together from this file's own names, never from data)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
import structlog

from exchanges.snapshot import KNOWN
from exchanges.staging import fetch, milliseconds, moment, stage
from exchanges.verdicts import Reset

RELISTED_AFTER: Final = "interval '1 day'"  # a listing date that moves by less is a correction
SEEN_EVERY: Final = "interval '1 hour'"  # how exact last_seen is while nothing else changes
GONE_AT_MOST: Final = 0.5  # a list that lost more than this share of a market is not believed

_log = structlog.get_logger(__name__)

_TABLE: Final = "exchanges_instrument"
_STAGED: Final = {
    "venue": "text",
    "symbol": "text",
    "market": "text",
    "base": "text",
    "quote": "text",
    "settle": "text",
    "asset": "text",
    "multiplier": "numeric",
    "contract_size": "numeric",
    "tick": "numeric",
    "lot": "numeric",
    "min_notional": "numeric",
    "status": "text",
    "leveraged": "boolean",
    "inferred": "boolean",
    "listed_at_ms": "float8",
    "offline_at_ms": "float8",
}
_AS_LISTED: Final = tuple(_STAGED)[3:-2]


def stage_rows(cursor: Any, rows: pl.DataFrame) -> None:
    """Puts the rows that venues list now where the other statements find them."""
    stage(cursor, "listed", _STAGED, rows)
    cursor.execute("CREATE INDEX ON listed (venue, market, symbol)")
    cursor.execute("ANALYZE listed")


def read(cursor: Any) -> pl.DataFrame:
    """The current listing of every instrument, as snapshot.KNOWN."""
    columns = {
        "instrument_id": "id",
        "listed_at_ms": milliseconds("listed_at"),
        "offline_at_ms": milliseconds("offline_at"),
        "leveraged": "leveraged::int",
        "inferred": "inferred::int",
    }
    selected = ", ".join(columns.get(name, name) for name in KNOWN)
    query = f"SELECT {selected} FROM {_TABLE} WHERE current ORDER BY venue, market, symbol"
    return fetch(cursor, query, KNOWN)


def close_relisted(cursor: Any, now_ms: float) -> list[Reset]:
    """Ends the rows whose symbol is listed anew; the new row is then an ordinary insert."""
    cursor.execute(
        f"""
        WITH relisted AS (
            SELECT i.id, {moment("l.listed_at_ms")} AS listed_at
            FROM {_TABLE} i JOIN listed l USING (venue, market, symbol)
            WHERE i.current AND NOT l.inferred AND (
                (i.status <> 'pre_market' AND i.listed_at <= {moment("%(now)s")}
                 AND {moment("l.listed_at_ms")} > i.listed_at + {RELISTED_AFTER})
                OR (i.status = 'closed' AND l.status <> 'closed'
                    AND i.offline_at < {moment("%(now)s")} - {RELISTED_AFTER}
                    AND (l.listed_at_ms IS NULL OR i.listed_at IS NULL))
            )
        )
        UPDATE {_TABLE} i SET current = false, status = 'closed',
            offline_at = COALESCE(i.offline_at, relisted.listed_at, {moment("%(now)s")})
        FROM relisted WHERE i.id = relisted.id
        RETURNING i.venue, i.asset, i.market
        """,
        {"now": now_ms},
    )
    found = [Reset(venue, asset, market, "relisted") for venue, asset, market in cursor.fetchall()]
    # A venue that is silent about dates is believed to list the symbol from now on.
    cursor.execute(
        f"""
        UPDATE listed l SET listed_at_ms = %(now)s,
            offline_at_ms = CASE WHEN offline_at_ms > %(now)s THEN offline_at_ms END
        WHERE listed_at_ms IS NULL AND EXISTS (
            SELECT 1 FROM {_TABLE} i WHERE (i.venue, i.market, i.symbol)
                = (l.venue, l.market, l.symbol))
        AND NOT EXISTS (
            SELECT 1 FROM {_TABLE} i WHERE (i.venue, i.market, i.symbol)
                = (l.venue, l.market, l.symbol) AND i.current)
        """,
        {"now": now_ms},
    )
    return found


def renamed(cursor: Any) -> list[Reset]:
    """What stands for another coin than before, under both names."""
    cursor.execute(
        f"""
        SELECT i.venue, name, i.market FROM {_TABLE} i JOIN listed l USING (venue, market, symbol),
            LATERAL (VALUES (i.asset), (l.asset)) AS names(name)
        WHERE i.current AND i.base <> l.base AND (i.inferred OR NOT l.inferred)
        """
    )
    return [Reset(venue, asset, market, "renamed") for venue, asset, market in cursor.fetchall()]


def upsert(cursor: Any, now_ms: float) -> None:
    """Inserts what is new, updates what changed; what was read from text overwrites nothing."""
    columns = ", ".join(_AS_LISTED)
    taken = ", ".join(f"{name} = EXCLUDED.{name}" for name in _AS_LISTED)
    listed_at = (
        "CASE WHEN i.listed_at IS NULL OR i.status = 'pre_market'"
        " THEN COALESCE(EXCLUDED.listed_at, i.listed_at) ELSE i.listed_at END"
    )
    offline_at = (
        f"CASE WHEN EXCLUDED.offline_at > COALESCE({listed_at}, '-infinity')"
        " THEN EXCLUDED.offline_at END"
    )
    now = moment("%(now)s")
    cursor.execute(
        f"""
        INSERT INTO {_TABLE} AS i (venue, symbol, market, {columns}, listed_at, offline_at, current,
            first_seen, last_seen)
        SELECT venue, symbol, market, {columns}, {moment("listed_at_ms")},
            {moment("offline_at_ms")}, true, {now}, {now}
        FROM listed
        ON CONFLICT (venue, market, symbol) WHERE current DO UPDATE SET {taken},
            listed_at = {listed_at}, offline_at = {offline_at},
            last_seen = GREATEST(i.last_seen, EXCLUDED.last_seen)
        WHERE (i.inferred OR NOT EXCLUDED.inferred) AND (
            i.last_seen < EXCLUDED.last_seen - {SEEN_EVERY}
            OR ({", ".join(f"i.{name}" for name in _AS_LISTED)}, i.listed_at, i.offline_at)
            IS DISTINCT FROM
            ({", ".join(f"EXCLUDED.{name}" for name in _AS_LISTED)}, {listed_at}, {offline_at}))
        """,
        {"now": now_ms},
    )


def close_gone(cursor: Any, complete: Sequence[tuple[str, str]], now_ms: float) -> int:
    """Closes what complete lists lack, unless a list lost so much that it is a mistake."""
    closed = 0
    for venue, market in complete:
        cursor.execute(
            f"""
            SELECT array_agg(i.id) FILTER (WHERE l.symbol IS NULL), count(*)
            FROM {_TABLE} i LEFT JOIN listed l USING (venue, market, symbol)
            WHERE i.current AND i.status <> 'closed' AND i.venue = %s AND i.market = %s
            """,
            [venue, market],
        )
        gone, known_ones = cursor.fetchone()
        if not gone:
            continue
        if len(gone) > GONE_AT_MOST * known_ones:
            _log.warning("list_not_believed", venue=venue, market=market, gone=len(gone))
            continue
        now = moment("%(now)s")
        cursor.execute(
            f"""
            UPDATE {_TABLE} SET status = 'closed', offline_at =
                CASE WHEN listed_at >= {now} THEN NULL ELSE LEAST(offline_at, {now}) END
            WHERE id = ANY(%(ids)s)
            """,
            {"now": now_ms, "ids": gone},
        )
        closed += len(gone)
    return closed
