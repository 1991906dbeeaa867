"""Venues without a file of their own, read through ccxt: a name in EXTRA_VENUES joins a scan.

ccxt does its own HTTP, so such a venue has no bulk bodies to parse: `collect` asks and answers with
the same columns the venue files give. ccxt is imported at first use and need not be installed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from arbedge import clock
from arbedge.errors import BadSetting
from arbedge.http import Unanswered
from arbedge.names import Fault, Market
from exchanges import generic_columns
from exchanges.columns import Parsed
from exchanges.venues import VENUES
from exchanges.venues.base import EVERY_MINUTE, EVERY_TEN_MINUTES, Ask, Feed
from exchanges.wire import MalformedAnswer

TIMEOUT_MS: Final = 10_000
# What ccxt must be told so that a bulk call is one call and carries bid and ask.
OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "gate": {"fetchMarkets": {"types": ["spot", "swap"]}},
    "kucoin": {"fetchMarkets": {"types": ["spot", "swap"], "fetchTickersFees": False}},
}
QUOTE_PARAMS: Final[Mapping[str, Mapping[str, str]]] = {
    "kucoin": {"method": "futuresPublicGetAllTickers"},
}
# Where bid and ask come without 24 h figures, these are asked for apart.
APART: Final = frozenset(QUOTE_PARAMS)

FAULTS: Final = (
    ("RateLimitExceeded", Fault.RATE_LIMITED),
    ("DDoSProtection", Fault.RATE_LIMITED),
    ("RequestTimeout", Fault.TIMEOUT),
    ("ExchangeNotAvailable", Fault.SERVER),
    ("BadResponse", Fault.MALFORMED),
    ("NetworkError", Fault.UNREACHABLE),
    ("PermissionDenied", Fault.FORBIDDEN),
)

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Any]] = WeakKeyDictionary()


class Gathered(NamedTuple):
    """What became of one feed: its columns or why there are none, and how long it took."""

    outcome: Parsed | Unanswered
    took_ms: float
    captured_at_ms: float


def check(names: Iterable[str]) -> None:
    """Raise BadSetting for a name ccxt does not know, or that has a venue file of its own."""
    for name in names:
        _kind(name)


def feeds(name: str) -> tuple[Feed, ...]:
    """The feeds `collect` knows for this venue, with market, cadence and weight 1 each.

    Their `parse` refuses bytes: only `collect` reads them. Raises BadSetting.
    """
    supported = _kind(name)().has
    found = [
        _feed("spot_instruments", Market.SPOT, EVERY_TEN_MINUTES, instruments=True),
        _feed("perp_instruments", Market.PERP, EVERY_TEN_MINUTES, instruments=True),
    ]
    if supported.get("fetchTickers"):
        found.append(_feed("spot", Market.SPOT, essential=bool(supported.get("spot"))))
        if supported.get("swap"):
            found.append(_feed("perp", Market.PERP, essential=True))
    if supported.get("swap") and supported.get("fetchFundingRates"):
        found.append(_feed("perp_funding", Market.PERP, essential=True))
    if name in APART:
        found.append(_feed("perp_day", Market.PERP, EVERY_MINUTE))
    return tuple(found)


async def collect(
    name: str, urls: Mapping[str, str], wanted: Collection[str] | None = None
) -> dict[str, Gathered]:
    """Ask a venue for its feeds, all at once, and answer with their columns by feed name.

    `urls` replaces scheme and host of ccxt's addresses: by its key of an API ("futuresPublic"), or
    all of them by "default". `wanted` limits the feeds. A feed that fails holds no other back: its
    outcome is an Unanswered. Raises BadSetting for an unknown venue, Unanswered when the list of
    instruments, which all feeds need, cannot be read.
    """
    names = [feed.name for feed in feeds(name) if wanted is None or feed.name in wanted]
    client = _client(name, urls)
    fresh = any(feed.endswith("instruments") for feed in names)
    started = time.perf_counter()
    try:
        await client.load_markets(reload=fresh and client.markets is not None)
    except Exception as error:  # noqa: BLE001 - every error becomes an Unanswered
        _unanswered(error)
    loaded_ms = (time.perf_counter() - started) * 1000
    gathered = await asyncio.gather(*(_gather(client, feed, loaded_ms) for feed in names))
    return dict(zip(names, gathered, strict=True))


async def close() -> None:
    """Close the connections of this loop's clients."""
    held = _clients.pop(asyncio.get_running_loop(), {})
    await asyncio.gather(*(client.close() for client in held.values()))


