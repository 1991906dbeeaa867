"""The fee schedule: who pays what, where it is silent, and how its version tells an edit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from exchanges import fees
from exchanges.fees import Rate, Schedule, assemble, current, default
from exchanges.models import FeeGroupMember, FeeRate
from tests.factories import FeeRateFactory

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def rate(taker: str, **names: object) -> Rate:
    values = {
        "version": "2026-01",
        "venue": "binance",
        "market": "spot",
        "quote": "",
        "group": "",
        "vip_level": 0,
        "maker_bps": Decimal(1),
        "valid_from": JANUARY,
    }
    return Rate(**{**values, "taker_bps": Decimal(taker), **names})  # type: ignore[arg-type]


def legs(*rows: tuple[str, ...]) -> pl.DataFrame:
    names = ["venue", "market", "quote", "symbol"]
    return pl.DataFrame(rows, schema=names[: len(rows[0])], orient="row")


def spot_fee(schedule: Schedule, quote: str = "USDT", **options: object) -> float | None:
    column = schedule.column(legs(("binance", "spot", quote, "X")), **options)  # type: ignore[arg-type]
    return column.item()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("venue", "market", "bps"),
    [
        ("binance", "spot", 10),
        ("binance", "perp", 5),
        ("bybit", "perp", 5.5),
        ("okx", "spot", 10),
        ("bitget", "perp", 6),
        ("gate", "spot", 20),
        ("kucoin", "perp", 6),
        ("hyperliquid", "perp", 4.5),
    ],
)
def test_the_published_taker_fees_are_fractions(venue: str, market: str, bps: float) -> None:
    (fee,) = default().column(legs((venue, market, "USDT")))
    assert fee == pytest.approx(bps / 10_000, rel=1e-12)


def test_maker_fees_are_a_column_of_their_own() -> None:
    (fee,) = default().column(legs(("okx", "spot", "USDT")), maker=True)
    assert fee == pytest.approx(0.0008)


@pytest.mark.parametrize(
    "leg",
    [
        ("hyperliquid", "spot", "USDC"),
        ("binance", "perp", "USDC"),
        ("binance", "dated", "USDT"),
        ("nowhere", "spot", "USDT"),
    ],
)
def test_what_the_schedule_does_not_say_is_null(leg: tuple[str, str, str]) -> None:
    assert default().column(legs(leg)).to_list() == [None]


def test_the_column_keeps_the_order_of_the_rows() -> None:
    frame = legs(
        ("okx", "perp", "USDT"), ("gate", "spot", "ETH"), ("x", "spot", "A"), ("bybit", "spot", "B")
    )
    found = default().column(frame).to_list()
    assert found == pytest.approx([0.0005, 0.002, None, 0.001])


def test_an_empty_frame_has_an_empty_column() -> None:
    assert default().column(legs(("a", "spot", "b")).clear()).len() == 0


def test_a_row_for_a_quote_beats_the_general_row() -> None:
    schedule = assemble([rate("10"), rate("0", quote="FDUSD")], NOW)
    assert spot_fee(schedule, "FDUSD") == 0
    assert spot_fee(schedule, "USDT") == pytest.approx(0.001)


def test_a_row_for_a_group_beats_the_row_for_a_quote() -> None:
    rates = [rate("10"), rate("7", quote="USDT"), rate("3", group="majors")]
    schedule = assemble(rates, NOW, [("binance", "spot", "BTCUSDT", "majors")])
    frame = legs(("binance", "spot", "USDT", "BTCUSDT"), ("binance", "spot", "USDT", "DOGEUSDT"))
    assert schedule.column(frame).to_list() == pytest.approx([0.0003, 0.0007])


def test_a_member_of_a_group_without_a_fee_pays_the_general_fee() -> None:
    schedule = assemble([rate("10")], NOW, [("binance", "spot", "X", "majors")])
    assert spot_fee(schedule) == pytest.approx(0.001)


@pytest.mark.parametrize(("asked", "bps"), [(0, 10), (1, 10), (2, 8), (4, 8), (5, 4), (9, 4)])
def test_the_highest_vip_level_not_above_the_asked_one_counts(asked: int, bps: float) -> None:
    rates = [rate("4", vip_level=5), rate("10"), rate("8", vip_level=2)]
    assert spot_fee(assemble(rates, NOW), vip_level=asked) == pytest.approx(bps / 10_000)


def test_vip_levels_may_differ_by_venue() -> None:
    rates = [
        rate("10"),
        rate("6", vip_level=3),
        rate("9", venue="okx"),
        rate("5", venue="okx", vip_level=1),
    ]
    frame = legs(("binance", "spot", "USDT"), ("okx", "spot", "USDT"))
    found = assemble(rates, NOW).column(frame, {"binance": 3}).to_list()
    assert found == pytest.approx([0.0006, 0.0009])


def test_a_venue_that_only_states_a_vip_fee_has_none_for_others() -> None:
    assert spot_fee(assemble([rate("4", vip_level=5)], NOW), vip_level=4) is None


def test_a_fee_of_the_future_does_not_count_yet() -> None:
    coming = rate("3", valid_from=NOW + timedelta(seconds=1))
    assert spot_fee(assemble([rate("10"), coming], NOW)) == pytest.approx(0.001)
    assert spot_fee(assemble([rate("10"), coming], coming.valid_from)) == pytest.approx(0.0003)


def test_the_published_schedule_has_its_plain_name() -> None:
    assert default().version == "2026-01"
    assert assemble(fees.published("2026-01"), NOW).version == "2026-01"


def test_a_number_written_otherwise_is_no_edit() -> None:
    rows = [row._replace(taker_bps=row.taker_bps + Decimal("0.000")) for row in default().rates]
    assert assemble(rows, NOW).version == "2026-01"


def test_an_edited_schedule_shows_it_in_its_version() -> None:
    rows = list(default().rates)
    changed = assemble([rows[0]._replace(taker_bps=Decimal(9)), *rows[1:]], NOW).version
    shortened = assemble(rows[1:], NOW).version
    widened = assemble([*rows, rate("0", quote="FDUSD")], NOW).version
    grouped = assemble(rows, NOW, [("binance", "spot", "X", "majors")]).version
    versions = {changed, shortened, widened, grouped}
    assert len(versions) == 4
    assert all(version.startswith("2026-01+") for version in versions)


def test_the_same_edit_has_the_same_version() -> None:
    rows = [*default().rates, rate("0", quote="FDUSD")]
    assert assemble(rows, NOW).version == assemble(reversed(rows), NOW).version


def test_no_row_at_all_is_no_schedule() -> None:
    nothing = assemble([], NOW)
    assert nothing.version == "none"
    assert spot_fee(nothing) is None


def test_a_newer_table_gives_the_schedule_its_name() -> None:
    newer = rate("8", version="2027-01", valid_from=NOW)
    assert assemble([*default().rates, newer], NOW).version.startswith("2027-01")


@pytest.fixture
def fee_table(db: None) -> None:
    """The published table, as the migration lays it; tests with real commits empty all tables."""
    rows = [FeeRate(**row._asdict()) for row in fees.published("2026-01")]
    FeeRate.objects.bulk_create(rows, ignore_conflicts=True)


@pytest.mark.usefixtures("fee_table")
def test_the_current_schedule_costs_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        current(NOW)


@pytest.mark.usefixtures("fee_table")
def test_an_edit_in_the_console_counts_at_once() -> None:
    FeeRate.objects.filter(venue="binance", market="spot").update(taker_bps=Decimal("7.5"))
    schedule = current(NOW)
    assert spot_fee(schedule) == pytest.approx(0.00075)
    assert schedule.version != "2026-01"


@pytest.mark.usefixtures("fee_table")
def test_a_deleted_fee_does_not_come_back() -> None:
    FeeRate.objects.filter(venue="binance", market="spot").delete()
    assert spot_fee(current(NOW)) is None


@pytest.mark.usefixtures("fee_table")
def test_groups_are_read_where_a_fee_names_one() -> None:
    FeeRateFactory(group="majors", taker_bps=Decimal(2))
    FeeGroupMember.objects.create(venue="binance", market="spot", symbol="X", group="majors")
    assert spot_fee(current(NOW)) == pytest.approx(0.0002)


@pytest.mark.usefixtures("fee_table")
def test_the_seeded_table_can_be_taken_back_and_laid_again() -> None:
    call_command("migrate", "exchanges", "0001", verbosity=0)
    assert not FeeRate.objects.exists()
    call_command("migrate", "exchanges", verbosity=0)
    assert current(NOW) == default()
