"""OKX's answers, read."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from arbedge.names import Fault, Market
from exchanges.venues import VENUES
from exchanges.venues.base import Ask
from exchanges.wire import MalformedAnswer
from tests.exchanges.venues.reading import listed, parse, payload, row

OKX = VENUES["okx"]


def test_the_same_key_is_quote_turnover_for_spot_and_coins_for_swaps() -> None:
    spot = row(parse("okx", "spot"), "BTC-USDT")
    swap = row(parse("okx", "perp"), "BTC-USDT-SWAP")
    assert spot["volume_quote"] == 4000000.0
    assert swap["volume_coins"] == 140.5
    assert "volume_quote" not in swap


def test_rows_keep_their_own_time_and_the_answer_takes_the_newest() -> None:
    parsed = parse("okx", "spot")
    assert row(parsed, "QUIET-USDT")["venue_at_ms"] == 1769999950000.0
    assert parsed.venue_at_ms == 1770000000111.0


@pytest.mark.parametrize("name", ["perp", "perp_funding", "perp_mark", "perp_instruments"])
def test_coin_margined_swaps_are_dropped_and_counted(name: str) -> None:
    parsed = parse("okx", name)
    assert "BTC-USD-SWAP" not in parsed.frame.get_column("symbol")
    assert parsed.dropped == {"inverse": 1}


def test_the_interval_is_the_distance_of_two_settlements() -> None:
    intervals = listed("okx", "perp_funding", "interval_hours")
    assert intervals == {"BTC-USDT-SWAP": 8.0, "WIF-USDT-SWAP": 4.0, "ODD-USDT-SWAP": None}


def test_the_next_settlement_is_funding_time_not_the_one_after() -> None:
    funding = row(parse("okx", "perp_funding"), "BTC-USDT-SWAP")
    assert funding["next_settlement_ms"] == 1770019200000.0
    assert (funding["rate_cap"], funding["rate_floor"]) == (0.00375, -0.00375)
    assert "following_ms" not in funding


def test_mark_index_and_interest_stand_under_the_swaps_symbol() -> None:
    assert row(parse("okx", "perp_mark"), "BTC-USDT-SWAP")["mark"] == 60011.7
    assert row(parse("okx", "perp_index"), "BTC-USDT-SWAP")["index"] == 60004.4
    interest = row(parse("okx", "perp_interest"), "BTC-USDT-SWAP")
    assert interest["open_interest"] == 3860128.15
    assert interest["open_interest_usd"] == 2316000000.5


def test_a_contracts_size_is_its_value_times_its_multiplier() -> None:
    sizes = listed("okx", "perp_instruments", "contract_size")
    assert sizes["BTC-USDT-SWAP"] == 0.01
    assert sizes["HALT-USDT-SWAP"] == pytest.approx(0.1, rel=1e-12)
    assert listed("okx", "spot_instruments", "contract_size")["BTC-USDT"] == 1.0


def test_a_contract_not_yet_open_is_known_by_its_name_alone() -> None:
    soon = row(parse("okx", "perp_instruments"), "SOON-USDT-SWAP")
    assert (soon["base"], soon["quote"], soon["settle"]) == ("SOON", "USDT", "USDT")
    assert (soon["status"], soon["contract_size"], soon["tick"]) == ("pre_market", None, None)


def test_a_dollar_margined_swap_is_linear_and_quoted_in_dollars() -> None:
    swap = row(parse("okx", "perp_instruments"), "BTC-USD_UM-SWAP")
    assert (swap["market"], swap["quote"], swap["settle"]) == (Market.PERP, "USD", "USD")


def test_statuses_and_off_line_dates_are_the_books() -> None:
    statuses = listed("okx", "perp_instruments", "status")
    assert statuses["BTC-USDT-SWAP"] == "trading"
    assert statuses["HALT-USDT-SWAP"] == "halted"
    assert statuses["PRE-USDT-SWAP"] == "pre_market"
    offline = listed("okx", "perp_instruments", "offline_at_ms")
    assert offline["BTC-USDT-SWAP"] is None
    assert offline["LEFT-USDT-SWAP"] == 1770400000000.0


def test_clock_depth_and_history() -> None:
    assert OKX.parse_clock(payload("okx", "clock")) == 1770000000654.0
    ladder = OKX.parse_depth(payload("okx", "depth"))
    assert ladder.bids == ((60012.0, 250.0), (60011.5, 10.0))
    settled = OKX.parse_history(payload("okx", "history"))
    assert settled.rows() == [("BTC-USDT-SWAP", 1769990400000.0, 0.00015)]


@pytest.mark.parametrize("body", [b'{"code":"0","data":[]}', b'{"code":"51001","data":[]}'])
def test_an_answer_without_its_one_row_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        OKX.parse_clock(body)
    with pytest.raises(MalformedAnswer):
        OKX.parse_depth(body)


def test_networks_lose_the_coins_name_and_the_unproving_contract() -> None:
    assert OKX.parse_networks is not None
    tron, bitcoin = OKX.parse_networks(payload("okx", "networks")).rows()
    assert tron == ("USDT", "TRC20", None, True, False, 1.0)
    assert bitcoin == ("BTC", "Bitcoin", None, True, True, 0.0001)


def test_a_signed_request_carries_the_signature_of_time_method_and_path() -> None:
    assert OKX.sign is not None
    keys = {"key": "the-key", "secret": "hush", "passphrase": "words"}
    ask = Ask("api", "/api/v5/asset/currencies", {"ccy": "BTC"}, signed=True)
    headers = OKX.sign(ask, keys, 1770000000123.0)["headers"]
    stamp = "2026-02-02T02:40:00.123Z"
    text = f"{stamp}GET/api/v5/asset/currencies?ccy=BTC".encode()
    digest = hmac.new(b"hush", text, hashlib.sha256).digest()
    assert headers["OK-ACCESS-TIMESTAMP"] == stamp
    assert headers["OK-ACCESS-SIGN"] == base64.b64encode(digest).decode()
    assert headers["OK-ACCESS-PASSPHRASE"] == "words"


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (200, b'{"code":"0","msg":"","data":[]}', None),
        (429, b'{"code":"50011","msg":"Too Many Requests"}', Fault.RATE_LIMITED),
        (200, b'{"code":"50011","msg":"Too Many Requests","data":[]}', Fault.RATE_LIMITED),
        (200, b'{"code":"51001","msg":"Instrument ID does not exist"}', Fault.REJECTED),
        (503, b'{"code":"50001","msg":"Service temporarily unavailable"}', Fault.SERVER),
        (403, b"", Fault.FORBIDDEN),
    ],
)
def test_a_fault_is_known_by_status_and_code(status: int, body: bytes, fault: Fault | None) -> None:
    assert OKX.classify(status, {}, body) is fault


def test_what_is_not_there_is_our_mistake_whatever_code_the_venue_sends() -> None:
    body = b'{"retCode":10016,"code":"50001","msg":"service unavailable"}'
    assert OKX.classify(404, {}, body) is Fault.REJECTED
