"""What the simulator says, read by the product's own venue files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import polars as pl
import pytest

from arbedge.names import Market as Kind
from exchanges.simulator.listing import DAY_MS, HOUR_MS, Leg, Quirk, Sort, Standing
from exchanges.simulator.market import Market
from exchanges.simulator.planted import PLANTED, Case
from exchanges.simulator.traps import TRAPS
from exchanges.venues import VENUES
from exchanges.venues.base import Feed, Ladder, Venue
from tests.exchanges.simulator.speaking import TEN_OCLOCK, Hands, body, market

NOW_MS = TEN_OCLOCK + HOUR_MS // 3
FEEDS = [(venue, feed) for venue in VENUES.values() for feed in venue.feeds]


@pytest.fixture(scope="module")
def spoken() -> Market:
    return market(Hands(NOW_MS))


def legs(spoken: Market, venue: Venue, *sorts: Sort) -> list[Leg]:
    return [
        leg
        for coin in spoken.world.coins
        for leg in coin.legs
        if leg.venue == venue.name and leg.sort in sorts
    ]


def expected_drops(spoken: Market, venue: Venue, feed: Feed) -> dict[str, int]:
    """Only the dead pairs and the half-dead ones may be dropped, where quotes are read."""
    if feed.market is not Kind.SPOT or feed.instruments or not feed.essential:
        return {}
    quirks = Counter(leg.quirk for leg in legs(spoken, venue, Sort.SPOT))
    found = {"no_price": quirks[Quirk.DEAD], "one_sided": quirks[Quirk.NO_ASK]}
    return {reason: count for reason, count in found.items() if count}


def pages(spoken: Market, venue: Venue, feed: Feed) -> Iterator[bytes]:
    more = None
    while True:
        page = body(spoken, venue, feed.ask, more)
        yield page
        more = feed.follow(page) if feed.follow else None
        if more is None:
            return


@pytest.mark.parametrize(("venue", "feed"), FEEDS, ids=lambda one: one.name)
def test_no_row_is_dropped_but_the_planted_ones(spoken: Market, venue: Venue, feed: Feed) -> None:
    dropped: Counter[str] = Counter()
    rows = 0
    for page in pages(spoken, venue, feed):
        parsed = feed.parse(page)
        dropped.update(parsed.dropped)
        rows += parsed.frame.height

    assert rows > 0
    assert {reason: count for reason, count in dropped.items() if count} == expected_drops(
        spoken, venue, feed
    )


@pytest.mark.parametrize("venue", VENUES.values(), ids=lambda venue: venue.name)
@pytest.mark.parametrize("kind", [Kind.SPOT, Kind.PERP])
def test_every_listing_is_found_among_the_instruments(
    spoken: Market, venue: Venue, kind: Kind
) -> None:
    """A venue's list of instruments, page by page, holds exactly what the world lists."""
    read = pl.concat(
        feed.parse(page).frame.filter(pl.col("market") == kind.value)
        for feed in venue.feeds
        if feed.instruments
        for page in pages(spoken, venue, feed)
    )
    listed = [
        leg
        for leg in legs(spoken, venue, Sort(kind.value))
        if venue.name != "bitget" or leg.quote == "USDT"
    ]

    assert sorted(zip(read["base"], read["quote"], strict=True)) == sorted(
        (leg.base, leg.quote) for leg in listed
    )


@pytest.mark.parametrize("venue", VENUES.values(), ids=lambda venue: venue.name)
def test_standing_and_ends_of_instruments_are_understood(spoken: Market, venue: Venue) -> None:
    read = pl.concat(
        feed.parse(page).frame
        for feed in venue.feeds
        if feed.instruments
        for page in pages(spoken, venue, feed)
    ).filter(pl.col("market") == Kind.PERP.value)
    by_base = {row["base"]: row for row in read.iter_rows(named=True)}

    for leg in legs(spoken, venue, Sort.PERP):
        row = by_base[leg.base]
        expected = "pre_market" if leg.standing is Standing.PRE_MARKET else "trading"
        assert row["status"] == expected, leg.base
        assert (row["offline_at_ms"] is not None) == (leg.offline_days is not None), leg.base


def quoted(spoken: Market, venue: Venue, column: str) -> dict[str, float]:
    """A perpetual's figure by base, from whichever feed gives it."""
    names = pl.concat(
        feed.parse(page).frame.select("symbol", "base", "market")
        for feed in venue.feeds
        if feed.instruments
        for page in pages(spoken, venue, feed)
    )
    found: dict[str, float] = {}
    for feed in venue.feeds:
        if feed.instruments or feed.market is not Kind.PERP:
            continue
        frame = feed.parse(body(spoken, venue, feed.ask)).frame
        if column in frame.columns:
            perps = names.filter(pl.col("market") == Kind.PERP.value)
            rows = frame.join(perps, on="symbol").drop_nulls(column)
            found |= dict(zip(rows["base"], rows[column], strict=True))
    return found


