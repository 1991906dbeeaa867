"""What accounts hold, asked for with real signatures over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.credentials import KeyRefused, Secret
from arbedge.errors import NoData
from arbedge.hidden import Hidden
from exchanges import balances, keys
from exchanges.simulator.accounts import account
from exchanges.simulator.faults import Board, Kind, Wish
from tests.simulated import simulated_venues

VENUES = pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])


@pytest.fixture
def faults() -> Board:
    return Board()


@pytest.fixture(autouse=True)
def venues(settings: Settings, faults: Board) -> Iterator[None]:
    with simulated_venues(settings, faults):
        yield


def key(venue: str, name: str = "trader") -> Secret:
    who = account(venue, name)
    return Secret(venue, Hidden(who.key), Hidden(who.secret), Hidden(who.passphrase))


def one(secret: Secret) -> Any:
    [told] = balances.of([secret])
    return told


@VENUES
def test_spot_and_perpetuals_are_counted_together(venue: str) -> None:
    assert one(key(venue)) == {"USDT": 6_200.0, "ETH": 2.5}


def test_a_key_that_may_not_read_futures_is_asked_for_spot() -> None:
    assert one(key("binance", "reader")) == {"USDT": 1_000.0, "BTC": 0.05}


def test_keys_are_asked_side_by_side_and_told_in_their_order() -> None:
    told = balances.of([key("okx"), key("bybit", "reader"), key("okx", "expired")])
    assert told[0] == {"USDT": 6_200.0, "ETH": 2.5}
    assert told[1] == {"USDT": 1_250.0, "BTC": 0.05}
    assert isinstance(told[2], KeyRefused)


@VENUES
@pytest.mark.parametrize("name", ["expired", "elsewhere"])
def test_a_key_that_is_not_taken_says_why(venue: str, name: str) -> None:
    told = one(key(venue, name))
    assert isinstance(told, KeyRefused)
    assert (
        "does not" in told.message or "lets this key" in told.message or "expired" in told.message
    )


@VENUES
def test_a_venue_that_is_down_is_no_data(venue: str, faults: Board) -> None:
    faults.add(Wish(venue, Kind.SERVER))
    told = one(key(venue))
    assert isinstance(told, NoData)
    assert "cannot be asked now" in told.message


def test_a_venue_without_a_desk_is_no_data() -> None:
    assert isinstance(one(Secret("kraken", Hidden("a"), Hidden("b"), Hidden(""))), NoData)


@VENUES
@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"balances": None, "result": None, "data": None},
        {"balances": [{}], "result": {"list": [{"coin": [{}]}]}, "data": [{}]},
        {"balances": [{"asset": "A", "free": "x"}], "result": {"list": []}, "data": ["x"]},
        {"balances": [{"asset": "A", "free": "nan"}],
         "result": {"list": [{"coin": [{"coin": "A", "equity": "nan"}]}]},
         "data": [{"coin": "A", "available": "inf", "details": [{"ccy": "A", "eq": "inf"}]}]},
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_no_data(
    venue: str, odd: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told(*_: Any) -> dict[str, Any]:
        return odd

    monkeypatch.setattr(keys, "told", told)
    assert isinstance(one(key(venue)), NoData)


def test_nothing_that_is_told_shows_the_key() -> None:
    secret = key("okx", "expired")
    assert secret.key.reveal() not in repr(one(secret))
