"""Where engines and venues are: from the environment, or where the bundled engines run."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import dj_database_url

NOT_STARTED = "/nonexistent/arbedge-engines-are-not-started"
VENUE_URL_PREFIX = "VENUE_URL_"
VENUE_KEY_PREFIX = "VENUE_KEY_"
MODES = ("live", "simulator", "replay")
KEY_PARTS = ("KEY", "SECRET", "PASSPHRASE")


@dataclass(frozen=True)
class Engines:
    database_url: str
    cache_url: str
    broker_url: str


def data_dir(base_dir: Path) -> Path:
    """Returns the folder of all local state: `ARBEDGE_DATA`, else `.arbedge` beside manage.py."""
    return Path(os.environ.get("ARBEDGE_DATA") or base_dir / ".arbedge").resolve()


def configured() -> bool:
    """Returns whether the environment names database and Redis, so that none is started."""
    names = os.environ
    redis = names.get("REDIS_URL") or (names.get("CACHE_URL") and names.get("BROKER_URL"))
    return bool(names.get("DATABASE_URL") and redis)


def engines(data_dir: Path) -> Engines:
    """Returns the addresses to use: the environment's, else those of running bundled engines.

    Where neither exists the addresses point nowhere, so that settings still import (type checks,
    `makemigrations`) and a connection fails with a telling path.
    """
    state = running(data_dir)
    redis_url = os.environ.get("REDIS_URL", "")
    broker_number, cache_number = database_numbers()
    socket = state.get("valkey_socket", NOT_STARTED)
    return Engines(
        database_url=os.environ.get("DATABASE_URL")
        or postgres_url(state.get("run_dir", NOT_STARTED), database_name()),
        cache_url=os.environ.get("CACHE_URL")
        or (with_database(redis_url, 1) if redis_url else valkey_url(socket, cache_number)),
        broker_url=for_kombu(
            os.environ.get("BROKER_URL") or redis_url or valkey_url(socket, broker_number),
        ),
    )


def postgres_url(socket_dir: str, name: str = "arbedge") -> str:
    return f"postgresql://arbedge@/{name}?host={socket_dir}"


def valkey_url(socket: str, database: int) -> str:
    return f"unix://{socket}?db={database}"


def database_numbers() -> tuple[int, int]:
    """Returns the bundled Valkey's database numbers of broker and cache, by market mode."""
    first = 2 * MODES.index(market_mode())
    return first, first + 1


def market_mode() -> str:
    """Returns live, simulator or replay; anything else is reported by the system checks."""
    mode = os.environ.get("MARKET_MODE", "live")
    return mode if mode in MODES else "live"


def database_name() -> str:
    """Returns the name of the bundled database: demo, replay and live data never mix."""
    mode = market_mode()
    return "arbedge" if mode == "live" else f"arbedge_{mode}"


def with_database(redis_url: str, add: int) -> str:
    """Returns the URL with its database number raised by `add`: cache and broker share a server."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        number = int(parts.query.partition("db=")[2] or 0)
        return valkey_url(parts.path, number + add)
    number = int(parts.path.strip("/") or 0)
    return urlunsplit(parts._replace(path=f"/{number + add}"))


def for_kombu(redis_url: str) -> str:
    """Returns the URL as Celery spells it: `redis+socket://path?virtual_host=n` for a socket."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parts.query.partition("db=")[2] or "0"
    return f"redis+socket://{parts.path}?virtual_host={number}"


def database(url: str) -> tuple[str, dict[str, Any]]:
    """Returns what is wrong with the URL (nothing, if empty) and Django's entry for it.

    Only PostgreSQL will do: the product relies on its locking. A bad URL is reported by the
    system checks, so here it leads nowhere instead of failing the import of the settings.
    """
    try:
        return "", _postgres(url)
    except (ValueError, dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        return str(error).rstrip("."), _postgres(postgres_url(NOT_STARTED))


def _postgres(url: str) -> dict[str, Any]:
    if not url.startswith(("postgres://", "postgresql://")):
        scheme = url.partition(":")[0]
        raise ValueError(f"it must start with postgresql://, not {scheme}://")
    entry: dict[str, Any] = dict(dj_database_url.parse(url))
    options = entry.setdefault("OPTIONS", {})
    entry["HOST"] = options.pop("host", entry.get("HOST", ""))
    if not entry["HOST"] or not entry["NAME"]:
        raise ValueError("it names no host or no database")
    return entry


def venue_urls(configured_urls: Any) -> dict[str, dict[str, str]]:
    """Returns {venue: {host: base URL}} from the JSON setting and `VENUE_URL_<VENUE>_<HOST>`."""
    urls = {venue: dict(hosts) for venue, hosts in configured_urls.items()}
    for name, value in os.environ.items():
        if name.startswith(VENUE_URL_PREFIX) and value:
            venue, _, host = name.removeprefix(VENUE_URL_PREFIX).lower().partition("_")
            urls.setdefault(venue, {})[host or "default"] = value
    return urls


def simulated(port: int) -> dict[str, dict[str, str]]:
    """Returns {venue: {host: base URL}} of the simulator: one port, one prefix per venue's host."""
    base = f"http://127.0.0.1:{port}"
    return {
        "binance": {"spot": f"{base}/binance-spot", "usdm": f"{base}/binance-usdm"},
        "bybit": {"api": f"{base}/bybit"},
        "okx": {"api": f"{base}/okx"},
        "bitget": {"api": f"{base}/bitget"},
    }


def venue_keys() -> dict[str, dict[str, str]]:
    """Returns {venue: {key, secret, passphrase}} of read-only keys: `VENUE_KEY_<VENUE>_<PART>`."""
    keys: dict[str, dict[str, str]] = {}
    for name, value in os.environ.items():
        venue, _, part = name.removeprefix(VENUE_KEY_PREFIX).rpartition("_")
        if name.startswith(VENUE_KEY_PREFIX) and part in KEY_PARTS and value:
            keys.setdefault(venue.lower(), {})[part.lower()] = value
    return keys


def running(data_dir: Path) -> dict[str, str]:
    state = data_dir / "engines.json"
    if not state.is_file():
        return {}
    written: dict[str, str] = json.loads(state.read_text())
    return written
