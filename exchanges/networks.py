"""Which networks a coin can move on, by venue: as last answered, unknown where nobody says.

Bitget tells everybody; the others tell only holders of a read-only key (settings.VENUE_KEYS). A
venue without an answer has no rows, and readers take that as unknown, never as open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import structlog
from django.conf import settings

from arbedge import aio, cache
from arbedge.clock import SECOND_MS
from arbedge.errors import ArbEdgeError
from exchanges import asking, book, routes
from exchanges.asking import Asker, Failed, Held
from exchanges.columns import conform
from exchanges.models import NetworkStatus
from exchanges.snapshot import NETWORKS
from exchanges.venues.base import Venue

DEADLINE_MS = 15_000.0
RETRY_MS = 60_000
PLACES = Decimal("1e-18")
UPDATED = ("contract", "can_deposit", "can_withdraw", "withdraw_fee", "observed_at")

log = structlog.get_logger(__name__)


def refresh(*, venues: Collection[Venue] | None = None) -> dict[str, int]:
    """Asks every venue that tells us its networks, keeps the answers in book and database.

    Returns the rows by venue that answered. Raises NoData when the cache cannot be reached.
    """
    asked = [one for one in (venues if venues is not None else routes.configured()) if one.networks]
    with cache.reachable("networks"):
        answered = aio.run(_fetch(asked))
    for venue, table in answered.items():
        book.put_frame(f"networks:{venue}", table, book.LISTS_TTL_S)
        store(table)
    return {venue: table.height for venue, table in answered.items()}


def missing() -> bool:
    """Whether a venue that would tell us its networks has none in the book, once per RETRY_MS.

    The first who asks is told; it is up to him to refresh. Raises NoData without a cache.
    """
    keys = settings.VENUE_KEYS
    asked = [
        one.name
        for one in routes.configured()
        if one.networks and (not one.networks.signed or keys.get(one.name))
    ]
    if all(book.fetch(f"networks:{name}") is not None for name in asked):
        return False
    with cache.reachable("networks"):
        return cache.acquire("networks", RETRY_MS) is not None


def store(table: pl.DataFrame) -> None:
    """Writes one venue's networks (snapshot.NETWORKS) to the database, one row per coin and chain.

    Rows the venue no longer names are removed: what it does not say is unknown.
    """
    named = table.drop_nulls(["coin", "chain"]).filter(
        (pl.col("coin") != "") & (pl.col("chain") != "")
    )
    rows = [_row(one) for one in named.unique(["coin", "chain"], keep="last").iter_rows(named=True)]
    NetworkStatus.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=("venue", "coin", "chain"),
        update_fields=UPDATED,
        batch_size=2_000,
    )
    if rows:
        gone = NetworkStatus.objects.filter(venue=rows[0].venue)
        gone.filter(observed_at__lt=rows[0].observed_at).delete()


async def _fetch(venues: Collection[Venue]) -> dict[str, pl.DataFrame]:
    asker = await asking.asker(within_ms=DEADLINE_MS)
    tables = await asyncio.gather(*(_ask(asker, one) for one in venues))
    await asker.done()
    return {
        venue.name: table for venue, table in zip(venues, tables, strict=True) if table is not None
    }


async def _ask(asker: Asker, venue: Venue) -> pl.DataFrame | None:
    assert venue.networks is not None
    assert venue.parse_networks is not None
    try:
        answer = await asker.ask(venue, venue.networks)
        table = venue.parse_networks(answer.body)
    except (Held, Failed) as error:
        log.info("networks unknown", venue=venue.name, why=str(error))
        return None
    except ArbEdgeError as error:
        await asker.malformed(venue, venue.networks, error)
        log.warning("networks unreadable", venue=venue.name, why=str(error))
        return None
    await asker.understood(venue, venue.networks)
    return conform(
        table.with_columns(
            venue=pl.lit(venue.name),
            captured_at_ms=pl.lit(answer.captured_at_ms, dtype=pl.Float64),
        ),
        NETWORKS,
    )


def _row(told: dict[str, Any]) -> NetworkStatus:
    fee = told["withdraw_fee"]
    return NetworkStatus(
        venue=told["venue"],
        coin=told["coin"],
        chain=told["chain"],
        contract=told["contract"] or "",
        can_deposit=told["can_deposit"],
        can_withdraw=told["can_withdraw"],
        withdraw_fee=None if fee is None else Decimal(repr(fee)).quantize(PLACES),
        observed_at=datetime.fromtimestamp(told["captured_at_ms"] / SECOND_MS, UTC),
    )
