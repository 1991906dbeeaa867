"""Settled funding of the short list, and its means by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from arbedge import aio, cache, clock
from arbedge.clock import DAY_MS, HOUR_MS
from exchanges import book, budget, history
from exchanges.history import PRINTS, Wanted
from exchanges.models import Instrument, SettledFunding
from exchanges.snapshot import MEANS
from exchanges.venues.base import Pool, Venue
from tests.exchanges.answers import instruments
from tests.exchanges.conftest import MakeVenue
from tests.loopback import Loopback, Reply

NOW = 1_764_000_000_000.0


def prints(*rows: tuple[int, float, float]) -> pl.DataFrame:
    """(instrument, hours ago, rate)."""
    told = [(instrument, NOW - hours * HOUR_MS, rate) for instrument, hours, rate in rows]
    return pl.DataFrame(told, schema=PRINTS, orient="row")


def mean(*rows: tuple[int, float, float]) -> dict[str, Any]:
    [told] = history.means_of(prints(*rows), NOW).to_dicts()
    return told


def test_mean_is_the_sum_of_rates_over_the_hours_they_cover() -> None:
    # Three settlements, 8 h apart, cover 24 h: (1 + 2 + 3) bp / 24 h.
    told = mean((1, 17, 0.0001), (1, 9, 0.0002), (1, 1, 0.0003))

    assert told["mean_hourly"] == pytest.approx(0.0006 / 24)
    assert told["prints"] == 3
    assert told["first_at_ms"] == NOW - 17 * HOUR_MS


def test_a_whole_week_of_eight_hours_is_21_settlements_over_168_hours() -> None:
    week = [(1, 8.0 * step, 0.0001) for step in range(21)]

    assert mean(*week)["mean_hourly"] == pytest.approx(21 * 0.0001 / 168)


def test_one_economy_has_one_mean_at_any_interval() -> None:
    hourly = mean(*((1, step, 0.0001 / 8) for step in range(48)))
    eight = mean(*((1, 8 * step, 0.0001) for step in range(6)))

    assert hourly["mean_hourly"] == pytest.approx(eight["mean_hourly"])


def test_signs_cancel() -> None:
    assert mean((1, 9, 0.0002), (1, 1, -0.0002))["mean_hourly"] == pytest.approx(0)


def test_a_change_of_interval_keeps_the_hours() -> None:
    # 8 h, then 4 h twice: covered 4 + 4 before the last, and the usual 4 before the first... = 14 h
    told = mean((1, 17, 0.0004), (1, 9, 0.0004), (1, 5, 0.0002), (1, 1, 0.0002))

    assert told["mean_hourly"] == pytest.approx(0.0012 / (16 + 4))


def test_only_the_last_seven_days_count() -> None:
    told = mean((1, 169, 0.9), (1, 9, 0.0001), (1, 1, 0.0001))

    assert told["prints"] == 2
    assert told["mean_hourly"] == pytest.approx(0.0002 / 16)


def test_a_single_settlement_says_nothing_of_the_hours() -> None:
    told = mean((1, 1, 0.0001))

    assert told["mean_hourly"] is None
    assert told["prints"] == 1


def test_instruments_are_apart() -> None:
    told = history.means_of(
        prints((1, 9, 0.0001), (2, 9, 0.0003), (1, 1, 0.0001), (2, 1, 0.0003)), NOW
    )

    assert told["instrument_id"].to_list() == [1, 2]
    assert told["mean_hourly"].to_list() == pytest.approx([0.0002 / 16, 0.0006 / 16])


def test_nothing_settled_is_an_empty_table() -> None:
    assert history.means_of(prints(), NOW).is_empty()


# The list of what scans want.


@pytest.mark.usefixtures("clean_cache")
def test_what_was_wanted_last_comes_first() -> None:
    old, new = Wanted(1, "alpha", "BTC"), Wanted(2, "alpha", "ETH")
    history.want([old], NOW)
    history.want([new], NOW + 1)

    assert history.due(NOW + 2, 5) == [new, old]
    assert history.due(NOW + 2, 1) == [new]


@pytest.mark.usefixtures("clean_cache")
def test_what_no_scan_has_wanted_for_a_day_is_forgotten() -> None:
    history.want([Wanted(1, "alpha", "BTC")], NOW)

    assert history.due(NOW + DAY_MS + 1, 5) == []


@pytest.mark.usefixtures("clean_cache")
def test_within_one_scan_the_order_named_is_kept() -> None:
    names = [Wanted(number, "alpha", f"C{9 - number}") for number in range(5)]

    history.want(names, NOW)

    assert history.due(NOW + 1, 9) == names


@pytest.mark.usefixtures("clean_cache")
def test_a_number_of_the_instrument_list_is_enough() -> None:
    listed = {"venue": "alpha", "symbol": "BTCUSDT", "asset": "BTC"}
    book.put_known(instruments(listed, {**listed, "symbol": "ETHUSDT", "asset": "ETH"}))

    history.want([2, 99], NOW)

    assert history.due(NOW + 1, 9) == [Wanted(2, "alpha", "ETHUSDT")]


@pytest.mark.usefixtures("clean_cache")
def test_wanting_nothing_is_nothing() -> None:
    history.want([], NOW)

    assert history.due(NOW, 5) == []


# Fetching.


def instrument(symbol: str = "BTC") -> Instrument:
    seen = datetime(2025, 1, 1, tzinfo=UTC)
    return Instrument.objects.create(
        venue="alpha",
        symbol=symbol,
        market="perp",
        base=symbol,
        quote="USDT",
        settle="USDT",
        asset=symbol,
        multiplier=1,
        contract_size=1,
        status="trading",
        first_seen=seen,
        last_seen=seen,
    )


def body(*rows: tuple[str, float, float]) -> bytes:
    return json.dumps(rows).encode()


@pytest.fixture
def alpha(server: Loopback, make_venue: MakeVenue) -> Venue:
    aio.run(budget.count_calls("bulk", 100, clock.now_ms()))
    now = clock.now_ms()
    server.on(
        "/alpha/history",
        Reply(body(("BTC", now - 9 * HOUR_MS, 0.0001), ("BTC", now - HOUR_MS, 0.0003))),
    )
    return make_venue("alpha")


def refreshed(alpha: Venue, *rows: Instrument) -> int:
    history.want([Wanted(one.pk, "alpha", one.symbol) for one in rows], clock.now_ms())
    return history.refresh(clock.now_ms(), venues=[alpha])


@pytest.mark.django_db
def test_history_is_stored_and_its_mean_is_in_the_book(alpha: Venue) -> None:
    row = instrument()

    assert refreshed(alpha, row) == 1

    rates = SettledFunding.objects.order_by("settled_at").values_list("rate", flat=True)
    assert list(rates) == [Decimal("0.0001"), Decimal("0.0003")]
    [told] = book.get_frame("means", MEANS).to_dicts()
    assert told["instrument_id"] == row.pk
    assert told["mean_hourly"] == pytest.approx(0.0004 / 16)


@pytest.mark.django_db
def test_seven_days_are_asked_for(server: Loopback, alpha: Venue) -> None:
    refreshed(alpha, instrument())

    asked = server.calls[-1].query
    assert asked["s"] == "BTC"
    assert clock.now_ms() - float(asked["from"]) == pytest.approx(7 * DAY_MS, abs=60_000)


@pytest.mark.django_db
def test_within_the_hour_it_is_not_asked_again(server: Loopback, alpha: Venue) -> None:
    row = instrument()
    refreshed(alpha, row)

    assert refreshed(alpha, row) == 0
    assert server.paths().count("/alpha/history") == 1
    assert history.due(clock.now_ms() + history.AGAIN_MS + 1, 5) != []


@pytest.mark.django_db
def test_the_same_settlement_some_milliseconds_late_is_one_row(
    server: Loopback, alpha: Venue
) -> None:
    row = instrument()
    at = round(clock.now_ms() / 1_000) * 1_000 - HOUR_MS
    for late_ms in (0, 13, -8):
        table = pl.DataFrame([(row.pk, at + late_ms, 0.0001)], schema=PRINTS, orient="row")
        history.store(table)

    assert SettledFunding.objects.count() == 1


@pytest.mark.django_db
def test_rows_of_other_symbols_are_left_out(server: Loopback, alpha: Venue) -> None:
    server.on("/alpha/history", Reply(body(("ETH", clock.now_ms() - HOUR_MS, 0.5))))

    refreshed(alpha, instrument())

    assert SettledFunding.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("reply", [Reply(b"", 503), Reply(b"<html>")])
def test_one_failure_leaves_the_others(server: Loopback, alpha: Venue, reply: Reply) -> None:
    good = body(("ETH", clock.now_ms() - HOUR_MS, 0.0001))
    server.on("/alpha/history", reply, Reply(good))
    rows = [instrument("BTC"), instrument("ETH")]

    came = refreshed(alpha, *rows)

    assert came == 1
    assert len(history.due(clock.now_ms() + history.RETRY_MS + 1, 5)) == 1


@pytest.mark.django_db
def test_only_a_few_are_asked_at_a_time(server: Loopback, alpha: Venue) -> None:
    refreshed(alpha, *(instrument(f"C{number}") for number in range(history.AT_ONCE + 5)))

    assert server.paths().count("/alpha/history") == history.AT_ONCE


@pytest.mark.django_db
def test_no_call_is_made_beyond_the_share(server: Loopback, alpha: Venue) -> None:
    aio.run(budget.count_calls("history", 300, clock.now_ms()))

    assert refreshed(alpha, instrument()) == 0
    assert server.calls == []


@pytest.mark.django_db
def test_order_books_never_starve_histories(alpha: Venue) -> None:
    aio.run(budget.count_calls("extra", 20, clock.now_ms()))

    assert refreshed(alpha, instrument()) == 1


@pytest.mark.django_db
def test_what_a_full_pool_holds_back_comes_within_seconds(server: Loopback, alpha: Venue) -> None:
    narrow = replace(alpha, pools={"ip": Pool(4, 60.0)})
    rows = [instrument(f"C{number}") for number in range(4)]

    came = refreshed(narrow, *rows)

    asked = server.paths().count("/alpha/history")
    assert 0 < came == asked < len(rows)
    assert len(history.due(clock.now_ms() + history.HELD_MS + 1, 9)) == len(rows) - asked


@pytest.mark.django_db
def test_means_lost_with_the_cache_come_back_from_what_is_stored(alpha: Venue) -> None:
    row = instrument()
    refreshed(alpha, row)
    cache.client().flushdb()

    assert history.refresh(clock.now_ms(), venues=[alpha]) == 0

    assert book.get_frame("means", MEANS)["instrument_id"].to_list() == [row.pk]
