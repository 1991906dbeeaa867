"""From the venues' lists, or names, to the instruments every reader joins by."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge import cache, clock
from exchanges import book, rounds, strangers
from exchanges.cadence import due_key
from exchanges.venues.base import Venue
from tests.exchanges.answers import instruments, piece, wire
from tests.exchanges.conftest import MakeVenue
from tests.exchanges.toys import feed, listed, lists, prices
from tests.loopback import Loopback, Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def alpha(server: Loopback, make_venue: MakeVenue) -> Venue:
    server.on("/alpha/perp", Reply(prices("BTCUSDT", "1000PEPEUSDT", "PEPEUSDT")))
    server.on("/alpha/lists", Reply(listed("BTCUSDT", "1000PEPEUSDT", "PEPEUSDT")))
    return make_venue("alpha", feed(), lists())


def test_a_multiplier_is_believed_by_its_price(server: Loopback, alpha: Venue) -> None:
    rows = [("1000PEPEUSDT", 10.0), ("PEPEUSDT", 0.0101), ("BTCUSDT", 9e4)]
    told = ",".join(f'{{"symbol":"{one}","bid":{bid},"ask":{bid * 1.001}}}' for one, bid in rows)
    server.on("/alpha/perp", Reply(f'{{"rows":[{told}]}}'.encode()))

    rounds.run([alpha])

    multipliers = dict(book.known().select("symbol", "multiplier").rows())
    assert multipliers == {"BTCUSDT": 1.0, "PEPEUSDT": 1.0, "1000PEPEUSDT": 1000.0}


def test_names_stand_in_for_a_list_only_where_that_is_allowed(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    server.on("/alpha/perp", Reply(prices("BTCUSDT")))
    alpha = make_venue("alpha")
    settings.INSTRUMENTS_FROM_NAMES = False
    rounds.run([alpha])
    assert book.known().is_empty()

    settings.INSTRUMENTS_FROM_NAMES = True
    rounds.run([alpha])

    [row] = book.known().to_dicts()
    assert (row["symbol"], row["base"], row["inferred"]) == ("BTCUSDT", "BTC", True)
    assert row["status"] == "unknown"


def test_new_names_are_looked_for_once_a_minute(
    server: Loopback, make_venue: MakeVenue, settings: Any
) -> None:
    settings.INSTRUMENTS_FROM_NAMES = True
    alpha = make_venue("alpha")
    server.on("/alpha/perp", Reply(prices("BTCUSDT")))
    rounds.run([alpha])
    rounds.run([alpha])
    server.on("/alpha/perp", Reply(prices("BTCUSDT", "ETHUSDT")))
    rounds.run([alpha])
    assert book.known()["symbol"].to_list() == ["BTCUSDT"]

    cache.client().delete(cache.key("asked", "names"))
    rounds.run([alpha])

    assert sorted(book.known()["symbol"]) == ["BTCUSDT", "ETHUSDT"]


def test_a_list_that_came_is_believed_before_names(alpha: Venue, settings: Any) -> None:
    settings.INSTRUMENTS_FROM_NAMES = True

    rounds.run([alpha])

    assert book.known()["inferred"].to_list() == [False, False, False]


def test_an_unknown_symbol_makes_its_venues_list_due_once_a_minute(alpha: Venue) -> None:
    book.put_known(instruments({"venue": "alpha", "symbol": "BTCUSDT", "asset": "BTC"}))
    cache.client().set(due_key("alpha", "lists"), 1, ex=600)
    answer = piece("alpha", "perp", wire(symbol=["BTCUSDT", "NEW"], bid=[1.0, 1.0], ask=[2.0, 2.0]))
    book.put([answer])

    book.load(venues=[alpha])
    assert cache.client().exists(due_key("alpha", "lists"))

    book.load(venues=[alpha], observe=True)
    assert not cache.client().exists(due_key("alpha", "lists"))

    cache.client().set(due_key("alpha", "lists"), 1, ex=600)
    book.load(venues=[alpha], observe=True)
    assert cache.client().exists(due_key("alpha", "lists"))


def test_rows_of_unknown_symbols_are_counted(alpha: Venue) -> None:
    from exchanges import quality

    book.put([piece("alpha", "perp", wire(symbol=["NEW"], bid=[1.0], ask=[2.0]))])

    snapshot = book.load(venues=[alpha], observe=True)

    assert strangers.notice([alpha], snapshot, clock.now_ms()) == []
    told = quality.dropped(["alpha"], clock.now_ms())["alpha"]["perp"]
    assert told == {"unknown_symbol": 2}
