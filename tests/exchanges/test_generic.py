"""Venues read through ccxt: its real parsers, fed over HTTP from a server on loopback."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import pytest

from arbedge import aio
from arbedge.errors import BadSetting
from arbedge.http import Unanswered
from arbedge.names import Fault, Market
from exchanges import generic
from exchanges.columns import INSTRUMENT, WIRE, Parsed
from exchanges.generic_columns import hours, market_of
from exchanges.wire import MalformedAnswer
from tests.exchanges.venues.reading import payload
from tests.loopback import Loopback, Reply, running

GATE = {
    "/api/v4/spot/currency_pairs": "spot_currency_pairs",
    "/api/v4/margin/currency_pairs": "margin_currency_pairs",
    "/api/v4/futures/usdt/contracts": "futures_usdt_contracts",
    "/api/v4/futures/btc/contracts": "futures_btc_contracts",
    "/api/v4/spot/tickers": "spot_tickers",
    "/api/v4/futures/usdt/tickers": "futures_usdt_tickers",
}
KUCOIN = {
    "/api/v1/symbols": "symbols",
    "/api/v2/symbols": "symbols",
    "/api/v1/contracts/active": "contracts_active",
    "/api/v1/market/allTickers": "spot_all_tickers",
    "/api/v1/allTickers": "futures_all_tickers",
    "/api/ua/v2/market/funding-rate": "funding_rate",
}


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    with running() as server:
        for path, name in GATE.items():
            server.on(path, json_reply(payload("gate", name)))
        for path, name in KUCOIN.items():
            server.on(path, json_reply(payload("kucoin", name)))
        yield server
        aio.run(generic.close())


def json_reply(body: bytes, status: int = 200) -> Reply:
    return Reply(body, status, {"Content-Type": "application/json"})


def collect(server: Loopback, name: str, *wanted: str) -> dict[str, generic.Gathered]:
    urls = {"default": server.url}
    return aio.run(generic.collect(name, urls, wanted or None), timeout_s=30)


def rows(gathered: generic.Gathered) -> list[dict[str, Any]]:
    assert isinstance(gathered.outcome, Parsed), gathered.outcome
    return gathered.outcome.frame.to_dicts()


def test_gate_answers_every_feed_in_the_books_columns(loopback: Loopback) -> None:
    gathered = collect(loopback, "gate")
    assert set(gathered) == {feed.name for feed in generic.feeds("gate")}
    for name, one in gathered.items():
        assert isinstance(one.outcome, Parsed), one.outcome
        schema = INSTRUMENT if name.endswith("instruments") else WIRE
        assert set(one.outcome.frame.columns) <= set(schema)
        assert one.took_ms >= 0


def test_gates_spot_quotes_drop_the_dead_pair(loopback: Loopback) -> None:
    spot = collect(loopback, "gate", "spot")["spot"]
    [bitcoin] = rows(spot)
    assert (bitcoin["symbol"], bitcoin["bid"], bitcoin["ask"]) == ("BTC_USDT", 60001.5, 60002.5)
    assert bitcoin["volume_quote"] == 600020.0
    assert isinstance(spot.outcome, Parsed)
    assert spot.outcome.dropped == {"no_price": 1}


def test_gates_perpetual_quotes_leave_sizes_ccxt_does_not_read_null(loopback: Loopback) -> None:
    [perp] = rows(collect(loopback, "gate", "perp")["perp"])
    assert (perp["bid"], perp["ask"]) == (60013.5, 60014.5)
    assert (perp["bid_size"], perp["ask_size"]) == (None, None)


def test_gates_seconds_become_hours_and_milliseconds(loopback: Loopback) -> None:
    funding = {one["symbol"]: one for one in rows(collect(loopback, "gate")["perp_funding"])}
    assert funding["BTC_USDT"]["interval_hours"] == 4.0
    assert funding["BTC_USDT"]["next_settlement_ms"] == 1770004800000.0
    assert funding["BTC_USDT"]["rate"] == 0.000068
    assert funding["ODD_USDT"]["interval_hours"] == 2.0


def test_gates_instruments_of_both_markets(loopback: Loopback) -> None:
    gathered = collect(loopback, "gate", "spot_instruments", "perp_instruments")
    [spot] = rows(gathered["spot_instruments"])
    assert (spot["market"], spot["base"], spot["quote"]) == (Market.SPOT, "BTC", "USDT")
    perps = {one["symbol"]: one for one in rows(gathered["perp_instruments"])}
    assert perps["BTC_USDT"]["contract_size"] == 0.0001
    assert (perps["BTC_USDT"]["status"], perps["BTC_USDT"]["settle"]) == ("trading", "USDT")
    assert perps["BTC_USDT"]["tick"] == 0.1


def test_kucoins_funding_keeps_its_interval_and_drops_index_rows(loopback: Loopback) -> None:
    [funding] = rows(collect(loopback, "kucoin", "perp_funding")["perp_funding"])
    assert funding["symbol"] == "XBTUSDTM"
    assert (funding["rate"], funding["interval_hours"]) == (-0.000004, 8.0)
    assert funding["next_settlement_ms"] == 1770019200000.0


def test_kucoins_quotes_and_day_come_from_two_answers(loopback: Loopback) -> None:
    gathered = collect(loopback, "kucoin", "perp", "perp_day", "spot")
    [perp] = rows(gathered["perp"])
    assert (perp["bid"], perp["ask"]) == (60012.9, 60013.1)
    assert rows(gathered["perp_day"])[0]["volume_quote"] == 7000000.5
    assert rows(gathered["spot"])[0]["bid"] == 60001.0


def test_kucoins_bitcoin_goes_by_its_common_name(loopback: Loopback) -> None:
    [perp] = rows(collect(loopback, "kucoin", "perp_instruments")["perp_instruments"])
    assert (perp["symbol"], perp["base"]) == ("XBTUSDTM", "BTC")
    assert perp["contract_size"] == 0.001


def test_instruments_are_read_once_and_again_when_wanted(loopback: Loopback) -> None:
    collect(loopback, "gate", "spot")
    collect(loopback, "gate", "spot")
    assert loopback.paths().count("/api/v4/spot/currency_pairs") == 1
    collect(loopback, "gate", "spot_instruments")
    assert loopback.paths().count("/api/v4/spot/currency_pairs") == 2


def test_a_feed_that_fails_holds_no_other_back(loopback: Loopback) -> None:
    loopback.on("/api/v4/spot/tickers", json_reply(b'{"label":"TOO_MANY_REQUESTS"}', 429))
    gathered = collect(loopback, "gate", "spot", "perp")
    assert isinstance(gathered["spot"].outcome, Unanswered)
    assert gathered["spot"].outcome.fault is Fault.RATE_LIMITED
    assert rows(gathered["perp"])


def test_without_instruments_the_venue_has_not_answered(loopback: Loopback) -> None:
    loopback.on("/api/v4/spot/currency_pairs", Reply(b"<html>down</html>", 503))
    with pytest.raises(Unanswered) as caught:
        collect(loopback, "gate")
    assert caught.value.fault is Fault.SERVER


def test_an_answer_ccxt_stumbles_over_is_malformed(loopback: Loopback) -> None:
    broken = b'{"code":"200000","data":[{"symbol":"XBTUSDTM","baseCurrency":"XBT",'
    broken += b'"quoteCurrency":"USDT","settleCurrency":"USDT","expireDate":null}]}'
    loopback.on("/api/v1/contracts/active", json_reply(broken))
    with pytest.raises(Unanswered, match="could not read") as caught:
        collect(loopback, "kucoin")
    assert caught.value.fault is Fault.MALFORMED


def test_a_venue_that_is_not_there_is_unreachable() -> None:
    async def nobody() -> None:
        try:
            await generic.collect("gate", {"default": "http://127.0.0.1:9"})
        finally:
            await generic.close()

    with pytest.raises(Unanswered) as caught:
        aio.run(nobody(), timeout_s=30)
    assert caught.value.fault in {Fault.UNREACHABLE, Fault.SERVER}


def test_an_unknown_name_is_refused_with_what_is_near() -> None:
    with pytest.raises(BadSetting, match="kucoin"):
        generic.check(["gate", "kucion"])


def test_a_venue_with_its_own_file_is_not_read_through_ccxt() -> None:
    with pytest.raises(BadSetting, match="VENUES"):
        generic.check(["okx"])


def test_without_ccxt_the_setting_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real_import = builtins.__import__

    def no_ccxt(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("ccxt"):
            raise ImportError(name)
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_ccxt)
    with pytest.raises(BadSetting, match=r"requirements/venues\.txt"):
        generic.check(["gate"])


def test_feeds_name_market_and_cadence_but_read_no_bytes() -> None:
    feeds = {feed.name: feed for feed in generic.feeds("kucoin")}
    assert feeds["perp_funding"].essential
    assert feeds["perp_instruments"].instruments
    assert (feeds["spot"].market, feeds["spot"].every_s) == (Market.SPOT, 0.0)
    with pytest.raises(MalformedAnswer):
        feeds["spot"].parse(b"[]")


def test_a_venue_without_bulk_funding_has_no_funding_feed() -> None:
    assert "perp_funding" not in {feed.name for feed in generic.feeds("mexc")}


@pytest.mark.parametrize(
    ("interval", "expected"),
    [("8h", 8.0), ("1h", 1.0), ("30m", 0.5), ("7200000", 2.0), (None, None), ("soon", None)],
)
def test_an_interval_is_hours(interval: str | None, expected: float | None) -> None:
    assert hours(interval) == expected


@pytest.mark.parametrize(
    ("listed", "market"),
    [
        ({"spot": True}, Market.SPOT),
        ({"swap": True, "linear": True}, Market.PERP),
        ({"future": True, "linear": True}, Market.DATED),
        ({"swap": True, "linear": False, "inverse": True}, None),
        ({"option": True, "linear": True}, None),
    ],
)
def test_only_what_the_product_trades_has_a_market(
    listed: dict[str, bool], market: Market | None
) -> None:
    assert market_of(listed) is market
