"""The book in the cache: what is stored comes back with its age, and gone is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from arbedge import aio, breaker, cache, clock
from arbedge.errors import NoData
from arbedge.names import Fault, Market
from exchanges import book, frames, quality
from exchanges.encoding import decode, encode
from exchanges.snapshot import MEANS, NETWORKS
from exchanges.venues.base import EVERY_MINUTE, EVERY_SCAN, EVERY_TEN_MINUTES
from tests.exchanges import toys
from tests.exchanges.answers import NOW, instruments, piece, wire

pytestmark = pytest.mark.usefixtures("clean_cache")

ALPHA = toys.venue("alpha", toys.feed("perp"), toys.minute("day"))
BTC = {"venue": "alpha", "symbol": "BTCUSDT", "asset": "BTC"}
QUOTES = wire(symbol=["BTCUSDT"], bid=[10.0], ask=[10.1], rate=[1e-4])


def test_a_piece_survives_the_way_through_the_cache() -> None:
    told = piece(
        "alpha",
        "perp",
        wire(symbol=["BTCUSDT", "ETHUSDT"], bid=[1.5, None]),
        venue_at_ms=NOW - 3,
        offset_ms=1.5,
        took_ms=20.0,
        dropped={"no_price": 2},
        absent={"interval_hours": 8.0},
    )

    back = decode(encode(told))

    assert back.frame.equals(told.frame, null_equal=True)
    assert back.frame.schema == told.frame.schema
    for name in ("venue", "feed", "market", "captured_at_ms", "venue_at_ms", "offset_ms"):
        assert getattr(back, name) == getattr(told, name)
    assert (back.dropped, back.absent, back.essential) == (
        {"no_price": 2},
        {"interval_hours": 8.0},
        True,
    )


def test_pieces_come_back_by_venue_and_feed() -> None:
    book.put([piece("alpha", "perp", QUOTES)])

    assert list(book.pieces([ALPHA])["alpha"]) == ["perp"]


def test_an_empty_book_is_no_data() -> None:
    with pytest.raises(NoData, match="no answer of any venue"):
        book.pieces([ALPHA])
    with pytest.raises(NoData, match="no answer of any venue"):
        book.load(NOW, venues=[ALPHA])


def test_a_flushed_cache_is_no_data_until_the_next_answer() -> None:
    book.put([piece("alpha", "perp", QUOTES)])
    book.put_known(instruments(BTC))
    cache.client().flushdb()
    with pytest.raises(NoData):
        book.load(NOW, venues=[ALPHA])

    book.put([piece("alpha", "perp", QUOTES)])

    snapshot = book.load(NOW, venues=[ALPHA])
    assert snapshot.perp.is_empty()
    assert snapshot.unknown_symbols() == {"alpha": 1}


def test_a_cache_that_cannot_be_reached_is_no_data(settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    for read in (
        lambda: book.load(NOW, venues=[ALPHA]),
        lambda: book.pieces([ALPHA]),
        lambda: book.fetch("anything"),
        book.known,
    ):
        with pytest.raises(NoData, match="the cache cannot be reached"):
            read()


@pytest.mark.parametrize(
    ("every_s", "least_s"),
    [(EVERY_SCAN, 120), (EVERY_MINUTE, 600), (EVERY_TEN_MINUTES, 26 * 3600)],
)
def test_entries_lapse_by_their_cadence(every_s: float, least_s: int) -> None:
    book.put([piece("alpha", "perp", QUOTES)], every_s=every_s)

    left: Any = cache.client().ttl(book.piece_key("alpha", "perp"))

    assert least_s - 60 < left <= least_s


def test_bytes_are_published_for_other_processes() -> None:
    book.publish("last scan", b"\x00\xffrows")

    assert book.fetch("last scan") == b"\x00\xffrows"
    assert book.fetch("never") is None


def test_a_table_keeps_its_columns_even_when_it_was_never_stored() -> None:
    assert book.get_frame("means", MEANS).schema == pl.Schema(dict(MEANS))


# The instrument list.


def test_the_instrument_list_is_one_object_until_it_changes() -> None:
    book.put_known(instruments(BTC))
    first = book.known()

    assert book.known() is first

    book.put_known(instruments(BTC, {**BTC, "symbol": "ETHUSDT", "asset": "ETH"}))
    assert book.known()["symbol"].to_list() == ["BTCUSDT", "ETHUSDT"]


def test_an_unknown_instrument_list_has_no_rows() -> None:
    assert book.known().is_empty()


def test_a_list_stored_after_the_cache_was_flushed_is_not_mistaken_for_the_old_one() -> None:
    book.put_known(instruments(BTC))
    book.known()
    cache.client().flushdb()

    book.put_known(instruments({**BTC, "symbol": "ETHUSDT", "asset": "ETH"}))

    assert book.known()["symbol"].to_list() == ["ETHUSDT"]


# Snapshots.


def loaded(now_ms: float = NOW, **more: Any) -> Any:
    return book.load(now_ms, venues=[ALPHA], **more)


@pytest.fixture
def stored() -> None:
    book.put_known(instruments(BTC))
    book.put([piece("alpha", "perp", QUOTES, offset_ms=7.0)])


def test_a_snapshot_is_what_the_same_pieces_make_in_memory(stored: None) -> None:
    pieces = book.pieces([ALPHA])

    told = loaded().perp.drop("unchanged_scans", "unchanged_move")

    in_memory = frames.assemble(pieces, book.known(), now_ms=NOW).perp
    assert told.equals(in_memory.drop("unchanged_scans", "unchanged_move"), null_equal=True)


def test_the_reader_gets_the_age_and_stale_is_never_fresh(stored: None) -> None:
    assert loaded(NOW).perp["age_ms"].to_list() == [0]
    assert loaded(NOW + 45_000).perp["age_ms"].to_list() == [45_000]


def test_a_venue_has_answered_while_its_essential_answers_are_of_this_scan(stored: None) -> None:
    assert loaded(NOW + 9_000).answered == {"alpha": True}
    assert loaded(NOW + 11_000).answered == {"alpha": False}
    assert loaded(NOW + 11_000).answered_markets == {("alpha", "perp"): False}


def test_a_venue_without_any_answer_is_listed_as_silent(stored: None) -> None:
    beta = toys.venue("beta")

    snapshot = book.load(NOW, venues=[ALPHA, beta])

    assert snapshot.answered == {"alpha": True, "beta": False}
    assert snapshot.venues["beta"].captured_at_ms is None


def test_venue_states_tell_offset_pause_and_reliability(stored: None) -> None:
    pipe = cache.client().pipeline()
    for outcome in (quality.IN_TIME, quality.IN_TIME, quality.LATE, quality.FAILED):
        quality.note_answer(pipe, "alpha", outcome, NOW)
    pipe.execute()

    state = loaded(paused=["alpha"]).venues["alpha"]

    assert (state.offset_ms, state.paused, state.reliability) == (7.0, True, 0.5)
    assert state.captured_at_ms == NOW
    assert not state.breaker_open


def test_reliability_is_unknown_before_the_first_answer(stored: None) -> None:
    assert loaded().venues["alpha"].reliability is None


def test_an_open_breaker_of_essential_answers_shuts_the_market(stored: None) -> None:
    async def ban() -> None:
        await (await breaker.board()).failed("alpha", "api", Fault.BANNED, NOW, 60)

    aio.run(ban())

    state = loaded().venues["alpha"]
    assert state.breaker_open
    assert (state.breaker_reason, state.breaker_until_ms) == ("banned", NOW + 60_000)
    assert state.blocked_markets == {"perp"}
    assert not loaded(NOW + 61_000).venues["alpha"].breaker_open


def test_networks_and_history_are_part_of_it(stored: None) -> None:
    networks = pl.DataFrame(
        {"venue": ["alpha"], "coin": ["BTC"], "chain": ["BTC"]},
        schema_overrides={"venue": pl.String},
    )
    book.put_frame("networks:alpha", networks, 60)
    book.put_frame("means", pl.DataFrame({"instrument_id": [1], "mean_hourly": [1e-5]}), 60)

    snapshot = loaded()

    assert snapshot.networks.schema == pl.Schema(dict(NETWORKS))
    assert snapshot.networks["coin"].to_list() == ["BTC"]
    assert snapshot.networks["can_deposit"].to_list() == [None]
    assert snapshot.history["mean_hourly"].to_list() == [1e-5]


def test_in_a_replay_now_is_the_newest_capture(stored: None, settings: Any) -> None:
    settings.MARKET_MODE = "replay"
    book.put([piece("alpha", "day", QUOTES, essential=False, captured_at_ms=NOW + 70_000)])

    snapshot = loaded(clock.now_ms())

    assert snapshot.now_ms == NOW + 70_000
    assert snapshot.perp["age_ms"].to_list() == [0]
    assert snapshot.answered == {"alpha": True}


# Unchanged scans, carried forward by the reader that scans.


def seen(at_ms: float, bid: float = 10.0, *, observe: bool = True) -> list[float | None]:
    quotes = QUOTES.with_columns(bid=pl.lit(bid))
    book.put([replace(piece("alpha", "perp", quotes), captured_at_ms=at_ms)])
    unchanged: list[float | None] = loaded(at_ms, observe=observe).perp["unchanged_scans"].to_list()
    return unchanged


def test_unchanged_scans_are_counted_and_start_anew_on_a_change(stored: None) -> None:
    told = [seen(NOW + step * 5_000) for step in range(3)]

    assert told == [[0.0], [1.0], [2.0]]
    assert seen(NOW + 20_000, bid=9.9) == [0.0]


def test_the_same_answer_read_twice_is_one_scan(stored: None) -> None:
    seen(NOW)
    seen(NOW + 5_000)

    assert seen(NOW + 5_000) == [1.0]


def test_only_the_reader_that_scans_counts(stored: None) -> None:
    seen(NOW)

    assert seen(NOW + 5_000, observe=False) == [0.0]
    assert seen(NOW + 10_000) == [1.0]


def test_markets_are_told_apart_by_name() -> None:
    assert piece("alpha", "x", QUOTES, Market.SPOT).market is Market.SPOT
