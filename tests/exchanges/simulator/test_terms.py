"""The simulated instrument lists are as wide as the real ones: same fields, about as many bytes."""

from __future__ import annotations

import gzip
import statistics
from pathlib import Path
from typing import Any

import msgspec
import pytest

from exchanges.simulator.market import Market
from exchanges.simulator.speakers import terms
from tests.exchanges.simulator.speaking import market, said

LISTS = {
    "binance/spot_exchange_info": ("binance-spot", "/api/v3/exchangeInfo", {}),
    "binance/fapi_exchange_info": ("binance-usdm", "/fapi/v1/exchangeInfo", {}),
    "bybit/instruments_info_linear_incomplete": (
        "bybit",
        "/v5/market/instruments-info",
        {"category": "linear", "limit": "1000"},
    ),
    "okx/instruments_swap": ("okx", "/api/v5/public/instruments", {"instType": "SWAP"}),
}
every_list = pytest.mark.parametrize("name", LISTS)


@pytest.fixture(scope="module")
def spoken() -> Market:
    return market()


def simulated(spoken: Market, name: str) -> list[dict[str, Any]]:
    host, path, query = LISTS[name]
    return rows_of(said(spoken, host, path, **query))


def recorded(recordings: Path, name: str) -> list[dict[str, Any]]:
    packed = (recordings / "instruments" / f"{name}.json.gz").read_bytes()
    return rows_of(msgspec.json.decode(gzip.decompress(packed)))


def rows_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    found = answer.get("symbols") or answer.get("data") or answer["result"]["list"]
    return list(found)


def fields(value: Any) -> Any:
    """The names in a row, with those of objects within."""
    return {key: fields(one) for key, one in value.items()} if isinstance(value, dict) else None


def width(rows: list[dict[str, Any]]) -> float:
    return statistics.fmean(len(msgspec.json.encode(row)) for row in rows)


@every_list
def test_a_simulated_row_has_the_fields_of_a_real_one(
    spoken: Market, recordings: Path, name: str
) -> None:
    assert fields(simulated(spoken, name)[0]) == fields(recorded(recordings, name)[0])


@every_list
def test_a_simulated_list_is_about_as_wide_as_a_real_one(
    spoken: Market, recordings: Path, name: str
) -> None:
    real = width(recorded(recordings, name))
    assert 0.9 * real < width(simulated(spoken, name)) <= 1.02 * real


@pytest.mark.parametrize("name", [name for name in LISTS if name.startswith("binance")])
def test_binances_rules_are_those_of_a_real_symbol(
    spoken: Market, recordings: Path, name: str
) -> None:
    def rules(row: dict[str, Any]) -> list[tuple[str, frozenset[str]]]:
        return sorted((rule["filterType"], frozenset(rule)) for rule in row["filters"])

    assert rules(simulated(spoken, name)[0]) == rules(recorded(recordings, name)[0])


@pytest.mark.parametrize("speak", [terms.binance_spot_filters, terms.binance_futures_filters])
def test_the_tick_of_a_symbol_is_in_its_price_rule(speak: Any) -> None:
    rules = {rule["filterType"]: rule for rule in speak("0.0125")}
    assert rules["PRICE_FILTER"]["tickSize"] == "0.0125"
    assert rules["LOT_SIZE"]["stepSize"] != "0.0125"
