"""The simulated venues check signatures as the venues do: signed here by hand, without ccxt."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from exchanges.simulator import private
from exchanges.simulator.accounts import ACCOUNTS, ROLES, Account, account
from exchanges.simulator.app import build
from exchanges.simulator.private.asked import Asked
from tests.exchanges.simulator.speaking import Client, Hands, world

NOW_MS = 1_795_255_200_000
Signer = Callable[..., Asked]


def hexed(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def based(secret: str, text: str) -> str:
    raw = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(raw).decode()


def asked(path: str, headers: dict[str, str], query: str = "", address: str = "127.0.0.1") -> Asked:
    return Asked("GET", path, query, headers, address, NOW_MS)


def binance(who: Account, *, late_ms: int = 0, **more: Any) -> Asked:
    query = f"timestamp={NOW_MS - late_ms}&recvWindow={more.pop('window', 5000)}"
    query += f"&signature={hexed(more.pop('secret', who.secret), query)}"
    key = {"x-mbx-apikey": more.pop("key", who.key)}
    return asked("/sapi/v1/account/apiRestrictions", key, query, **more)


def bybit(who: Account, *, late_ms: int = 0, **more: Any) -> Asked:
    stamp, key = str(NOW_MS - late_ms), more.pop("key", who.key)
    headers = {
        "x-bapi-api-key": key,
        "x-bapi-timestamp": stamp,
        "x-bapi-recv-window": "5000",
        "x-bapi-sign": hexed(more.pop("secret", who.secret), f"{stamp}{key}5000"),
    }
    return asked("/v5/user/query-api", headers, **more)


def okx(who: Account, *, late_ms: int = 0, **more: Any) -> Asked:
    path = "/api/v5/account/config"
    moment = datetime.fromtimestamp((NOW_MS - late_ms) / 1000, UTC)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{NOW_MS % 1000:03}Z"
    headers = {
        "ok-access-key": more.pop("key", who.key),
        "ok-access-timestamp": stamp,
        "ok-access-passphrase": more.pop("passphrase", who.passphrase),
        "ok-access-sign": based(more.pop("secret", who.secret), f"{stamp}GET{path}"),
        "x-simulated-trading": more.pop("paper", "0"),
    }
    return asked(path, headers, **more)


def bitget(who: Account, *, late_ms: int = 0, **more: Any) -> Asked:
    path, stamp = "/api/v2/spot/account/info", str(NOW_MS - late_ms)
    headers = {
        "access-key": more.pop("key", who.key),
        "access-timestamp": stamp,
        "access-passphrase": more.pop("passphrase", who.passphrase),
        "access-sign": based(more.pop("secret", who.secret), f"{stamp}GET{path}"),
        "paptrading": more.pop("paper", "0"),
    }
    return asked(path, headers, **more)


SIGNERS: dict[str, Signer] = {"binance": binance, "bybit": bybit, "okx": okx, "bitget": bitget}
VENUES = pytest.mark.parametrize("venue", SIGNERS)


def told(venue: str, name: str, **more: Any) -> tuple[int, Any]:
    """Status and body of a request signed for this account."""
    reply = private.answer(venue, SIGNERS[venue](account(venue, name), **more))
    return reply.status, json.loads(reply.body)


def code(body: Any) -> str:
    return str(body.get("retCode", body.get("code")))


@VENUES
def test_a_rightly_signed_request_is_answered(venue: str) -> None:
    status, body = told(venue, "reader")

    assert status == 200
    assert code(body) in ("None", "0", "00000")


@VENUES
@pytest.mark.parametrize(
    ("wrong", "codes"),
    [
        ({"secret": "another"}, {"-1022", "10004", "50113", "40009"}),
        ({"late_ms": 31_000}, {"-1021", "10002", "50102", "40008"}),
        ({"late_ms": -31_000}, {"-1021", "10002", "50102", "40008"}),
        ({"key": ""}, {"-2014", "10001", "50103", "40001"}),
    ],
    ids=["secret", "late", "early", "no key"],
)
def test_a_request_wrong_in_one_thing_is_refused(
    venue: str, wrong: dict[str, Any], codes: set[str]
) -> None:
    assert code(told(venue, "reader", **wrong)[1]) in codes


@pytest.mark.parametrize(
    ("venue", "key", "status", "expected"),
    [
        ("binance", "0" * 64, 401, "-2015"),
        ("binance", "too short", 401, "-2014"),
        ("bybit", "0" * 18, 200, "10003"),
        ("okx", "00000000-0000-0000-0000-000000000000", 401, "50111"),
        ("bitget", "bg_" + "0" * 32, 400, "40037"),
        ("bitget", "too short", 400, "40006"),
    ],
)
def test_a_key_nobody_has(venue: str, key: str, status: int, expected: str) -> None:
    got, body = told(venue, "reader", key=key)

    assert (got, code(body)) == (status, expected)


@pytest.mark.parametrize(
    ("venue", "name", "expected"),
    [
        ("binance", "expired", "-2015"), ("binance", "elsewhere", "-2015"),
        ("bybit", "expired", "33004"), ("bybit", "elsewhere", "10010"),
        ("okx", "expired", "50119"), ("okx", "elsewhere", "50110"), ("okx", "paper", "50101"),
        ("bitget", "expired", "40037"), ("bitget", "elsewhere", "40018"),
        ("bitget", "paper", "40099"),
    ],
)  # fmt: skip
def test_keys_that_are_right_but_not_let_in(venue: str, name: str, expected: str) -> None:
    assert code(told(venue, name)[1]) == expected


@pytest.mark.parametrize(("venue", "wrong"), [("okx", "50105"), ("bitget", "40012")])
def test_the_passphrase_is_checked(venue: str, wrong: str) -> None:
    assert code(told(venue, "reader", passphrase="another")[1]) == wrong


@pytest.mark.parametrize(("venue", "empty"), [("okx", "50104"), ("bitget", "40011")])
def test_a_missing_passphrase_is_said(venue: str, empty: str) -> None:
    assert code(told(venue, "reader", passphrase="")[1]) == empty


@pytest.mark.parametrize("venue", ["okx", "bitget"])
def test_a_key_of_the_demo_account_works_there(venue: str) -> None:
    assert told(venue, "paper", paper="1")[0] == 200


@VENUES
def test_an_address_on_the_list_is_let_in(venue: str) -> None:
    assert told(venue, "elsewhere", address="203.0.113.7")[0] == 200


def test_binance_wants_the_whole_query_signed() -> None:
    good = binance(account("binance", "reader"))
    changed = good.query.replace("recvWindow=5000", "recvWindow=50000")
    moved = asked(good.path, dict(good.headers), changed)

    assert code(json.loads(private.answer("binance", moved).body)) == "-1022"


@pytest.mark.parametrize(("window", "late_ms", "status"), [(5000, 4000, 200), (3000, 4000, 400)])
def test_binance_keeps_to_the_window_asked_for(window: int, late_ms: int, status: int) -> None:
    assert told("binance", "reader", window=window, late_ms=late_ms)[0] == status


def test_binance_refuses_windows_that_are_too_wide() -> None:
    assert code(told("binance", "reader", window=60_001)[1]) == "-1131"


@pytest.mark.parametrize("missing", ["timestamp", "signature"])
def test_binance_names_what_is_missing(missing: str) -> None:
    query = "recvWindow=5000" if missing == "timestamp" else f"timestamp={NOW_MS}"
    ask = asked("/api/v3/account", {"x-mbx-apikey": account("binance", "reader").key}, query)

    body = json.loads(private.answer("binance", ask).body)

    assert (body["code"], missing in body["msg"]) == (-1102, True)


def test_okx_reads_no_other_time_than_its_own_form() -> None:
    ask = okx(account("okx", "reader"))
    ask = asked(ask.path, {**ask.headers, "ok-access-timestamp": str(NOW_MS)})

    assert code(json.loads(private.answer("okx", ask).body)) == "50112"


def test_every_venue_has_every_account_with_a_key_of_its_own() -> None:
    keys = [one.key for accounts in ACCOUNTS.values() for one in accounts.values()]

    assert len(set(keys)) == len(ROLES) * len(SIGNERS)


def test_an_accounts_repr_shows_no_secret() -> None:
    one = account("okx", "trader")

    assert one.secret not in repr(one)
    assert one.passphrase not in repr(one)


def test_over_http_the_venues_clock_is_the_simulators() -> None:
    client, who = Client(build(world(Hands()))), account("binance", "reader")
    query = f"timestamp={round(time.time() * 1000)}"
    signed = f"{query}&signature={hexed(who.secret, query)}"
    headers = {"X-MBX-APIKEY": who.key}
    path = f"/binance-spot/sapi/v1/account/apiRestrictions?{signed}"

    good = client.get(path, headers=headers)
    client.post("/_faults", json={"venue": "binance", "kind": "future", "by_s": 60})
    late = client.get(path, headers=headers)

    assert (good.status_code, good.json()["enableReading"]) == (200, True)
    assert (late.status_code, late.json()["code"]) == (400, -1021)


def test_the_accounts_can_be_listed() -> None:
    listed = Client(build(world())).get("/_accounts").json()

    assert account("bitget", "trader").describe() in listed
