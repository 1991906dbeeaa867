"""Opportunities and what belongs to them, valid as they come; tests name what they are about."""

# factory_boy has no types of its own:
# mypy: disable-error-code="misc"
from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from arbedge.names import Market
from opportunities import models
from tests.factories import InstrumentFactory

HORIZONS = [8.0, 24.0, 72.0, 168.0]
SIZES = [100.0, 1_000.0, 5_000.0, 10_000.0, 50_000.0]


def now() -> datetime:
    """This moment, whole seconds: pages compare rows with the wall clock."""
    return datetime.now(UTC).replace(microsecond=0)


def fingerprint(text: str) -> str:
    """A stable print for a test's row."""
    return hashlib.blake2s(text.encode(), digest_size=16).hexdigest()


def cohorts(nets: list[float], at_size: list[float | None]) -> dict[str, Any]:
    """The stored table of cohorts: net by horizon, and the net at each size for every horizon.

    The axes are those of cohorts.Cohorts: horizon, VIP level (one here), size.
    """
    return {
        "horizons_hours": HORIZONS,
        "vip_levels": [0],
        "notionals_usd": SIZES,
        "net": [[[net] * len(SIZES)] for net in nets],
        "net_at_size": [[at_size] for _ in nets],
    }


def spread(bid: float, ask: float) -> float:
    """The spread as a fraction of the middle."""
    return 2 * (ask - bid) / (ask + bid)


class LegFactory(InstrumentFactory):
    """An instrument, the one already listed where a second trade has a leg in common."""

    class Meta:
        django_get_or_create = ("venue", "market", "symbol")


class TwoLegsFactory(DjangoModelFactory[Any]):
    class Meta:
        abstract = True

    kind = "funding"
    asset = factory.Sequence(lambda n: f"COIN{n}")
    quote = "USDT"
    family = factory.LazyAttribute(lambda row: f"{row.kind}:{row.asset}")
    long_venue = "okx"
    short_venue = "bybit"
    long_market = Market.PERP
    short_market = Market.PERP
    long = factory.SubFactory(
        LegFactory,
        venue=factory.SelfAttribute("..long_venue"),
        market=factory.SelfAttribute("..long_market"),
        asset=factory.SelfAttribute("..asset"),
    )
    short = factory.SubFactory(
        LegFactory,
        venue=factory.SelfAttribute("..short_venue"),
        market=factory.SelfAttribute("..short_market"),
        asset=factory.SelfAttribute("..asset"),
    )
    long_symbol = factory.LazyAttribute(lambda row: row.long.symbol)
    short_symbol = factory.LazyAttribute(lambda row: row.short.symbol)
    fingerprint = factory.LazyAttribute(
        lambda row: fingerprint(f"{row.kind} {row.asset} {row.long_venue} {row.short_venue}")
    )