async def _gather(client: Any, feed: str, loaded_ms: float) -> Gathered:
    started = time.perf_counter()
    outcome: Parsed | Unanswered
    try:
        outcome = await _read(client, feed)
    except Exception as error:  # noqa: BLE001 - every error becomes an Unanswered
        try:
            _unanswered(error)
        except Unanswered as unanswered:
            outcome = unanswered
    listed_ms = loaded_ms if feed.endswith("instruments") else 0.0
    took_ms = (time.perf_counter() - started) * 1000 + listed_ms
    return Gathered(outcome, took_ms, clock.now_ms())


async def _read(client: Any, feed: str) -> Parsed:
    market = Market.SPOT if feed.startswith("spot") else Market.PERP
    markets = client.markets
    if feed.endswith("instruments"):
        return generic_columns.instruments(markets.values(), market, client.precisionMode)
    if feed == "perp_funding":
        rates = await client.fetch_funding_rates()
        return generic_columns.funding(rates.values(), markets, await _intervals(client, rates))
    kind = {"type": "spot" if market is Market.SPOT else "swap"}
    if feed == "perp_day":
        rows = await client.fetch_tickers(None, kind)
        return generic_columns.day(rows.values(), markets, market)
    params = QUOTE_PARAMS.get(client.id, {}) if market is Market.PERP else {}
    rows = await client.fetch_tickers(None, {**kind, **params})
    return generic_columns.tickers(rows.values(), markets, market)


async def _intervals(client: Any, rates: Mapping[str, Any]) -> Mapping[str, Any]:
    told = any(rate.get("interval") for rate in rates.values())
    if told or not client.has.get("fetchFundingIntervals"):
        return {}
    intervals: Mapping[str, Any] = await client.fetch_funding_intervals()
    return intervals


def _ccxt() -> Any:
    try:
        import ccxt.async_support as ccxt
    except ImportError as error:
        raise BadSetting(
            "EXTRA_VENUES needs ccxt, which is not installed: "
            "pip install --require-hashes -r requirements/venues.txt, or clear EXTRA_VENUES.",
            setting="EXTRA_VENUES",
        ) from error
    return ccxt


def _kind(name: str) -> Any:
    if name in VENUES:
        raise BadSetting(
            f"{name!r} has a venue file of its own: name it in VENUES, not in EXTRA_VENUES.",
            setting="EXTRA_VENUES",
        )
    ccxt = _ccxt()
    if name not in ccxt.exchanges:
        near = get_close_matches(name, ccxt.exchanges, n=5, cutoff=0.5)
        hint = f" Near names: {', '.join(near)}." if near else ""
        raise BadSetting(f"ccxt knows no venue {name!r}.{hint}", setting="EXTRA_VENUES")
    return getattr(ccxt, name)


def _client(name: str, urls: Mapping[str, str]) -> Any:
    held = _clients.setdefault(asyncio.get_running_loop(), {})
    key = f"{name} {sorted(urls.items())}"
    if key not in held:
        client = _kind(name)({"enableRateLimit": True, "timeout": TIMEOUT_MS})
        client.options.update(OPTIONS.get(name, {}))
        client.has["fetchCurrencies"] = False  # a call per load that nothing here reads
        client.urls["api"] = _moved(client.urls["api"], urls)
        held[key] = client
    return held[key]


def _moved(api: Any, urls: Mapping[str, str], key: str = "default") -> Any:
    """ccxt's addresses (a text, or a tree of them) with their hosts replaced."""
    if isinstance(api, Mapping):
        return {name: _moved(one, urls, name if name in urls else key) for name, one in api.items()}
    base = urls.get(key)
    return api if base is None else base.rstrip("/") + urlsplit(api).path


def _unanswered(error: Exception) -> NoReturn:
    """Raise ccxt's error as ours. Any other is its parsers' stumbling over an unforeseen answer."""
    ccxt = _ccxt()
    if not isinstance(error, ccxt.BaseError):
        text = f"ccxt could not read the answer: {type(error).__name__}: {error}"
        raise Unanswered(Fault.MALFORMED, text) from error
    for name, fault in FAULTS:
        if isinstance(error, getattr(ccxt, name)):
            raise Unanswered(fault, str(error)) from error
    raise Unanswered(Fault.REJECTED, str(error)) from error


def _feed(
    name: str,
    market: Market,
    every_s: float = 0.0,
    *,
    essential: bool = False,
    instruments: bool = False,
) -> Feed:
    ask = Ask("default", name)
    return Feed(name, market, ask, _refuse, every_s, essential=essential, instruments=instruments)


def _refuse(body: bytes) -> NoReturn:
    raise MalformedAnswer(f"was {len(body)} bytes for a feed that only ccxt reads")
