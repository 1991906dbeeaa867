"""The venues' manners: single symbols, refusals in their own words, pages, weights."""

from __future__ import annotations

import pytest

from exchanges.simulator.hosts import HOSTS, Meter, urls
from exchanges.simulator.listing import HOUR_MS
from exchanges.simulator.market import Market
from exchanges.simulator.speakers.speech import Budget
from tests.exchanges.simulator.speaking import TEN_OCLOCK, Hands, market, reply, said, world

QUARTERLY = "BTCUSDT_261231"
USED = "X-MBX-USED-WEIGHT-1M"


@pytest.fixture
def spoken() -> Market:
    return market()


def test_binance_answers_one_symbol_with_one_object(spoken: Market) -> None:
    one = said(spoken, "binance-usdm", "/fapi/v1/premiumIndex", symbol="AVENUSDT")

    assert one["symbol"] == "AVENUSDT"
    assert one["lastFundingRate"] == "0.0001"
    assert one["nextFundingTime"] == TEN_OCLOCK + 6 * HOUR_MS


def test_binance_lists_quarterlies_among_its_futures_without_a_settlement(spoken: Market) -> None:
    rows = said(spoken, "binance-usdm", "/fapi/v1/premiumIndex")

    dated = next(row for row in rows if row["symbol"] == QUARTERLY)
    assert (dated["nextFundingTime"], dated["lastFundingRate"]) == (0, "0")


def test_binance_leaves_eight_hour_contracts_out_of_funding_info(spoken: Market) -> None:
    rows = said(spoken, "binance-usdm", "/fapi/v1/fundingInfo")
    hours = {row["symbol"]: row["fundingIntervalHours"] for row in rows}

    assert "AVENUSDT" not in hours
    assert hours["EMBRUSDT"] == 4


def test_bybit_marks_quarterlies_by_an_empty_interval(spoken: Market) -> None:
    rows = said(spoken, "bybit", "/v5/market/tickers", category="linear")["result"]["list"]

    dated = next(row for row in rows if "-" in row["symbol"])
    assert (dated["fundingIntervalHour"], dated["fundingRate"]) == ("", "")
    assert int(dated["deliveryTime"]) > TEN_OCLOCK


def test_bybit_gives_instruments_in_pages(spoken: Market) -> None:
    path, seen, query = "/v5/market/instruments-info", [], {"category": "linear", "limit": "30"}
    while True:
        page = said(spoken, "bybit", path, **query)["result"]
        seen += [row["symbol"] for row in page["list"]]
        if not page["nextPageCursor"]:
            break
        query["cursor"] = page["nextPageCursor"]

    whole = said(spoken, "bybit", path, category="linear", limit="1000")["result"]["list"]
    assert seen == [row["symbol"] for row in whole]
    assert len(seen) == len(set(seen)) > 60


def test_bybit_tells_of_what_is_not_yet_trading_only_when_asked(spoken: Market) -> None:
    path = "/v5/market/instruments-info"
    trading = said(spoken, "bybit", path, category="linear", limit="1000")
    coming = said(spoken, "bybit", path, category="linear", status="PreLaunch")

    assert "PMBYUSDT" not in {row["symbol"] for row in trading["result"]["list"]}
    assert [row["symbol"] for row in coming["result"]["list"]] == ["PMBYUSDT"]


def test_okx_tells_the_interval_by_two_times(spoken: Market) -> None:
    (row,) = said(spoken, "okx", "/api/v5/public/funding-rate", instId="IVOR-USDT-SWAP")["data"]

    assert int(row["nextFundingTime"]) - int(row["fundingTime"]) == 2 * HOUR_MS


def test_okx_counts_swaps_in_contracts(spoken: Market) -> None:
    rows = said(spoken, "okx", "/api/v5/public/open-interest", instType="SWAP")["data"]

    row = next(row for row in rows if row["instId"] == "PEPE-USDT-SWAP")
    assert float(row["oi"]) * 10_000_000 == pytest.approx(float(row["oiCcy"]), rel=1e-3)


def test_okx_pages_history_backwards(spoken: Market) -> None:
    path, name = "/api/v5/public/funding-rate-history", "EMBR-USDT-SWAP"
    newest = said(spoken, "okx", path, instId=name, limit="3")["data"]
    older = said(spoken, "okx", path, instId=name, after=newest[-1]["fundingTime"])["data"]

    assert len(newest) == 3
    assert int(older[0]["fundingTime"]) == int(newest[-1]["fundingTime"]) - 4 * HOUR_MS


