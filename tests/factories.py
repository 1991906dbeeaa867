"""Rows for tests, valid as they come; a test names only what it is about."""

# factory_boy has no types of its own:
# mypy: disable-error-code="misc"
from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from arbedge.names import Market, Verdict
from exchanges import models

SEEN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class InstrumentFactory(DjangoModelFactory[models.Instrument]):
    class Meta:
        model = models.Instrument

    venue = "binance"
    asset = factory.Sequence(lambda n: f"COIN{n}")
    base = factory.SelfAttribute("asset")
    quote = "USDT"
    settle = factory.LazyAttribute(lambda row: "" if row.market == Market.SPOT else row.quote)
    symbol = factory.LazyAttribute(lambda row: f"{row.base}{row.quote}")
    market = Market.PERP
    multiplier = Decimal(1)
    contract_size = Decimal(1)
    tick = Decimal("0.0001")
    lot = Decimal("0.1")
    min_notional = Decimal(5)
    status = "trading"
    leveraged = False
    first_seen = SEEN
    last_seen = SEEN


class FeeRateFactory(DjangoModelFactory[models.FeeRate]):
    class Meta:
        model = models.FeeRate

    version = "2026-01"
    venue = "binance"
    market = Market.SPOT
    quote = ""
    group = ""
    vip_level = 0
    taker_bps = Decimal(10)
    maker_bps = Decimal(10)
    valid_from = datetime(2026, 6, 1, tzinfo=UTC)


class CoinVerdictFactory(DjangoModelFactory[models.CoinVerdict]):
    class Meta:
        model = models.CoinVerdict

    venue = "binance"
    asset = factory.Sequence(lambda n: f"COIN{n}")
    market = Market.SPOT
    verdict = Verdict.PROVISIONAL
    source = "ratio"
    ratio = 0.001
    price = 1.0
    since = SEEN
    agreed_since = SEEN
    updated_at = SEEN


class SettledFundingFactory(DjangoModelFactory[models.SettledFunding]):
    class Meta:
        model = models.SettledFunding

    instrument = factory.SubFactory(InstrumentFactory)
    settled_at = SEEN
    rate = Decimal("0.0001")


class NetworkStatusFactory(DjangoModelFactory[models.NetworkStatus]):
    class Meta:
        model = models.NetworkStatus

    venue = "bitget"
    coin = factory.Sequence(lambda n: f"COIN{n}")
    chain = "ETH"
    can_deposit = True
    can_withdraw = True
    withdraw_fee = Decimal("0.5")
    observed_at = SEEN


class VenueRecordFactory(DjangoModelFactory[models.VenueRecord]):
    class Meta:
        model = models.VenueRecord

    name = factory.Sequence(lambda n: f"venue{n}")