@pytest.mark.parametrize("venue", VENUES.values(), ids=lambda venue: venue.name)
@pytest.mark.parametrize("column", ["rate", "next_settlement_ms", "interval_hours"])
def test_planted_funding_arrives_as_it_was_planted(
    spoken: Market, venue: Venue, column: str
) -> None:
    read = quoted(spoken, venue, column)
    planted = [
        leg
        for case in PLANTED
        for leg in (case.long, case.short)
        if leg.venue == venue.name and leg.sort is Sort.PERP
    ]

    for leg in planted:
        if column == "interval_hours" and not leg.in_funding_info:
            assert leg.base not in read
            continue
        step = leg.interval_at(NOW_MS) * HOUR_MS
        expected = {
            "rate": float(leg.rate),
            "interval_hours": leg.interval_at(NOW_MS),
            "next_settlement_ms": (NOW_MS // step + 1) * step,
        }
        assert read[leg.base] == expected[column], leg.base


@pytest.mark.parametrize("venue", VENUES.values(), ids=lambda venue: venue.name)
def test_the_clock_is_read(spoken: Market, venue: Venue) -> None:
    assert venue.parse_clock(body(spoken, venue, venue.clock)) == NOW_MS


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.coin.name)
def test_books_are_deep_at_the_best_price(spoken: Market, case: Case) -> None:
    """Fifty thousand dollars fit into the best level: depth costs what the spread costs."""
    for leg in (case.long, case.short):
        ladder = ladder_of(spoken, leg)
        price, size = ladder.bids[0]
        assert price * size * float(leg.contract) > 50_000
        assert price < ladder.asks[0][0]
        assert list(ladder.bids) == sorted(ladder.bids, reverse=True)


def test_the_shallow_book_holds_no_thousand_dollars_near_its_best_price(spoken: Market) -> None:
    leg = next(trap.at for trap in TRAPS if trap.at.quirk is Quirk.SHALLOW)

    ladder = ladder_of(spoken, leg)

    near = sum(price * size for price, size in ladder.bids if price > 0.99 * ladder.bids[0][0])
    assert near < 100


def ladder_of(spoken: Market, leg: Leg) -> Ladder:
    venue = VENUES[leg.venue]
    symbol = f"{leg.base}{leg.quote}"
    if leg.venue == "okx":
        symbol = f"{leg.base}-{leg.quote}" + ("-SWAP" if leg.sort is Sort.PERP else "")
    return venue.parse_depth(body(spoken, venue, venue.depth(Kind(leg.sort.value), symbol)))


@pytest.mark.parametrize(
    ("venue", "symbol", "rate", "hours"),
    [
        ("binance", "SOLVUSDT", 0.00035, 4),
        ("bybit", "IVORUSDT", 0.00015, 2),
        ("okx", "EMBR-USDT-SWAP", 0.0012, 4),
        ("bitget", "FJORUSDT", 0.0001125, 1),
    ],
)
def test_settled_funding_is_read(
    spoken: Market, venue: str, symbol: str, rate: float, hours: int
) -> None:
    ask = VENUES[venue].history(symbol, NOW_MS - 7 * DAY_MS)

    past = VENUES[venue].parse_history(body(spoken, VENUES[venue], ask)).sort("settled_at_ms")

    assert past["rate"].unique().to_list() == [rate]
    assert past["settled_at_ms"].diff().drop_nulls().unique().to_list() == [hours * HOUR_MS]
    assert past["settled_at_ms"].max() == NOW_MS // (hours * HOUR_MS) * hours * HOUR_MS


def test_networks_of_bitget_say_what_is_closed(spoken: Market) -> None:
    venue = VENUES["bitget"]
    assert venue.networks is not None
    assert venue.parse_networks is not None

    told = venue.parse_networks(body(spoken, venue, venue.networks))

    states = {
        coin: (deposit, withdraw)
        for coin, deposit, withdraw in told.select(
            "coin", "can_deposit", "can_withdraw"
        ).iter_rows()
        if coin in ("NCLO", "NCLW", "PYRE")
    }
    assert states == {"NCLO": (False, True), "NCLW": (True, False), "PYRE": (True, False)}
    assert told.filter(pl.col("coin") == "OSMA")["withdraw_fee"].to_list() == [1.5, 0.2]
