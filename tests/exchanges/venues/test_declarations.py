"""What holds for every venue file."""

from __future__ import annotations

import pytest

from arbedge.errors import BadSetting
from arbedge.names import Market
from exchanges.columns import INSTRUMENT, WIRE
from exchanges.venues import VENUES, venue
from exchanges.venues.base import HISTORY_COLUMNS, NETWORK_COLUMNS, Ask, Feed, Venue
from exchanges.wire import MalformedAnswer
from tests.exchanges.venues.reading import payload

EVERY_VENUE = pytest.mark.parametrize("one", VENUES.values(), ids=list(VENUES))
FEEDS = [
    pytest.param(one, feed, id=f"{one.name}-{feed.name}")
    for one in VENUES.values()
    for feed in one.feeds
]
EVERY_FEED = pytest.mark.parametrize(("one", "feed"), FEEDS)
SAME_SHAPE = {
    ("binance", "perp_day"): "spot_day",
    ("bybit", "perp_pre_launch"): "perp_instruments",
}
# Columns that do for every scan whatever the venue, and where they may come from.
NEEDED = {
    Market.SPOT: {"bid", "ask", "bid_size", "ask_size", "volume_quote", "high", "low"},
    Market.PERP: {
        *("bid", "ask", "bid_size", "ask_size", "high", "low", "mark", "index"),
        *("rate", "rate_cap", "rate_floor", "interval_hours", "next_settlement_ms"),
    },
}


def body(one: Venue, feed: Feed) -> bytes:
    return payload(one.name, SAME_SHAPE.get((one.name, feed.name), feed.name))


def asks(one: Venue) -> list[Ask]:
    fixed = [feed.ask for feed in one.feeds] + [one.clock, one.history("BTCUSDT", 0)]
    fixed += [one.depth(Market.SPOT, "BTCUSDT"), one.depth(Market.PERP, "BTCUSDT")]
    return fixed + ([one.networks] if one.networks else [])


def test_the_four_venues_are_known_by_name() -> None:
    assert list(VENUES) == ["binance", "bybit", "okx", "bitget"]
    assert venue("okx").title == "OKX"


def test_an_unknown_venue_is_refused_with_what_is_near() -> None:
    with pytest.raises(BadSetting, match="binance"):
        venue("binanec")


@EVERY_VENUE
def test_every_request_names_a_host_and_a_pool_that_exist(one: Venue) -> None:
    for ask in asks(one):
        assert ask.host in one.hosts
        assert ask.pool in one.pools
        assert 1 <= ask.weight <= one.pools[ask.pool].limit


@EVERY_VENUE
def test_feed_names_are_unique(one: Venue) -> None:
    names = [feed.name for feed in one.feeds]
    assert len(set(names)) == len(names)


@EVERY_VENUE
@pytest.mark.parametrize("market", [Market.SPOT, Market.PERP])
def test_the_feeds_together_give_every_figure_a_scan_needs(one: Venue, market: Market) -> None:
    feeds = [feed for feed in one.feeds if feed.market is market and not feed.instruments]
    columns = {column for feed in feeds for column in feed.parse(body(one, feed)).frame.columns}
    assert columns >= NEEDED[market]


@EVERY_VENUE
@pytest.mark.parametrize("market", [Market.SPOT, Market.PERP])
def test_each_market_has_prices_in_every_scan_and_instruments(one: Venue, market: Market) -> None:
    feeds = [feed for feed in one.feeds if feed.market is market]
    assert any(feed.essential and feed.every_s == 0 for feed in feeds)
    assert {feed.every_s for feed in feeds if feed.instruments} == {600.0}


@EVERY_FEED
def test_a_feed_gives_only_columns_of_the_book(one: Venue, feed: Feed) -> None:
    frame = feed.parse(body(one, feed)).frame
    if feed.instruments:
        assert frame.schema == dict(INSTRUMENT)
    else:
        assert all(frame.schema[column] == WIRE[column] for column in frame.columns)


@EVERY_FEED
def test_a_feed_refuses_what_is_no_answer(one: Venue, feed: Feed) -> None:
    for nonsense in (b"", b"<html>", b'{"oops":1}', body(one, feed)[:-30]):
        with pytest.raises(MalformedAnswer):
            feed.parse(nonsense)


@EVERY_VENUE
def test_history_and_networks_have_their_columns(one: Venue) -> None:
    assert one.parse_history(payload(one.name, "history")).schema == HISTORY_COLUMNS
    assert one.parse_networks is not None
    assert one.parse_networks(payload(one.name, "networks")).schema == NETWORK_COLUMNS


@EVERY_VENUE
def test_single_answers_refuse_what_is_no_answer(one: Venue) -> None:
    assert one.parse_networks is not None
    for parse in (one.parse_clock, one.parse_depth, one.parse_history, one.parse_networks):
        with pytest.raises(MalformedAnswer):
            parse(b'{"oops":')


@EVERY_VENUE
def test_only_bitget_tells_its_networks_without_a_key(one: Venue) -> None:
    assert one.networks is not None
    assert one.networks.signed is (one.name != "bitget")
    assert (one.sign is None) is (one.name == "bitget")


def test_only_binance_leaves_intervals_out_of_its_list() -> None:
    told = {
        (one.name, f.name): f.absent_interval_hours for one in VENUES.values() for f in one.feeds
    }
    assert {key: hours for key, hours in told.items() if hours} == {
        ("binance", "perp_intervals"): 8.0
    }


def test_a_scan_is_eleven_bulk_requests_of_the_expected_weight() -> None:
    scan = [feed for one in VENUES.values() for feed in one.feeds if feed.every_s == 0]
    assert len(scan) == 11
    weights: dict[str, int] = {}
    for feed in VENUES["binance"].feeds:
        if feed.every_s == 0:
            weights[feed.ask.pool] = weights.get(feed.ask.pool, 0) + feed.ask.weight
    assert weights == {"spot": 4, "usdm": 15}
