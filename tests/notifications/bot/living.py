"""What lives at noon, and what venues quote then, for tests of what the bot shows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from accounts import activity
from accounts.models import Session, User
from arbedge.choices import mask
from arbedge.names import Shelf, Tier
from exchanges.snapshot import Snapshot
from opportunities.models import Opportunity
from tests.notifications.bot.asking import member
from tests.notifications.factories import HOUR, NOON
from tests.opportunities.factories import OpportunityFactory
from tests.opportunities.markets import Row
from tests.opportunities.snapshots import snapshot

BEGINNERS = mask([Shelf.BEGINNER, Shelf.LOW_RISK], Shelf)
WIDE = 40


def reader(tier: Tier = Tier.PRO, **columns: Any) -> User:
    """Somebody of this tier with a session."""
    return member(tier=tier, tier_until=NOON + 240 * HOUR, **columns)


def live(asset: str = "WIF", **values: Any) -> Opportunity:
    """One that lives at noon, on the beginners' shelves; it opened at ten."""
    made: Opportunity = OpportunityFactory(
        **{"asset": asset, "as_of": NOON, "shelves": BEGINNERS} | values
    )
    return made


def gap(asset: str = "SXP", **values: Any) -> Opportunity:
    """A spot gap: 0.35 % in inventory, 0.2 % after the transfer."""
    carries_nothing = dict.fromkeys((
        "apr_net", "k", "first", "later", "gross_announced", "long_rate", "short_rate",
        "long_next_at", "short_next_at", "long_interval_hours", "short_interval_hours",
        "break_even_at", "horizon_hours",
    ))  # fmt: skip
    spot = {"kind": "spot", "long_market": "spot", "short_market": "spot", "short_bid": 2.0120,
            "short_ask": 2.0124, "net": 0.0020, "net_announced": 0.0035}  # fmt: skip
    return live(asset, **carries_nothing | spot | values)


def noon(*rows: Row) -> Snapshot:
    """These markets as they are quoted at noon."""
    found = snapshot(*rows)
    now_ms = NOON.timestamp() * 1000
    later = pl.col("next_settlement_ms") + (now_ms - found.now_ms)
    due = pl.when(pl.col("next_settlement_ms") > 0).then(later).otherwise(0.0)
    return replace(found, now_ms=now_ms, perp=found.perp.with_columns(next_settlement_ms=due))


def too_wide(html: str) -> list[str]:
    """The lines of a table that a phone would break."""
    tables = [part.split("</pre>")[0] for part in html.split("<pre>")[1:]]
    return [line for table in tables for line in table.splitlines() if len(line) > WIDE]


def seen_by(person: User) -> int:
    """How many opportunities were shown in the person's session."""
    activity.flush(NOON, everything=True)
    return Session.objects.get(user=person).opportunities_seen
