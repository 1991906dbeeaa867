"""The venues' hosts under the simulator's one port: what each speaks, grants and refuses with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from exchanges.simulator.speakers import binance, bitget, bybit, okx
from exchanges.simulator.speakers.speech import Budget, Route

# (venue, host key of its venue file) -> first part of the path.
PREFIXES: Final[Mapping[tuple[str, str], str]] = {
    ("binance", "spot"): "binance-spot",
    ("binance", "usdm"): "binance-usdm",
    ("bybit", "api"): "bybit",
    ("okx", "api"): "okx",
    ("bitget", "api"): "bitget",
}


@dataclass(frozen=True, slots=True)
class Host:
    """One host of a venue."""

    venue: str
    routes: Mapping[str, Route]
    budget: Budget
    refuse: Callable[[int, str], dict[str, Any]]


@dataclass(slots=True)
class Meter:
    """Requests and weight used on every host, per period of its budget."""

    requests: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    _used: dict[str, tuple[int, int]] = field(default_factory=dict)

    def spend(self, host: str, path: str, weight: int, budget: Budget, now_ms: float) -> int:
        """Count one request; returns the weight used in the current period, this one included."""
        self.requests[host] = self.requests.get(host, 0) + 1
        period = int(now_ms) // budget.period_ms
        key = f"{host}{path}" if budget.per_path else host
        since, used = self._used.get(key, (period, 0))
        used = weight + (used if since == period else 0)
        self._used[key] = (period, used)
        if used > budget.limit:
            self.refused[host] = self.refused.get(host, 0) + 1
        return used

    def weights(self) -> dict[str, int]:
        """The weight last seen per host (or host and path where budgets are per path)."""
        return {key: used for key, (_, used) in sorted(self._used.items())}


HOSTS: Final[Mapping[str, Host]] = {
    "binance-spot": Host("binance", binance.SPOT_ROUTES, binance.SPOT_BUDGET, binance.refuse),
    "binance-usdm": Host("binance", binance.FUTURES_ROUTES, binance.FUTURES_BUDGET, binance.refuse),
    "bybit": Host("bybit", bybit.ROUTES, bybit.BUDGET, bybit.refuse),
    "okx": Host("okx", okx.ROUTES, okx.BUDGET, okx.refuse),
    "bitget": Host("bitget", bitget.ROUTES, bitget.BUDGET, bitget.refuse),
}


def urls(port: int, address: str = "127.0.0.1") -> dict[str, dict[str, str]]:
    """The setting VENUE_URLS that points every venue at a simulator on this port."""
    found: dict[str, dict[str, str]] = {}
    for (venue, key), prefix in PREFIXES.items():
        found.setdefault(venue, {})[key] = f"http://{address}:{port}/{prefix}"
    return found
