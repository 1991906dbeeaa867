"""Bybit's answers, read."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from arbedge.names import Fault, Market
from exchanges.venues import VENUES
from exchanges.venues.base import Ask
from tests.exchanges.venues.reading import feed, listed, parse, payload, row

BYBIT = VENUES["bybit"]


def test_one_linear_answer_carries_prices_funding_and_interest() -> None:
    assert row(parse("bybit", "perp"), "BTCUSDT") == {
        "symbol": "BTCUSDT",
        "bid": 60010.0,
        "ask": 60011.0,
        "bid_size": 3.0,
        "ask_size": 4.0,
        "last": 60011.0,
        "high": 61000.0,
        "low": 59000.0,
        "volume_quote": 9000000.0,
        "mark": 60010.5,
        "index": 60005.0,
        "rate": 0.0001,
        "rate_cap": 0.005,
        "rate_floor": -0.005,
        "interval_hours": 8.0,
        "next_settlement_ms": 1770019200000.0,
        "open_interest": 1234.5,
        "open_interest_usd": 74082962.25,
    }


def test_an_hourly_contract_keeps_its_hour() -> None:
    hourly = row(parse("bybit", "perp"), "XEMUSDT")
    assert (hourly["interval_hours"], hourly["rate"]) == (1.0, -0.00188)


def test_a_dated_contract_has_neither_interval_nor_rate() -> None:
    dated = row(parse("bybit", "perp"), "BTC-27MAR26")
    assert dated["interval_hours"] is None
    assert dated["rate"] is None
    assert dated["rate_cap"] is None
    assert dated["rate_floor"] is None
    assert dated["next_settlement_ms"] == 0.0


def test_spot_drops_the_pair_that_quotes_nothing() -> None:
    parsed = parse("bybit", "spot")
    assert parsed.frame.get_column("symbol").to_list() == ["BTCUSDT"]
    assert parsed.dropped == {"no_price": 1}
    assert row(parsed, "BTCUSDT")["volume_quote"] == 5000000.5


def test_the_answers_time_is_the_envelopes() -> None:
    assert parse("bybit", "perp").venue_at_ms == 1770000000321.0


def test_contracts_are_perpetual_or_dated_by_their_type() -> None:
    markets = listed("bybit", "perp_instruments", "market")
    assert markets["BTCUSDT"] == Market.PERP
    assert markets["BTC-27MAR26"] == Market.DATED


def test_statuses_and_dates_are_the_books() -> None:
    statuses = listed("bybit", "perp_instruments", "status")
    assert statuses["SOONUSDT"] == "pre_market"
    assert statuses["BTCPERP"] == "closed"
    offline = listed("bybit", "perp_instruments", "offline_at_ms")
    assert offline["BTCUSDT"] is None
    assert offline["BTCPERP"] == 1770500000000.0


def test_settlement_coin_tells_usdc_contracts_apart() -> None:
    settle = listed("bybit", "perp_instruments", "settle")
    assert (settle["BTCUSDT"], settle["BTCPERP"]) == ("USDT", "USDC")


def test_spot_steps_come_from_their_own_fields() -> None:
    pair = row(parse("bybit", "spot_instruments"), "BTCUSDT")
    assert (pair["market"], pair["settle"]) == ("spot", "USDT")
    assert (pair["tick"], pair["lot"], pair["min_notional"]) == (0.01, 0.000001, 5.0)


def test_the_next_page_is_asked_for_with_the_decoded_cursor() -> None:
    follow = feed("bybit", "perp_instruments").follow
    assert follow is not None
    body = payload("bybit", "perp_instruments")
    assert follow(body) == {"cursor": "first=BTCUSDT&last=ZENUSDT"}


def test_the_last_page_has_no_next() -> None:
    follow = feed("bybit", "spot_instruments").follow
    assert follow is not None
    assert follow(payload("bybit", "spot_instruments")) is None


def test_contracts_before_their_launch_are_asked_for_too() -> None:
    assert feed("bybit", "perp_pre_launch").ask.query["status"] == "PreLaunch"


def test_clock_depth_and_history() -> None:
    assert BYBIT.parse_clock(payload("bybit", "clock")) == 1770000000456.0
    ladder = BYBIT.parse_depth(payload("bybit", "depth"))
    assert ladder.bids == ((60010.0, 3.0), (60009.0, 1.0))
    assert ladder.venue_at_ms == 1770000000888.0
    settled = BYBIT.parse_history(payload("bybit", "history"))
    assert settled.rows() == [("BTCUSDT", 1769990400000.0, 0.00012)]


def test_history_asks_without_a_start_which_alone_is_refused() -> None:
    assert "startTime" not in BYBIT.history("BTCUSDT", 1769900000000).query


def test_depth_names_the_category() -> None:
    assert BYBIT.depth(Market.SPOT, "BTCUSDT").query["category"] == "spot"
    assert BYBIT.depth(Market.PERP, "BTCUSDT").query["category"] == "linear"


def test_a_network_without_a_fee_has_none() -> None:
    assert BYBIT.parse_networks is not None
    networks = BYBIT.parse_networks(payload("bybit", "networks"))
    assert networks.rows() == [("PEPE", "ETH", "0xabc", True, False, None)]


def test_a_signed_request_carries_the_signature_of_time_key_window_and_query() -> None:
    assert BYBIT.sign is not None
    ask = Ask("api", "/v5/asset/coin/query-info", {"coin": "PEPE"}, signed=True)
    signed = BYBIT.sign(ask, {"key": "the-key", "secret": "hush"}, 1770000000000.0)
    text = b"1770000000000the-key5000coin=PEPE"
    assert signed["headers"]["X-BAPI-SIGN"] == hmac.new(b"hush", text, hashlib.sha256).hexdigest()
    assert signed["params"] == {"coin": "PEPE"}


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, b'{"retCode":0,"retMsg":"OK","result":{}}', None),
        (200, b'{"retCode":10006,"retMsg":"Too many visits!"}', Fault.RATE_LIMITED),
        (200, b'{"retCode":10001,"retMsg":"params error"}', Fault.REJECTED),
        (200, b'{"retCode":10016,"retMsg":"Internal server error"}', Fault.SERVER),
        (403, b"access too frequent", Fault.FORBIDDEN),
        (403, b"CloudFront is configured to block access from your country", Fault.LOCATION),
        (500, b"", Fault.SERVER),
    ],
)
def test_a_fault_is_known_by_status_and_code(status: int, body: bytes, fault: Fault | None) -> None:
    assert BYBIT.classify(status, {}, body) is fault


def test_what_is_not_there_is_our_mistake_whatever_code_the_venue_sends() -> None:
    body = b'{"retCode":10016,"code":"50001","msg":"service unavailable"}'
    assert BYBIT.classify(404, {}, body) is Fault.REJECTED
