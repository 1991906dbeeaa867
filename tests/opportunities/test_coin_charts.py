"""Charts of funding: which lines, what stands at their ends, and that they are pictures."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from opportunities import coin_charts
from opportunities.announced import Announced, Difference
from opportunities.coin_charts import Coin, coin, draw_coin, draw_differences
from opportunities.voice import Voice
from tests.factories import InstrumentFactory, SettledFundingFactory

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERCENT = "\u2009%"


def row(number: int, venue: str, rate: float, hours: float = 8.0, **more: object) -> Announced:
    figures = {"age_s": 3.0, "mid": 2.0, "fresh": True, "quote": "USDT"} | more
    return Announced(
        instrument_id=number, venue=venue, symbol="WIFUSDT", asset="WIF", rate=rate,
        interval_hours=hours, next_at=NOON + HOUR, **figures,  # type: ignore[arg-type]
    )  # fmt: skip


OKX, BYBIT = row(1, "okx", 0.0001, 4), row(2, "bybit", 0.0009)
PAST = {1: [(NOON - 8 * HOUR, 0.0003)], 2: [(NOON - 8 * HOUR, 0.0008)]}


def width_of(png: bytes) -> int:
    assert png.startswith(b"\x89PNG")
    found: int = struct.unpack(">I", png[16:20])[0]
    return found


def test_lines_end_at_what_is_announced_now(written: list[str]) -> None:
    png = draw_coin(Coin("WIF", [BYBIT, OKX], PAST, NOON))

    assert f"Bybit\n+0.0900{PERCENT}" in written
    assert f"OKX\n+0.0200{PERCENT}" in written
    assert "ArbEdge, 21 Nov 2026 12:00 UTC; last point: announced" in written
    assert width_of(png) == 800


def test_without_history_what_is_announced_is_drawn_as_bars(written: list[str]) -> None:
    draw_coin(Coin("WIF", [BYBIT, OKX], {}, NOON))

    assert "WIF: funding announced now, % per 8 h" in written
    assert {"OKX", "Bybit", f"+0.0900{PERCENT}", f"+0.0200{PERCENT}"} <= set(written)


def test_without_anything_it_says_so(written: list[str]) -> None:
    draw_coin(Coin("WIF", [], {}, NOON))
    draw_differences([], NOON)

    assert written.count("No data yet") == 2


def test_differences_name_coin_venues_and_figure(written: list[str]) -> None:
    draw_differences([Difference(OKX, BYBIT)], NOON, "dark")

    assert "WIF\nOKX · Bybit" in written
    assert f"+0.0700{PERCENT}" in written


def test_the_words_are_those_of_the_voice(written: list[str]) -> None:
    spanish = Voice(
        "es", {"coin_announced": "{coin}: anunciado", "announced_source": "ArbEdge, {moment}"},
        moment=lambda at: f"{at:%H.%M}", percent=lambda value, _: f"{value * 100:.1f} por ciento",
        decimals=lambda text: text.replace(".", ","),
    )  # fmt: skip

    draw_coin(Coin("WIF", [BYBIT], {}, NOON), voice=spanish)

    assert {"WIF: anunciado", "ArbEdge, 12.00", "0.1 por ciento"} <= set(written)
    assert any("," in text for text in written)


def test_an_unusual_quote_is_named() -> None:
    assert coin_charts.label(BYBIT) == "Bybit"
    assert coin_charts.label(row(3, "bybit", 0.0001, quote="USDC")) == "Bybit USDC"


@pytest.mark.django_db
def test_a_week_of_settlements_is_drawn_per_eight_hours() -> None:
    instrument = InstrumentFactory(venue="okx", asset="WIF")
    SettledFundingFactory(instrument=instrument, settled_at=NOON - 4 * HOUR, rate=Decimal("0.0001"))
    SettledFundingFactory(instrument=instrument, settled_at=NOON - 170 * HOUR)
    SettledFundingFactory(settled_at=NOON - 4 * HOUR)

    found = coin("WIF", [row(instrument.pk, "okx", 0.0001, 4)], NOON)

    ((at, rate),) = found.settled[instrument.pk]
    assert at == NOON - 4 * HOUR
    assert rate == pytest.approx(0.0002)


@pytest.mark.django_db
def test_stale_and_incomparable_rows_are_no_lines() -> None:
    rows = [OKX, row(2, "bybit", 0.0009, fresh=False), row(3, "bitget", 0.0001, 0.0)]

    assert list(coin("WIF", rows, NOON).rows) == [OKX]


@pytest.mark.django_db
def test_of_many_markets_the_highest_and_lowest_stay() -> None:
    rows = [row(n, "okx", 0.0009 - n / 10_000) for n in range(9)]

    kept = coin("WIF", rows, NOON).rows

    assert len(kept) == coin_charts.LINES_AT_MOST
    assert (kept[0], kept[-1]) == (rows[0], rows[-1])


def test_a_minute_has_one_chart() -> None:
    at_ms = NOON.timestamp() * 1000

    assert coin_charts.minute(at_ms + 59_999) == NOON
    assert coin_charts.minute(at_ms + 60_000) == NOON + timedelta(minutes=1)