class OpportunityFactory(TwoLegsFactory):
    """WIF's sketch of look.md: 4 h against 8 h funding, +0.42 % in 72 h after 0.23 % costs."""

    class Meta:
        model = models.Opportunity

    class Params:
        closed = factory.Trait(
            state="closed",
            live_key=None,
            closed_at=factory.LazyAttribute(lambda row: row.as_of),
            close_reason="below_half",
        )

    as_of = factory.LazyFunction(now)
    opened_at = factory.LazyAttribute(lambda row: row.as_of - timedelta(hours=2))
    confirmed_at = factory.LazyAttribute(lambda row: row.as_of)
    expires_at = factory.LazyAttribute(lambda row: row.as_of + timedelta(hours=4))
    promise_at = factory.LazyAttribute(lambda row: row.opened_at)
    live_key = factory.LazyAttribute(lambda row: row.fingerprint)
    state = "open"
    best = True
    long_bid, long_ask = 2.0000, 2.0004
    short_bid, short_ask = 2.0008, 2.0012
    long_rate, short_rate = 0.000089, 0.0009
    long_interval_hours, short_interval_hours = 4.0, 8.0
    long_next_at = factory.LazyAttribute(lambda row: row.as_of + timedelta(minutes=38))
    short_next_at = factory.LazyAttribute(lambda row: row.as_of + timedelta(minutes=38))
    long_fee_bps, short_fee_bps = 5.0, 5.5
    long_age_ms, short_age_ms = 3_200.0, 1_400.0
    first = factory.LazyAttribute(lambda row: (row.short_rate or 0) - (row.long_rate or 0))
    later = factory.LazyAttribute(lambda row: 8 * (row.short_rate or 0) - 17 * (row.long_rate or 0))
    k = factory.LazyAttribute(
        lambda row: (row.net + row.cost - row.first) / row.later if row.later else 1.0
    )
    cost = factory.LazyAttribute(
        lambda row: (
            2 * (row.long_fee_bps + row.short_fee_bps) / 10_000
            + spread(row.long_bid, row.long_ask)
            + spread(row.short_bid, row.short_ask)
        )
    )
    gap = 0.0004
    gross_announced = factory.LazyAttribute(lambda row: row.first + row.later)
    net_announced = factory.LazyAttribute(lambda row: row.gross_announced - row.cost)
    net = 0.0042
    net_at_size = 0.0040
    apr_net = factory.LazyAttribute(lambda row: row.net * 8760 / 72)
    break_even_at = factory.LazyAttribute(lambda row: row.as_of + timedelta(hours=24, minutes=38))
    return_on_capital = factory.LazyAttribute(lambda row: row.net)
    risk = "low"
    score = 0.82
    score_parts = {
        "net": 0.35,
        "break_even": 0.15,
        "liquidity": 0.2,
        "stability": 0.07,
        "data": 0.05,
    }
    measured = factory.LazyAttribute(lambda row: row.net)
    threshold = 0.0015
    horizon_hours = 72.0
    fee_version = "2026-01"
    promise_net = factory.LazyAttribute(lambda row: row.net)
    promise_measured = factory.LazyAttribute(lambda row: row.measured)
    cohorts = factory.LazyAttribute(
        lambda row: cohorts(
            [row.net - 0.0040, row.net - 0.0029, row.net, row.net + 0.0050],
            [row.net, row.net - 0.0002, row.net - 0.0011, row.net - 0.0020, None],
        )
    )


class NearMissFactory(TwoLegsFactory):
    class Meta:
        model = models.NearMiss

    best_net = 0.0013
    last_net = 0.0011
    threshold = 0.0015
    reasons = 1 << 21  # below_threshold
    first_seen = factory.LazyAttribute(lambda row: row.last_seen - timedelta(hours=3))
    last_seen = factory.LazyFunction(now)


class ScanRecordFactory(DjangoModelFactory[models.ScanRecord]):
    class Meta:
        model = models.ScanRecord

    as_of = factory.LazyFunction(now)
    took_ms = 182.0
    counts = {"below_threshold": 4_811, "thin_volume": 690, "wide": 122, "no_history": 37}
    candidates = 5_240
    live = 3


class FigureFactory(DjangoModelFactory[models.Figure]):
    class Meta:
        model = models.Figure

    opportunity = factory.SubFactory(OpportunityFactory)
    at = factory.LazyAttribute(lambda row: row.opportunity.opened_at)
    net = 0.004
    net_announced = 0.005
    measured = 0.004
    cost = 0.0025
    gap = 0.0004
    long_rate = 0.000089
    short_rate = 0.0009


class OpportunityEventFactory(DjangoModelFactory[models.OpportunityEvent]):
    class Meta:
        model = models.OpportunityEvent

    opportunity = factory.SubFactory(OpportunityFactory)
    type = "opened"
    at = factory.LazyAttribute(lambda row: row.opportunity.opened_at)
    new = {"net": 0.004}


class FollowedFactory(TwoLegsFactory):
    class Meta:
        model = models.Followed

    opened_at = factory.LazyAttribute(lambda row: now() - timedelta(days=3))
    horizon_hours = 72.0
    promised_net = 0.004
    paper_cost = 0.0025
    long_mid = 2.0002
    short_mid = 2.0010
    risk = "low"


class OutcomeFactory(DjangoModelFactory[models.Outcome]):
    class Meta:
        model = models.Outcome

    followed = factory.SubFactory(FollowedFactory)
    checkpoint = "24h"
    due_at = factory.LazyAttribute(lambda row: row.followed.opened_at + timedelta(hours=24))
    status = "settled"
    promised = 0.004
    cost = 0.0025
    settled = 0.0056
    gap_change = 0.0
    total = 0.0031
    success = True


class PruneRunFactory(DjangoModelFactory[models.PruneRun]):
    class Meta:
        model = models.PruneRun

    table = "figure"
    started_at = factory.LazyFunction(now)
    before = factory.LazyAttribute(lambda row: row.started_at - timedelta(days=30))
    due = 1_200
    removed = 1_200
    batches = 2
    finished = True
