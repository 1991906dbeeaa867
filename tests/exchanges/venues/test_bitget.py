"""Bitget's answers, read."""

from __future__ import annotations

import pytest

from arbedge.names import Fault, Market
from exchanges.venues import VENUES
from tests.exchanges.venues.reading import listed, parse, payload, row

BITGET = VENUES["bitget"]


def test_a_pair_with_volume_but_no_quote_is_dead() -> None:
    parsed = parse("bitget", "spot")
    assert parsed.frame.get_column("symbol").to_list() == ["BTCUSDT"]
    assert parsed.dropped == {"no_price": 1}


def test_spot_turnover_is_in_the_pairs_quote() -> None:
    assert row(parse("bitget", "spot"), "BTCUSDT")["volume_quote"] == 3000000.25


def test_perpetual_tickers_carry_marks_and_interest_in_coins() -> None:
    perp = row(parse("bitget", "perp"), "BTCUSDT")
    assert (perp["mark"], perp["index"]) == (60012.9, 60006.0)
    assert (perp["bid_size"], perp["ask_size"]) == (12.5, 7.25)
    assert perp["open_interest"] == 34662.07


def test_the_rate_comes_from_the_answer_that_tells_its_interval() -> None:
    assert "rate" not in parse("bitget", "perp").frame.columns
    fast = row(parse("bitget", "perp_funding"), "FASTUSDT")
    assert fast == {
        "symbol": "FASTUSDT",
        "rate": -0.0005,
        "rate_cap": 0.02,
        "rate_floor": -0.02,
        "interval_hours": 2.0,
        "next_settlement_ms": 1770004800000.0,
    }


def test_the_answers_time_is_the_envelopes() -> None:
    assert parse("bitget", "perp").venue_at_ms == 1770000000444.0


def test_a_contracts_tick_is_its_end_step_at_its_last_place() -> None:
    assert listed("bitget", "perp_instruments", "tick")["BTCUSDT"] == pytest.approx(0.5)


def test_a_contracts_sizes_are_coins() -> None:
    contract = row(parse("bitget", "perp_instruments"), "BTCUSDT")
    assert (contract["contract_size"], contract["lot"]) == (1.0, 0.001)
    assert (contract["market"], contract["settle"]) == (Market.PERP, "USDT")


def test_statuses_and_off_line_dates_are_the_books() -> None:
    statuses = listed("bitget", "perp_instruments", "status")
    assert statuses["BTCUSDT"] == "trading"
    assert statuses["LASTUSDT"] == "halted"
    assert statuses["TOMOUSDT"] == "closed"
    offline = listed("bitget", "perp_instruments", "offline_at_ms")
    assert (offline["BTCUSDT"], offline["LASTUSDT"]) == (None, 1770400000000.0)


def test_a_delivery_contract_is_dated_and_ends_at_delivery() -> None:
    dated = row(parse("bitget", "perp_instruments"), "ETHUSDT")
    assert (dated["market"], dated["offline_at_ms"]) == (Market.DATED, 1774598400000.0)


def test_spot_steps_are_powers_of_ten() -> None:
    pair = row(parse("bitget", "spot_instruments"), "BTCUSDT")
    assert pair["tick"] == pytest.approx(0.01)
    assert pair["lot"] == pytest.approx(1e-6)
    gray = row(parse("bitget", "spot_instruments"), "GRAYUSDT")
    assert (gray["status"], gray["lot"]) == ("pre_market", 1.0)


def test_clock_depth_and_history() -> None:
    assert BITGET.parse_clock(payload("bitget", "clock")) == 1770000000543.0
    ladder = BITGET.parse_depth(payload("bitget", "depth"))
    assert ladder.asks == ((60013.5, 7.25),)
    assert ladder.venue_at_ms == 1770000000432.0
    settled = BITGET.parse_history(payload("bitget", "history"))
    assert settled.rows() == [("BTCUSDT", 1769990400000.0, 0.0001)]


def test_depth_and_history_of_perpetuals_name_the_product() -> None:
    for ask in (BITGET.depth(Market.PERP, "BTCUSDT"), BITGET.history("BTCUSDT", 0)):
        assert ask.query["productType"] == "USDT-FUTURES"
    assert "productType" not in BITGET.depth(Market.SPOT, "BTCUSDT").query


def test_networks_are_told_with_their_contracts() -> None:
    assert BITGET.parse_networks is not None
    networks = BITGET.parse_networks(payload("bitget", "networks"))
    assert networks.rows() == [
        ("PEPE", "ERC20", "0xabc", False, True, 250000.0),
        ("PEPE", "BEP20", None, True, False, None),
    ]


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, b'{"code":"00000","msg":"success","data":[]}', None),
        (429, b'{"code":"429","msg":"Too Many Requests"}', Fault.RATE_LIMITED),
        (200, b'{"code":"429","msg":"Too Many Requests"}', Fault.RATE_LIMITED),
        (400, b'{"code":"40034","msg":"Parameter does not exist"}', Fault.REJECTED),
        (400, b'{"code":"40725","msg":"service return an error"}', Fault.SERVER),
        (403, b"", Fault.FORBIDDEN),
        (504, b"", Fault.SERVER),
    ],
)
def test_a_fault_is_known_by_status_and_code(status: int, body: bytes, fault: Fault | None) -> None:
    assert BITGET.classify(status, {}, body) is fault


def test_what_is_not_there_is_our_mistake_whatever_code_the_venue_sends() -> None:
    body = b'{"retCode":10016,"code":"50001","msg":"service unavailable"}'
    assert BITGET.classify(404, {}, body) is Fault.REJECTED