def test_bitget_pages_history_by_number(spoken: Market) -> None:
    path = "/api/v2/mix/market/history-fund-rate"
    query = {"symbol": "FJORUSDT", "productType": "USDT-FUTURES", "pageSize": "10"}
    first = said(spoken, "bitget", path, **query)["data"]
    second = said(spoken, "bitget", path, **query, pageNo="2")["data"]

    assert int(second[0]["fundingTime"]) == int(first[-1]["fundingTime"]) - HOUR_MS


@pytest.mark.parametrize(
    ("host", "path", "query", "status", "code"),
    [
        ("binance-spot", "/api/v3/ticker/bookTicker", {"symbol": "NOPE"}, 400, b"-1121"),
        ("binance-usdm", "/fapi/v1/fundingRate", {}, 400, b"-1102"),
        ("binance-usdm", "/fapi/v1/nonsense", {}, 404, b"-1000"),
        ("bybit", "/v5/market/tickers", {"category": "nonsense"}, 200, b"10001"),
        ("bybit", "/v5/market/orderbook", {"category": "spot"}, 200, b"10001"),
        ("okx", "/api/v5/market/tickers", {"instType": "X"}, 400, b"51000"),
        ("okx", "/api/v5/market/books", {"instId": "NO-PE"}, 400, b"51001"),
        ("bitget", "/api/v2/mix/market/tickers", {}, 400, b"40019"),
        ("bitget", "/api/v2/spot/market/orderbook", {"symbol": "NOPE"}, 400, b"40034"),
        ("nowhere", "/x", {}, 404, b"no venue"),
    ],
)
def test_nonsense_is_refused_in_the_venues_own_words(
    host: str, path: str, query: dict[str, str], status: int, code: bytes
) -> None:
    answer = reply(market(), host, path, **query)

    assert answer.status == status
    assert code in answer.body


def test_binance_counts_weight_per_host_and_tells_it() -> None:
    spoken = Market(world())
    asked = [
        ("/fapi/v1/premiumIndex", {}, 10),
        ("/fapi/v1/ticker/bookTicker", {}, 15),
        ("/fapi/v1/premiumIndex", {"symbol": "BTCUSDT"}, 16),
        ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": "50"}, 18),
        ("/fapi/v1/fundingInfo", {}, 18),
        ("/fapi/v1/ticker/24hr", {}, 58),
    ]

    for path, query, used in asked:
        assert spoken.answer("binance-usdm", path, query).headers[USED] == str(used)
    assert reply(spoken, "binance-spot", "/api/v3/ticker/bookTicker").headers[USED] == "4"


def test_weight_starts_anew_with_the_clock_minute() -> None:
    hands = Hands()
    spoken = Market(world(hands))
    reply(spoken, "binance-spot", "/api/v3/ticker/24hr")
    hands.forward(60_000)

    assert reply(spoken, "binance-spot", "/api/v3/time").headers[USED] == "1"


@pytest.mark.parametrize(
    ("host", "path", "granted", "status"),
    [
        ("binance-spot", "/api/v3/ticker/24hr", 75, 429),
        ("bybit", "/v5/market/time", 600, 403),
        ("okx", "/api/v5/public/time", 40, 429),
        ("bitget", "/api/v2/public/time", 20, 429),
    ],
)
def test_beyond_its_budget_a_venue_refuses(host: str, path: str, granted: int, status: int) -> None:
    spoken = Market(world())
    answers = [spoken.answer(host, path, {}).status for _ in range(granted + 1)]

    assert answers == [200] * granted + [status]


def test_binance_says_how_long_to_wait() -> None:
    spoken = Market(world())
    for _ in range(76):
        last = reply(spoken, "binance-spot", "/api/v3/ticker/24hr")

    assert last.headers["Retry-After"] == "60"


def test_budgets_per_path_do_not_share() -> None:
    meter, budget = Meter(), Budget(5, 1_000, 429, per_path=True)

    used = [meter.spend("okx", path, 1, budget, 0) for path in ("/a", "/a", "/b")]

    assert used == [1, 2, 1]


def test_a_refused_request_still_costs() -> None:
    spoken = Market(world())
    reply(spoken, "binance-usdm", "/fapi/v1/fundingRate")
    reply(spoken, "binance-usdm", "/fapi/v1/nonsense")

    assert reply(spoken, "binance-usdm", "/fapi/v1/time").headers[USED] == "2"


def test_every_host_has_an_address() -> None:
    addresses = [url for hosts in urls(8090).values() for url in hosts.values()]

    assert sorted(addresses) == sorted(f"http://127.0.0.1:8090/{host}" for host in HOSTS)


def test_the_world_is_described() -> None:
    spoken = Market(world(seed=11))
    reply(spoken, "okx", "/api/v5/public/time")

    told = spoken.describe()

    assert (told["seed"], told["requests"]) == (11, {"okx": 1})
    assert not spoken.advance()
