"""Binance's answers, read."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode

import pytest

from arbedge.names import Fault, Market
from exchanges.venues import VENUES
from exchanges.venues.base import Ask
from tests.exchanges.venues.reading import feed, listed, parse, payload, row

BINANCE = VENUES["binance"]


def test_spot_quotes_drop_the_dead_pair() -> None:
    parsed = parse("binance", "spot_book")
    assert row(parsed, "BTCUSDT") == {
        "symbol": "BTCUSDT",
        "bid": 60000.1,
        "ask": 60000.2,
        "bid_size": 1.5,
        "ask_size": 0.25,
    }
    assert parsed.dropped == {"no_price": 1, "one_sided": 1}


def test_spot_quotes_carry_no_time_and_futures_do() -> None:
    assert parse("binance", "spot_book").venue_at_ms is None
    assert parse("binance", "perp_book").venue_at_ms == 1770000000123.0


def test_the_day_gives_turnover_in_quote_currency() -> None:
    day = row(parse("binance", "spot_day"), "BTCUSDT")
    assert day["volume_quote"] == 72030000.75
    assert (day["high"], day["low"]) == (61000.0, 59000.0)


def test_funding_gives_mark_index_rate_and_next_settlement() -> None:
    wif = row(parse("binance", "perp_funding"), "WIFUSDT")
    assert (wif["mark"], wif["index"], wif["rate"]) == (0.51, 0.5, -0.0025)
    assert wif["next_settlement_ms"] == 1770004800000.0


def test_funding_knows_no_interval_so_none_is_made_up() -> None:
    assert "interval_hours" not in parse("binance", "perp_funding").frame.columns


def test_a_quarterly_has_no_settlement_scheduled() -> None:
    quarterly = row(parse("binance", "perp_funding"), "BTCUSDT_260327")
    assert quarterly["next_settlement_ms"] == 0.0
    assert quarterly["rate"] == 0.0


def test_only_listed_symbols_have_an_interval_and_the_feed_says_what_absence_means() -> None:
    parsed = parse("binance", "perp_intervals")
    assert parsed.frame.to_dicts() == [
        {"symbol": "WIFUSDT", "rate_cap": 0.02, "rate_floor": -0.02, "interval_hours": 4.0}
    ]
    assert feed("binance", "perp_intervals").absent_interval_hours == 8.0


def test_quarterlies_are_dated_never_perpetual() -> None:
    markets = listed("binance", "perp_instruments", "market")
    assert markets["BTCUSDT"] == Market.PERP
    assert markets["BTCUSDT_260327"] == Market.DATED


def test_contracts_on_other_than_coins_are_left_out_and_counted() -> None:
    parsed = parse("binance", "perp_instruments")
    assert "TSLAUSDT" not in parsed.frame.get_column("symbol")
    assert parsed.dropped == {"other_contract": 1}


def test_statuses_are_the_books_words() -> None:
    statuses = listed("binance", "perp_instruments", "status")
    assert statuses["BTCUSDT"] == "trading"
    assert statuses["1000PEPEUSDT"] == "settling"
    assert statuses["NEWUSDT"] == "pre_market"
    assert listed("binance", "spot_instruments", "status")["OLDBTC"] == "halted"


def test_a_perpetual_has_an_off_line_date_only_when_it_is_taken_off() -> None:
    offline = listed("binance", "perp_instruments", "offline_at_ms")
    assert offline["BTCUSDT"] is None
    assert offline["1000PEPEUSDT"] == 1770300000000.0
    assert offline["BTCUSDT_260327"] == 1774598400000.0


def test_a_futures_instrument_is_read_whole() -> None:
    assert row(parse("binance", "perp_instruments"), "BTCUSDT") == {
        "symbol": "BTCUSDT",
        "market": "perp",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "contract_size": 1.0,
        "tick": 0.1,
        "lot": 0.001,
        "min_notional": 100.0,
        "status": "trading",
        "listed_at_ms": 1569398400000.0,
        "offline_at_ms": None,
        "leveraged": None,
    }


def test_a_spot_pair_settles_in_its_quote_and_needs_no_rules() -> None:
    parsed = parse("binance", "spot_instruments")
    assert row(parsed, "BTCUSDT")["min_notional"] == 5.0
    old = row(parsed, "OLDBTC")
    assert (old["market"], old["settle"], old["tick"]) == ("spot", "BTC", None)


def test_the_clock_is_milliseconds() -> None:
    assert BINANCE.parse_clock(payload("binance", "clock")) == 1770000000777.0


def test_a_book_has_levels_best_first() -> None:
    ladder = BINANCE.parse_depth(payload("binance", "depth"))
    assert ladder.bids == ((60000.1, 2.0), (60000.0, 1.0))
    assert ladder.asks == ((60000.2, 0.5),)
    assert ladder.venue_at_ms == 1770000000900.0


def test_depth_costs_five_for_spot_and_two_for_a_perpetual() -> None:
    assert BINANCE.depth(Market.SPOT, "BTCUSDT").weight == 5
    perp = BINANCE.depth(Market.PERP, "BTCUSDT")
    assert (perp.host, perp.path, perp.weight) == ("usdm", "/fapi/v1/depth", 2)


def test_history_is_what_settled_since() -> None:
    ask = BINANCE.history("BTCUSDT", 1769900000000)
    assert (ask.query["startTime"], ask.pool) == ("1769900000000", "funding")
    settled = BINANCE.parse_history(payload("binance", "history"))
    assert settled.get_column("rate").to_list() == [0.000075, -0.00001]


def test_networks_say_what_can_move() -> None:
    assert BINANCE.parse_networks is not None
    first, second = BINANCE.parse_networks(payload("binance", "networks")).to_dicts()
    assert (first["can_deposit"], first["can_withdraw"]) == (True, False)
    assert (first["contract"], second["contract"]) == ("0xabc", None)
    assert second["withdraw_fee"] == 90000.0


def test_a_signed_request_carries_the_signature_of_its_query() -> None:
    assert BINANCE.sign is not None
    ask = Ask("spot", "/sapi/v1/capital/config/getall", signed=True)
    signed = BINANCE.sign(ask, {"key": "the-key", "secret": "hush"}, 1770000000000.4)
    query = dict(signed["params"])
    signature = query.pop("signature")
    expected = hmac.new(b"hush", urlencode(query).encode(), hashlib.sha256).hexdigest()
    assert signature == expected
    assert query["timestamp"] == "1770000000000"
    assert signed["headers"] == {"X-MBX-APIKEY": "the-key"}


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, b'[{"symbol":"BTCUSDT"}]', None),
        (200, b'{"timezone":"UTC","symbols":[]}', None),
        (429, b'{"code":-1003,"msg":"Too many requests."}', Fault.RATE_LIMITED),
        (429, b"", Fault.RATE_LIMITED),
        (418, b'{"code":-1003,"msg":"IP banned until 1770000000000"}', Fault.BANNED),
        (403, b"<html>WAF</html>", Fault.FORBIDDEN),
        (451, b'{"code":0,"msg":"Service unavailable from a restricted location"}', Fault.LOCATION),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', Fault.REJECTED),
        (400, b'{"code":-1003,"msg":"Too much request weight used"}', Fault.RATE_LIMITED),
        (503, b'{"code":-1001,"msg":"Internal error"}', Fault.SERVER),
        (502, b"<html>bad gateway</html>", Fault.SERVER),
    ],
)
def test_a_fault_is_known_by_status_and_code(status: int, body: bytes, fault: Fault | None) -> None:
    assert BINANCE.classify(status, {}, body) is fault


def test_the_keyless_mirror_stands_in_for_spot_only() -> None:
    assert BINANCE.mirrors == {"spot": "https://data-api.binance.vision"}


def test_the_used_weight_is_read_from_the_answers_header() -> None:
    headers = {name: pool.used_header for name, pool in BINANCE.pools.items()}
    assert headers["spot"] == headers["usdm"] == "x-mbx-used-weight-1m"


def test_what_is_not_there_is_our_mistake_whatever_code_the_venue_sends() -> None:
    body = b'{"retCode":10016,"code":"50001","msg":"service unavailable"}'
    assert BINANCE.classify(404, {}, body) is Fault.REJECTED
