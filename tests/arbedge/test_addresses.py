from __future__ import annotations

from pathlib import Path

import pytest

from arbedge import addresses

NAMED = ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "BROKER_URL", "MARKET_MODE")


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def running(tmp_path: Path) -> Path:
    (tmp_path / "engines.json").write_text('{"run_dir": "/run/x", "valkey_socket": "/run/x/v"}')
    return tmp_path


def test_running_engines_are_found(running: Path) -> None:
    found = addresses.engines(running)
    assert found.database_url == "postgresql://arbedge@/arbedge?host=/run/x"
    assert found.cache_url == "unix:///run/x/v?db=1"
    assert found.broker_url == "redis+socket:///run/x/v?virtual_host=0"


def test_without_engines_the_addresses_lead_nowhere_and_say_so(tmp_path: Path) -> None:
    assert "engines-are-not-started" in addresses.engines(tmp_path).database_url


def test_one_redis_url_serves_broker_and_cache_in_databases_of_their_own(
    running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:pass@cache:6379/3")
    found = addresses.engines(running)
    assert found.broker_url == "redis://:pass@cache:6379/3"
    assert found.cache_url == "redis://:pass@cache:6379/4"


def test_own_urls_win_over_the_shared_one(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://shared/0")
    monkeypatch.setenv("CACHE_URL", "redis://cache/0")
    monkeypatch.setenv("BROKER_URL", "redis://broker/0")
    found = addresses.engines(running)
    assert (found.cache_url, found.broker_url) == ("redis://cache/0", "redis://broker/0")


@pytest.mark.parametrize(
    ("mode", "database", "cache"),
    [("live", "/arbedge?", "db=1"), ("simulator", "/arbedge_simulator?", "db=3"),
     ("replay", "/arbedge_replay?", "db=5")],
)  # fmt: skip
def test_demo_replay_and_live_data_never_mix(
    running: Path, monkeypatch: pytest.MonkeyPatch, mode: str, database: str, cache: str
) -> None:
    monkeypatch.setenv("MARKET_MODE", mode)
    found = addresses.engines(running)
    assert database in found.database_url
    assert found.cache_url.endswith(cache)


@pytest.mark.parametrize(
    ("names", "whole"),
    [
        ({}, False),
        ({"DATABASE_URL": "postgresql://h/n"}, False),
        ({"REDIS_URL": "redis://h"}, False),
        ({"DATABASE_URL": "postgresql://h/n", "REDIS_URL": "redis://h"}, True),
        ({"DATABASE_URL": "postgresql://h/n", "CACHE_URL": "redis://h"}, False),
        ({"DATABASE_URL": "p", "CACHE_URL": "redis://h", "BROKER_URL": "redis://h"}, True),
    ],
)
def test_bundled_engines_start_unless_all_are_named(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], whole: bool
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert addresses.configured() is whole


def test_a_database_url_becomes_djangos_entry() -> None:
    problem, entry = addresses.database("postgresql://ada:pw@db.example:5433/edge?sslmode=require")
    assert problem == ""
    assert (entry["HOST"], entry["PORT"], entry["NAME"]) == ("db.example", 5433, "edge")
    assert entry["OPTIONS"] == {"sslmode": "require"}


def test_a_socket_folder_becomes_the_host() -> None:
    _, entry = addresses.database("postgresql://arbedge@/arbedge?host=/run/x")
    assert entry["HOST"] == "/run/x"


@pytest.mark.parametrize("url", ["mysql://h/n", "nonsense", "postgresql://", "postgresql://h"])
def test_a_bad_database_url_is_reported_and_leads_nowhere(url: str) -> None:
    problem, entry = addresses.database(url)
    assert problem
    assert entry["HOST"] == addresses.NOT_STARTED


def test_venue_addresses_come_from_json_and_single_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VENUE_URL_BINANCE_USDM", "https://futures.example")
    assert addresses.venue_urls({"okx": {"api": "https://okx.example"}}) == {
        "okx": {"api": "https://okx.example"},
        "binance": {"usdm": "https://futures.example"},
    }


def test_venue_keys_are_gathered_by_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENUE_KEY_OKX_KEY", "k")
    monkeypatch.setenv("VENUE_KEY_OKX_SECRET", "s")
    monkeypatch.setenv("VENUE_KEY_OKX_PASSPHRASE", "p")
    monkeypatch.setenv("VENUE_KEY_OKX_COLOUR", "blue")
    assert addresses.venue_keys() == {"okx": {"key": "k", "secret": "s", "passphrase": "p"}}


def test_the_simulator_has_one_prefix_per_host_of_a_venue() -> None:
    urls = addresses.simulated(8090)
    assert set(urls) == {"binance", "bybit", "okx", "bitget"}
    assert urls["binance"]["usdm"] == "http://127.0.0.1:8090/binance-usdm"
