"""What the simulated venues say accounts hold, in each venue's own words; signed by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exchanges.simulator import private
from exchanges.simulator.accounts import Account, account
from exchanges.simulator.private.asked import Asked
from tests.exchanges.simulator.test_private import NOW_MS, based, hexed


def binance(who: Account, path: str, query: str = "") -> Asked:
    signed = "&".join(part for part in (query, f"timestamp={NOW_MS}&recvWindow=5000") if part)
    query = f"{signed}&signature={hexed(who.secret, signed)}"
    return Asked("GET", path, query, {"x-mbx-apikey": who.key}, "127.0.0.1", NOW_MS)


def bybit(who: Account, query: str) -> Asked:
    stamp = str(NOW_MS)
    headers = {
        "x-bapi-api-key": who.key,
        "x-bapi-timestamp": stamp,
        "x-bapi-recv-window": "5000",
        "x-bapi-sign": hexed(who.secret, f"{stamp}{who.key}5000{query}"),
    }
    return Asked("GET", "/v5/account/wallet-balance", query, headers, "127.0.0.1", NOW_MS)


def bitget(who: Account, path: str, query: str = "") -> Asked:
    stamp = str(NOW_MS)
    target = f"{path}?{query}" if query else path
    headers = {
        "access-key": who.key,
        "access-timestamp": stamp,
        "access-passphrase": who.passphrase,
        "access-sign": based(who.secret, f"{stamp}GET{target}"),
        "paptrading": "0",
    }
    return Asked("GET", path, query, headers, "127.0.0.1", NOW_MS)


def told(venue: str, asked: Asked) -> tuple[int, Any]:
    """Status and body of the answer."""
    reply = private.answer(venue, asked)
    return reply.status, json.loads(reply.body)


def test_binance_tells_free_and_locked_coins_of_spot() -> None:
    status, body = told("binance", binance(account("binance", "reader"), "/api/v3/account"))
    assert status == 200
    assert body["balances"] == [
        {"asset": "USDT", "free": "500.00000000", "locked": "500.00000000"},
        {"asset": "BTC", "free": "0.02500000", "locked": "0.02500000"},
    ]


@pytest.mark.parametrize(("query", "coins"), [("", 3), ("omitZeroBalances=true", 2)])
def test_binance_leaves_empty_balances_out_when_asked_to(query: str, coins: int) -> None:
    _, body = told("binance", binance(account("binance", "trader"), "/api/v3/account", query))
    assert len(body["balances"]) == coins


def test_binance_tells_futures_to_keys_that_may_trade_alone() -> None:
    path = "/fapi/v3/account"
    status, body = told("binance", binance(account("binance", "trader"), path))
    assert (status, body["assets"][0]["marginBalance"]) == (200, "1200.00000000")
    status, body = told("binance", binance(account("binance", "reader"), path))
    assert (status, body["code"]) == (401, -2015)


def test_bybit_tells_one_account_of_everything() -> None:
    _, body = told("bybit", bybit(account("bybit", "reader"), "accountType=UNIFIED"))
    coins = {row["coin"]: row["equity"] for row in body["result"]["list"][0]["coin"]}
    assert coins == {"USDT": "1250.00000000", "BTC": "0.05000000"}


def test_bybit_knows_no_other_kind_of_account() -> None:
    _, body = told("bybit", bybit(account("bybit", "reader"), "accountType=SPOT"))
    assert body["retCode"] == 10001


def test_bitget_tells_spot_and_perpetuals_apart() -> None:
    who = account("bitget", "reader")
    _, spot = told("bitget", bitget(who, "/api/v2/spot/account/assets"))
    assert [(row["coin"], row["available"]) for row in spot["data"]] == [
        ("USDT", "500.00000000"), ("BTC", "0.02500000"),
    ]  # fmt: skip
    path, query = "/api/v2/mix/account/accounts", "productType=USDT-FUTURES"
    _, futures = told("bitget", bitget(who, path, query))
    assert futures["data"][0]["accountEquity"] == "250.00000000"
    assert told("bitget", bitget(who, path, "productType=COIN"))[1]["code"] == "40020"


def test_an_account_nobody_filled_holds_nothing() -> None:
    _, body = told("bybit", bybit(account("bybit", "withdrawer"), "accountType=UNIFIED"))
    assert body["result"]["list"][0]["coin"][0]["equity"] == "0.00000000"
