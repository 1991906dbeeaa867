"""The database itself refuses what must never be stored."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.apps import apps
from django.db import IntegrityError, models, transaction
from factory.django import DjangoModelFactory

from exchanges.models import FeeRate, Instrument, VenueRecord
from tests import factories
from tests.factories import SEEN

pytestmark = pytest.mark.django_db


def refused(factory: type[DjangoModelFactory[Any]], **values: Any) -> str:
    """The name of the constraint that refuses such a row."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        factory(**values)
    cause: Any = refusal.value.__cause__
    return str(cause.diag.constraint_name)


@pytest.mark.parametrize("name", ["multiplier", "contract_size", "tick", "lot"])
@pytest.mark.parametrize("value", [0, -1])
def test_sizes_of_an_instrument_are_positive(name: str, value: int) -> None:
    values = {name: Decimal(value)}
    assert refused(factories.InstrumentFactory, **values) == "instrument_sizes_are_positive"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"market": "swap"}, "instrument_market_is_known"),
        ({"status": "open"}, "instrument_status_is_known"),
        ({"asset": "", "base": "X"}, "instrument_names_are_not_empty"),
        ({"venue": ""}, "instrument_names_are_not_empty"),
        ({"last_seen": SEEN - timedelta(days=1)}, "instrument_times_are_sane"),
        ({"listed_at": SEEN, "offline_at": SEEN}, "instrument_times_are_sane"),
    ],
)
def test_an_instrument_makes_sense(values: dict[str, Any], constraint: str) -> None:
    assert refused(factories.InstrumentFactory, **values) == constraint


def test_a_symbol_has_one_current_listing() -> None:
    factories.InstrumentFactory(symbol="X", listed_at=None)
    again = {"symbol": "X", "listed_at": SEEN}
    assert refused(factories.InstrumentFactory, **again) == "instrument_has_one_current_listing"


def test_an_unknown_listing_date_is_a_listing_date_too() -> None:
    factories.InstrumentFactory(symbol="X", listed_at=None, current=False)
    again = {"symbol": "X", "listed_at": None}
    assert refused(factories.InstrumentFactory, **again) == "instrument_listing_is_unique"


def test_a_symbol_may_be_listed_on_spot_and_as_a_perpetual() -> None:
    factories.InstrumentFactory(symbol="X", market="spot")
    factories.InstrumentFactory(symbol="X", market="perp")
    assert Instrument.objects.filter(symbol="X").count() == 2


@pytest.mark.parametrize("side", ["taker_bps", "maker_bps"])
@pytest.mark.parametrize("bps", ["-100.001", "1000.001"])
def test_fees_have_bounds(side: str, bps: str) -> None:
    assert refused(factories.FeeRateFactory, **{side: Decimal(bps)}) == "fee_is_within_bounds"


def test_a_rebate_is_a_fee() -> None:
    assert factories.FeeRateFactory(maker_bps=Decimal("-0.5")).pk


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"quote": "USDT", "group": "majors"}, "fee_names_quote_or_group"),
        ({"market": "swap"}, "fee_market_is_known"),
        ({"version": ""}, "fee_names_are_not_empty"),
    ],
)
def test_a_fee_says_what_it_is_for(values: dict[str, Any], constraint: str) -> None:
    assert refused(factories.FeeRateFactory, **values) == constraint


def test_a_fee_is_said_once() -> None:
    factories.FeeRateFactory()
    assert refused(factories.FeeRateFactory) == "fee_is_said_once"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"verdict": "unsure"}, "verdict_is_known"),
        ({"source": "rumour"}, "verdict_is_known"),
        ({"market": ""}, "verdict_on_all_markets_is_a_persons"),
        ({"ratio": -0.1}, "verdict_numbers_are_sane"),
        ({"price": 0.0}, "verdict_numbers_are_sane"),
        ({"updated_at": SEEN - timedelta(days=1)}, "verdict_times_are_sane"),
    ],
)
def test_a_verdict_makes_sense(values: dict[str, Any], constraint: str) -> None:
    assert refused(factories.CoinVerdictFactory, **values) == constraint


