"""Keys asked for their rights through ccxt, over real HTTP, of venues that check signatures."""

from __future__ import annotations

import builtins
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import override_settings
from pytest_django import Settings

from accounts.credentials import KeyRefused, Rights, Secret, Unchecked
from arbedge import aio, breaker, clock
from arbedge.hidden import Hidden
from arbedge.names import Fault
from exchanges import keys
from exchanges.simulator.accounts import account
from exchanges.simulator.faults import Board, Kind, Wish
from tests.simulated import simulated_venues

ALL = ("binance", "bybit", "okx", "bitget")
VENUES = pytest.mark.parametrize("venue", ALL)
WITH_PASSPHRASE = pytest.mark.parametrize("venue", ["okx", "bitget"])


@pytest.fixture(autouse=True)
def venues(settings: Settings, faults: Board) -> Iterator[None]:
    with simulated_venues(settings, faults):
        yield


@pytest.fixture
def faults() -> Board:
    return Board()


def secret(venue: str, name: str, **other: Any) -> Secret:
    who = account(venue, name)
    plain = Secret(venue, Hidden(who.key), Hidden(who.secret), Hidden(who.passphrase))
    return replace(plain, **other)


def refusal(wanted: Secret) -> KeyRefused:
    with pytest.raises(KeyRefused) as caught:
        keys.check(wanted)
    return caught.value


def silence(wanted: Secret) -> Unchecked:
    with pytest.raises(Unchecked) as caught:
        keys.check(wanted)
    return caught.value


@VENUES
@pytest.mark.parametrize(
    ("name", "trade", "withdraw", "bound"),
    [("reader", False, False, False), ("trader", True, False, True),
     ("withdrawer", True, True, False)],
)  # fmt: skip
def test_a_key_may_what_its_venue_says(
    venue: str, name: str, trade: bool, withdraw: bool, bound: bool
) -> None:
    told = keys.check(secret(venue, name))

    assert told == Rights(True, trade, withdraw, bound, expires_at=told.expires_at, note=told.note)


@VENUES
def test_a_key_that_may_withdraw_comes_with_what_to_switch_off(venue: str) -> None:
    note = keys.check(secret(venue, "withdrawer")).note

    assert keys.DESKS[venue].name in note
    assert "untick" in note


@VENUES
def test_a_right_nobody_knows_is_not_taken_for_harmless(venue: str) -> None:
    error = refusal(secret(venue, "odd"))

    assert error.code == "rights_unknown"
    assert "switch that off" in error.message


@VENUES
def test_a_wrong_secret_is_told_from_a_wrong_key(venue: str) -> None:
    right = secret(venue, "reader")
    strange = {"binance": "0" * 64, "bybit": "0" * 18, "bitget": "bg_" + "0" * 32}
    key = strange.get(venue, "00000000-0000-0000-0000-000000000000")

    assert refusal(replace(right, secret=Hidden("another"))).code == "secret_wrong"
    assert refusal(replace(right, key=Hidden(key))).code == "key_wrong"


@pytest.mark.parametrize(
    ("venue", "code"),
    [("binance", "key_wrong"), ("bybit", "key_expired"), ("okx", "key_wrong"),
     ("bitget", "key_wrong")],
)  # fmt: skip
def test_an_expired_key(venue: str, code: str) -> None:
    assert refusal(secret(venue, "expired")).code == code


@pytest.mark.parametrize("venue", ["bybit", "okx", "bitget"])
def test_a_key_bound_to_other_addresses(venue: str) -> None:
    assert refusal(secret(venue, "elsewhere")).code == "ip_not_allowed"


def test_binance_does_not_tell_a_wrong_key_from_a_wrong_address() -> None:
    error = refusal(secret("binance", "elsewhere"))

    assert error.code == "key_wrong"
    assert "addresses that are not this server's" in error.message


@WITH_PASSPHRASE
def test_a_wrong_passphrase(venue: str) -> None:
    assert refusal(secret(venue, "reader", passphrase=Hidden("no"))).code == "passphrase_wrong"


@WITH_PASSPHRASE
def test_a_missing_passphrase_is_asked_for_without_asking_the_venue(
    venue: str, settings: Settings
) -> None:
    settings.VENUE_URLS = {venue: {"api": "http://127.0.0.1:1"}}

    assert refusal(secret(venue, "reader", passphrase=Hidden(""))).code == "passphrase_needed"


@WITH_PASSPHRASE
def test_a_key_of_the_other_network(venue: str) -> None:
    assert refusal(secret(venue, "paper")).code == "wrong_network"
    assert keys.check(secret(venue, "paper", testnet=True)).trade


def test_binances_test_network_has_no_withdrawals() -> None:
    told = keys.check(secret("binance", "paper", testnet=True))

    assert (told.read, told.trade, told.withdraw) == (True, True, False)
    assert "test network" in told.note


