"""What venues say of keys, read strictly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.credentials import KeyRefused, Rights
from exchanges import rights

BINANCE = {"enableReading": True, "enableWithdrawals": False, "ipRestrict": False}
BYBIT = {"readOnly": 0, "permissions": {"Wallet": []}, "ips": ["*"], "expiredAt": ""}


def bybit(**change: Any) -> Rights:
    return rights.bybit({"result": {**BYBIT, **change}})


def okx(**row: Any) -> Rights:
    return rights.okx({"data": [row]})


def bitget(*codes: str, **more: Any) -> Rights:
    return rights.bitget({"data": {"authorities": list(codes), **more}})


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (rights.binance, []),
        (rights.binance, {}),
        (rights.binance, {**BINANCE, "enableWithdrawals": None}),
        (rights.binance, {**BINANCE, "enableWithdrawals": "false"}),
        (rights.binance, {**BINANCE, "enableReading": 1}),
        (rights.binance, {**BINANCE, "permitsEverything": True}),
        (rights.binance_testnet, {"canTrade": "yes"}),
        (rights.bybit, {"result": {}}),
        (rights.bybit, {"result": {**BYBIT, "readOnly": None}}),
        (rights.bybit, {"result": {**BYBIT, "permissions": {}}}),
        (rights.bybit, {"result": {**BYBIT, "permissions": {"Wallet": ["Gift"]}}}),
        (rights.bybit, {"result": {**BYBIT, "permissions": {"Wallet": [], "Moon": ["x"]}}}),
        (rights.okx, {"data": []}),
        (rights.okx, {"data": [{"perm": ""}]}),
        (rights.okx, {"data": [{"perm": "read_only,lend"}]}),
        (rights.bitget, {"data": None}),
        (rights.bitget, {"data": {"authorities": "stor"}}),
        (rights.bitget, {"data": {"authorities": [1]}}),
        (rights.bitget, {"data": {"authorities": ["stor", "xxxw"]}}),
    ],
)
def test_what_cannot_be_known_is_refused(read: Callable[[Any], Rights], told: Any) -> None:
    with pytest.raises(KeyRefused) as caught:
        read(told)

    assert caught.value.code == "rights_unknown"


@pytest.mark.parametrize("right", sorted(rights.BINANCE_TRADE))
def test_each_way_to_trade_at_binance_is_trading(right: str) -> None:
    assert rights.binance({**BINANCE, right: True}).trade


def test_binances_end_of_the_right_to_trade() -> None:
    told = rights.binance({**BINANCE, "tradingAuthorityExpirationTime": 1_795_255_200_000})

    assert told.expires_at == datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def test_moving_between_own_accounts_is_noted_not_refused() -> None:
    told = rights.binance({**BINANCE, "permitsUniversalTransfer": True})

    assert not told.withdraw
    assert told.note == rights.MOVES


def test_a_read_only_key_of_bybit_withdraws_nothing_whatever_it_lists() -> None:
    told = bybit(readOnly=1, permissions={"Wallet": ["Withdraw"], "Spot": ["SpotTrade"]})

    assert (told.read, told.trade, told.withdraw) == (True, False, False)


@pytest.mark.parametrize("group", sorted(rights.BYBIT_OUT))
def test_paying_people_at_bybit_is_withdrawing(group: str) -> None:
    assert bybit(permissions={"Wallet": [], group: ["Pay"]}).withdraw


def test_bybits_expiry_counts_only_without_addresses() -> None:
    ends = "2027-02-19T05:30:00Z"

    assert bybit(expiredAt=ends).expires_at == datetime(2027, 2, 19, 5, 30, tzinfo=UTC)
    assert bybit(expiredAt=ends, ips=["203.0.113.7"]).expires_at is None


@pytest.mark.parametrize("text", ["", "1970-01-01T00:00:00Z", "soon", None])
def test_an_expiry_nobody_can_read_is_none(text: str | None) -> None:
    assert bybit(expiredAt=text).expires_at is None


def test_okx_ends_idle_trading_keys_without_addresses() -> None:
    assert okx(perm="read_only,trade", ip="").note == rights.OKX_IDLE
    assert okx(perm="read_only,trade", ip="203.0.113.7").note == ""
    assert okx(perm="read_only").ip_bound is None


@pytest.mark.parametrize("code", sorted(rights.BITGET_OUT))
def test_every_way_out_of_bitget_is_withdrawing(code: str) -> None:
    told = bitget("stor", code)

    assert told.withdraw
    assert told.note == rights.OFF["bitget"]


def test_a_bitget_key_without_any_right_reads_nothing() -> None:
    assert not bitget().read


def test_bitgets_addresses() -> None:
    assert bitget("stor", ips="203.0.113.7").ip_bound is True
    assert bitget("stor", ips="").ip_bound is False
    assert bitget("stor").ip_bound is None