def test_a_coin_has_one_verdict_per_venue_and_market() -> None:
    factories.CoinVerdictFactory(asset="X")
    assert refused(factories.CoinVerdictFactory, asset="X") == "verdict_is_one_per_coin"


def test_funding_settles_once() -> None:
    paid = factories.SettledFundingFactory()
    again = {"instrument": paid.instrument}
    assert refused(factories.SettledFundingFactory, **again) == "funding_settles_once"


@pytest.mark.parametrize("rate", ["1", "-1", "7.5"])
def test_a_funding_rate_is_a_fraction(rate: str) -> None:
    values = {"rate": Decimal(rate)}
    assert refused(factories.SettledFundingFactory, **values) == "funding_rate_is_a_fraction"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"withdraw_fee": Decimal(-1)}, "network_fee_is_not_negative"),
        ({"chain": ""}, "network_names_are_not_empty"),
    ],
)
def test_a_network_makes_sense(values: dict[str, Any], constraint: str) -> None:
    assert refused(factories.NetworkStatusFactory, **values) == constraint


def test_whether_a_network_is_open_may_be_unknown() -> None:
    status = factories.NetworkStatusFactory(can_deposit=None, can_withdraw=None)
    status.refresh_from_db()
    assert status.can_deposit is None


def test_a_paused_venue_says_why() -> None:
    assert refused(factories.VenueRecordFactory, paused=True) == "venue_pause_has_a_reason"


@pytest.mark.parametrize(
    ("start", "end"),
    [(SEEN, None), (None, SEEN), (SEEN, SEEN), (SEEN, SEEN - timedelta(hours=1))],
)
def test_maintenance_has_a_start_and_a_later_end(start: Any, end: Any) -> None:
    values = {"maintenance_from": start, "maintenance_until": end}
    broken = "venue_maintenance_ends_after_it_starts"
    assert refused(factories.VenueRecordFactory, **values) == broken


@pytest.mark.parametrize(
    ("factory", "values", "text"),
    [
        (factories.VenueRecordFactory, {"name": "okx"}, "okx"),
        (factories.InstrumentFactory, {"symbol": "BTCUSDT"}, "binance BTCUSDT perp"),
        (factories.FeeRateFactory, {"quote": "FDUSD"}, "binance spot FDUSD VIP 0: 10 / 10 bp"),
        (factories.CoinVerdictFactory, {"asset": "TON"}, "TON on binance spot: provisional"),
        (factories.NetworkStatusFactory, {"coin": "SRM"}, "SRM on bitget by ETH"),
    ],
)
def test_rows_read_as_people_say_them(
    factory: type[DjangoModelFactory[Any]], values: dict[str, Any], text: str
) -> None:
    assert str(factory(**values)) == text


def test_settled_funding_reads_as_people_say_it() -> None:
    instrument = factories.InstrumentFactory(symbol="BTCUSDT")
    paid = factories.SettledFundingFactory(instrument=instrument)
    assert str(paid) == "binance BTCUSDT perp 2026-11-21 12:00 0.0001"


@pytest.mark.parametrize("model", list(apps.get_app_config("exchanges").get_models()))
def test_numbers_and_times_say_their_unit(model: type[models.Model]) -> None:
    measured = (models.DecimalField, models.FloatField, models.DateTimeField)
    silent = {"created_at", "updated_at"}
    fields = [field for field in model._meta.fields if isinstance(field, measured)]
    assert [f.name for f in fields if not f.help_text and f.name not in silent] == []


@pytest.mark.parametrize("model", [FeeRate, VenueRecord])
def test_what_people_edit_is_audited(model: type[models.Model]) -> None:
    assert auditlog.contains(model)


def test_a_changed_fee_is_in_the_audit_log() -> None:
    fee = factories.FeeRateFactory()
    fee.taker_bps = Decimal("7.5")
    fee.save()
    entry = LogEntry.objects.get_for_object(fee).filter(action=LogEntry.Action.UPDATE).get()
    assert entry.changes["taker_bps"][1] == "7.5"