@VENUES
@pytest.mark.parametrize("kind", [Kind.STALE, Kind.FUTURE])
def test_a_clock_that_is_wrong_is_nobodys_key(venue: str, kind: Kind, faults: Board) -> None:
    faults.add(Wish(venue, kind, by_s=300))

    assert silence(secret(venue, "reader")).code == "clock_skew"


@VENUES
@pytest.mark.parametrize(
    "kind", [Kind.SERVER, Kind.RATE_LIMITED, Kind.FORBIDDEN, Kind.HTML, Kind.MALFORMED, Kind.DROP]
)
def test_a_venue_that_gives_no_answer_is_no_verdict(venue: str, kind: Kind, faults: Board) -> None:
    faults.add(Wish(venue, kind))

    assert silence(secret(venue, "reader")).code == "venue_unreachable"


@VENUES
def test_nobody_listens(venue: str, settings: Settings) -> None:
    hosts = settings.VENUE_URLS[venue]
    settings.VENUE_URLS = {venue: dict.fromkeys(hosts, "http://127.0.0.1:1")}

    assert silence(secret(venue, "reader")).code == "venue_unreachable"


def test_a_slow_venue_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, faults: Board) -> None:
    monkeypatch.setattr(keys, "TIMEOUT_S", 0.05)
    faults.add(Wish("okx", Kind.LATENCY, by_s=1.0))

    assert silence(secret("okx", "reader")).code == "venue_unreachable"


def test_a_failing_venue_is_left_alone_after_a_while(faults: Board) -> None:
    faults.add(Wish("bybit", Kind.SERVER))
    for _ in range(breaker.TOLERATED):
        silence(secret("bybit", "reader"))
    faults.clear()

    assert silence(secret("bybit", "reader")).code == "venue_unreachable"
    assert [one["host"] for one in breaker.states()] == [keys.BREAKER]


def test_a_wrong_key_is_an_answer_and_opens_no_breaker() -> None:
    for _ in range(breaker.TOLERATED + 1):
        refusal(secret("bybit", "expired"))

    assert breaker.states() == []


def test_a_venue_whose_market_data_is_refused_is_not_asked(faults: Board) -> None:
    async def banned() -> None:
        board = await breaker.board()
        await board.failed("okx", "api", Fault.BANNED, clock.now_ms())

    aio.run(banned())

    assert silence(secret("okx", "reader")).code == "venue_unreachable"


def test_without_the_cache_keys_are_checked_all_the_same() -> None:
    with override_settings(CACHE_URL="redis://127.0.0.1:1/0"):
        assert keys.check(secret("okx", "reader")).read


def test_a_secret_that_cannot_sign() -> None:
    torn = Hidden("-----BEGIN RSA PRIVATE KEY-----" + "x" * 200)

    assert refusal(secret("binance", "reader", secret=torn)).code == "secret_wrong"


def test_a_code_nobody_expects_is_no_verdict_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(keys.DESKS, "bybit", replace(keys.DESKS["bybit"], problems={}))

    error = silence(secret("bybit", "expired"))

    assert error.code == "venue_unreachable"
    assert "code 33004" in error.message


def test_a_venue_whose_rights_cannot_be_asked_for() -> None:
    error = refusal(secret("okx", "reader", provider="kraken"))

    assert error.code == "rights_unknown"
    assert "Bitget" in error.message


def test_without_ccxt_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("ccxt"):
            raise ImportError(name)
        return importing(name, *more)

    for name in [name for name in sys.modules if name.partition(".")[0] == "ccxt"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)

    error = silence(secret("okx", "reader"))

    assert error.code == "not_installed"
    assert "requirements/venues.txt" in error.message


@VENUES
def test_no_refusal_repeats_the_key(venue: str) -> None:
    wrong = secret(venue, "reader", secret=Hidden("canary-of-a-secret"))

    error = refusal(wrong)

    told = "".join(traceback.format_exception(error)) + repr(error.details)
    assert account(venue, "reader").key not in told
    assert "canary-of-a-secret" not in told


@pytest.mark.parametrize(
    ("testnet", "urls", "expected"),
    [
        (False, {}, ""),
        (False, {"api": "http://here/okx/"}, "http://here/okx"),
        (True, {"api": "http://here/okx"}, "http://here/okx"),
        (True, {"api": "http://here/okx", "test": "http://test"}, "http://test"),
        (False, {"api": "http://here/okx", "test": "http://test"}, "http://here/okx"),
    ],
)
def test_the_base_address(
    settings: Settings, testnet: bool, urls: dict[str, str], expected: str
) -> None:
    settings.VENUE_URLS = {"okx": urls}

    assert keys.base_url("okx", "api", testnet=testnet) == expected
