"""`manage.py collect` and `manage.py probe` as an operator meets them."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from arbedge import aio
from exchanges import probing
from exchanges.venues.base import Pool, Venue
from tests.exchanges import toys
from tests.exchanges.conftest import MakeVenue
from tests.exchanges.toys import feed, listed, lists, prices
from tests.loopback import Loopback, Reply

pytestmark = pytest.mark.django_db

DEPTH = json.dumps({"bids": [[1, 1]], "asks": [[2, 1]]}).encode()
HISTORY = json.dumps([["BTCUSDT", toys.AT, 0.0001]]).encode()


@pytest.fixture
def alpha(server: Loopback, make_venue: MakeVenue, monkeypatch: pytest.MonkeyPatch) -> Venue:
    """A venue on which everything is as its file says."""
    good = prices("BTCUSDT", "ETHUSDT", at=None)
    server.on("/alpha/perp", Reply(good, headers={"X-Used": "3"}))
    server.on("/alpha/lists", Reply(listed("BTCUSDT", "ETHUSDT"), headers={"X-Used": "3"}))
    server.on("/alpha/depth", Reply(DEPTH))
    server.on("/alpha/history", Reply(HISTORY))
    pools = {"ip": Pool(1000, 60.0, used_header="x-used")}
    venue = make_venue("alpha", feed(), lists(), pools=pools)
    monkeypatch.setattr("exchanges.routes.configured", lambda: (venue,))
    monkeypatch.setattr("exchanges.venues.VENUES", {"alpha": venue})
    return venue


def collect(*options: str) -> str:
    out = StringIO()
    call_command("collect", "--once", *options, stdout=out)
    return out.getvalue()


def test_collect_shows_what_came(alpha: Venue) -> None:
    told = collect()

    assert "3 of 3 answers" in told
    assert "perp" in told
    assert "alpha 4" in told


def test_collect_shows_what_did_not_come(server: Loopback, alpha: Venue) -> None:
    server.on("/alpha/perp", Reply(b"{}", 429))

    told = collect()

    assert "rate_limited" in told
    assert "3 of 3 answers" not in told


def test_collect_fails_when_nobody_answers(server: Loopback, alpha: Venue) -> None:
    for path in ("perp", "lists", "clock"):
        server.on(f"/alpha/{path}", Reply(b"", 503))

    with pytest.raises(CommandError, match="no venue answered"):
        collect()


def test_collect_names_the_venues_it_knows(alpha: Venue) -> None:
    with pytest.raises(CommandError, match="no venue file 'alhpa'"):
        collect("--venue", "alhpa")


def test_collect_can_be_limited_to_a_venue(alpha: Venue) -> None:
    assert "3 of 3 answers" in collect("--venue", "alpha")


def test_collect_without_a_cache_says_so(alpha: Venue, settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    with pytest.raises(CommandError, match="the cache cannot be reached"):
        collect()


# Probing.


def probe(*options: str) -> str:
    out = StringIO()
    call_command("probe", "alpha", *options, stdout=out)
    return out.getvalue()


def differences(venue: Venue) -> list[str]:
    return list(aio.run(probing.probe(venue), 60).differences)


def test_a_venue_as_expected_shows_no_difference(alpha: Venue) -> None:
    told = probe()

    assert "everything is as expected" in told
    assert "order book perp" in told
    assert "settled funding" in told


def test_calls_are_bounded(server: Loopback, alpha: Venue) -> None:
    probe("--rounds", "5")

    paths = server.paths()
    assert paths.count("/alpha/perp") == 5
    assert paths.count("/alpha/lists") == 1
    assert len(paths) == 5 + 1 + probing.ROUNDS + 2


@pytest.mark.parametrize("rounds", ["0", "21"])
def test_rounds_are_limited(alpha: Venue, rounds: str) -> None:
    with pytest.raises(CommandError, match="1 to 20"):
        probe("--rounds", rounds)


def test_a_difference_is_printed_and_fails_the_command(server: Loopback, alpha: Venue) -> None:
    server.on("/alpha/perp", Reply(b"<html>"))
    out = StringIO()

    with pytest.raises(CommandError, match="1 differences"):
        call_command("probe", "alpha", stdout=out)

    assert "DIFFERENT  perp: cannot be read" in out.getvalue()


def test_an_unknown_venue_is_named(alpha: Venue) -> None:
    with pytest.raises(CommandError, match="no venue file 'beta'"):
        call_command("probe", "beta")


@pytest.mark.parametrize(
    ("path", "reply", "told"),
    [
        ("perp", Reply(b"{}", 403), "perp: did not come: HTTP 403"),
        ("perp", Reply(prices()), "perp: has no rows"),
        ("perp", Reply(prices("BTCUSDT", dropped={"no_price": 2})), "2 of 3 rows are dropped"),
        ("perp", Reply(prices("BTCUSDT")), "perp: header x-used is not sent"),
        ("depth", Reply(b"{}", 500), "order book perp: did not come"),
        ("history", Reply(b"[]"), "settled funding: has no rows"),
        ("clock", Reply(b"<html>"), "clock: was no JSON"),
        ("clock", Reply(b"1764000000000"), "ms from ours"),
    ],
)
def test_each_difference_is_told(
    server: Loopback, alpha: Venue, path: str, reply: Reply, told: str
) -> None:
    server.on(f"/alpha/{path}", reply)

    assert any(told in one for one in differences(alpha)), differences(alpha)


def test_an_old_answer_is_told(server: Loopback, alpha: Venue) -> None:
    server.on("/alpha/perp", Reply(prices("BTCUSDT"), headers={"X-Used": "1"}))

    [told] = differences(alpha)

    assert told.endswith("ms old")


def test_a_column_without_any_value_is_told(server: Loopback, alpha: Venue) -> None:
    body = b'{"rows": [{"symbol": "BTCUSDT", "bid": 1.0, "ask": 2.0}]}'
    server.on("/alpha/perp", Reply(body, headers={"X-Used": "1"}))

    assert differences(alpha) == ["perp: column rate is empty in every row"]


def test_a_weight_other_than_declared_is_told(server: Loopback, alpha: Venue) -> None:
    good = prices("BTCUSDT", at=None)
    server.on("/alpha/perp", *(Reply(good, headers={"X-Used": str(n)}) for n in (10, 17, 24)))

    assert differences(alpha) == ["perp: weighs 7, not 1"]


def test_fields_that_came_and_went_since_the_last_probe_are_told(
    server: Loopback, alpha: Venue
) -> None:
    assert differences(alpha) == []
    row = {"symbol": "BTCUSDT", "bid": 1.0, "ask": 2.0, "rate": 0.1, "novel": 1}
    body = json.dumps({"rows": [row]}).encode()
    server.on("/alpha/perp", Reply(body, headers={"X-Used": "1"}))
    first = aio.run(probing.probe(alpha), 60)

    del row["novel"]
    server.on("/alpha/perp", Reply(json.dumps({"rows": [row]}).encode(), headers={"X-Used": "1"}))
    second = aio.run(probing.probe(alpha), 60)

    assert first.feeds[0].appeared == ("novel",)
    assert first.differences == ()
    assert second.differences == ("perp: field novel is no longer sent",)


def test_a_probe_waits_for_its_own_budget(
    server: Loopback, make_venue: MakeVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "PAUSE_S", 0.2)
    server.on("/alpha/perp", Reply(prices("BTCUSDT", at=None)))
    server.on("/alpha/depth", Reply(DEPTH))
    server.on("/alpha/history", Reply(HISTORY))
    slow = make_venue("alpha", pools={"ip": Pool(4, 1.0)})

    assert differences(slow) == []
