"""Ages of joined markets, and who has answered."""

from __future__ import annotations

from typing import Any

from exchanges import frames
from tests.exchanges.answers import (
    BTC,
    ETH,
    NOW,
    book,
    instruments,
    perp,
    piece,
    quotes,
    row,
    wire,
)


def aged(*, now_ms: float = NOW + 1_000, replay: bool = False, **more: Any) -> dict[str, Any]:
    pieces = book(piece("binance", "book", quotes(["BTCUSDT"]), **more))
    return row(perp(pieces, instruments(BTC), now_ms=now_ms, replay=replay), "BTCUSDT")


def test_age_is_counted_from_our_capture() -> None:
    assert aged()["age_ms"] == 1_000
    assert aged()["captured_at_ms"] == NOW


def test_a_venue_time_before_our_capture_makes_it_older() -> None:
    assert aged(venue_at_ms=NOW - 400)["age_ms"] == 1_400


def test_the_venues_clock_is_set_right_first() -> None:
    told = aged(venue_at_ms=NOW + 2_600, offset_ms=3_000)

    assert told["age_ms"] == 1_400
    assert told["venue_at_ms"] == NOW - 400


def test_a_venue_time_ahead_of_us_does_not_make_it_younger() -> None:
    told = aged(venue_at_ms=NOW + 5_000)

    assert told["age_ms"] == 1_000
    assert told["venue_at_ms"] == NOW + 5_000


def test_rows_keep_their_own_venue_time_and_a_quiet_row_is_not_stale() -> None:
    frame = quotes(["BTCUSDT", "ETHUSDT"], venue_at_ms=[NOW - 60_000, None])
    pieces = book(piece("binance", "book", frame, venue_at_ms=NOW - 100))

    told = perp(pieces, instruments(BTC, ETH), now_ms=NOW)

    assert told["venue_at_ms"].to_list() == [NOW - 60_000, NOW - 100]
    assert told["age_ms"].to_list() == [100, 100]


def test_the_older_of_price_and_rate_is_the_age() -> None:
    premium = wire(symbol=["BTCUSDT"], rate=[1e-4])
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT"])),
        piece("binance", "premium", premium, captured_at_ms=NOW - 7_000),
    )

    told = row(perp(pieces, instruments(BTC), now_ms=NOW), "BTCUSDT")

    assert told["age_ms"] == 7_000
    assert told["rate_captured_at_ms"] == NOW - 7_000


def test_in_a_replay_each_answer_is_read_when_it_was_captured() -> None:
    told = aged(now_ms=NOW + 70_000, replay=True, venue_at_ms=NOW - 53_000)

    assert told["age_ms"] == 53_000


def test_now_is_by_default_the_newest_capture() -> None:
    pieces = book(
        piece("binance", "book", quotes(["BTCUSDT"])),
        piece("binance", "p", wire(symbol=["BTCUSDT"], rate=[0.0]), captured_at_ms=NOW + 9),
    )

    assert frames.assemble(pieces, instruments(BTC)).now_ms == NOW + 9


# Who answered.


def test_a_venue_has_answered_when_all_its_markets_did() -> None:
    pieces = book(piece("binance", "b", quotes(["BTCUSDT"])))
    told = {("binance", "perp"): True, ("binance", "spot"): False}

    snapshot = frames.assemble(pieces, instruments(BTC), answered=told)

    assert snapshot.answered == {"binance": False}
    assert snapshot.answered_markets[("binance", "perp")]


def test_a_venue_without_an_essential_answer_has_not_answered() -> None:
    day = piece("binance", "24h", quotes(["BTCUSDT"]), essential=False)

    assert frames.assemble(book(day), instruments(BTC)).answered == {"binance": False}
