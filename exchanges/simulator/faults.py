"""Faults of the venues, switched on by request: what to spoil, how often, and until when."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import msgspec

DEFAULT_FOR_S: Final = 60.0
STALE_BY_S: Final = 120.0
AHEAD_BY_S: Final = 60.0


class Kind(StrEnum):
    """What goes wrong with an answer."""

    LATENCY = "latency"  # comes `by_s` seconds late
    DROP = "drop"  # the connection ends in the middle of the body
    MALFORMED = "malformed"  # a body cut short
    HTML = "html"  # a page for people instead of JSON
    RATE_LIMITED = "rate_limited"  # 429 with Retry-After
    BANNED = "banned"  # 418 with Retry-After
    FORBIDDEN = "forbidden"  # 403
    LOCATION = "location"  # 451
    SERVER = "server"  # 503
    STALE = "stale"  # the body of `by_s` seconds ago
    FUTURE = "future"  # the body of a clock `by_s` seconds ahead
    NULLS = "nulls"  # every third row has nulls for numbers
    PARTIAL = "partial"  # every third row lacks half its fields


STATUS: Final[Mapping[Kind, int]] = {
    Kind.RATE_LIMITED: 429,
    Kind.BANNED: 418,
    Kind.FORBIDDEN: 403,
    Kind.LOCATION: 451,
    Kind.SERVER: 503,
}


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /_faults`."""

    venue: str  # a venue, one of its hosts, or * for all
    kind: Kind
    for_s: float = DEFAULT_FOR_S
    rate: float = 1.0  # share of the requests hit
    path: str = ""  # only paths that contain this
    by_s: float | None = None
    retry_after_s: int | None = None


@dataclass(slots=True)
class Board:
    """The faults in force. `clock` counts seconds."""

    clock: Callable[[], float] = time.monotonic
    seed: int = 0
    _wishes: list[tuple[float, Wish]] = field(default_factory=list)
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - chance, not a secret

    def add(self, wish: Wish) -> None:
        """Switch a fault on."""
        self._wishes.append((self.clock() + wish.for_s, wish))

    def clear(self) -> None:
        """Switch all faults off."""
        self._wishes.clear()

    def hit(self, venue: str, host: str, path: str) -> Wish | None:
        """The fault this request meets, if any: the one switched on last."""
        now = self.clock()
        self._wishes = [entry for entry in self._wishes if entry[0] > now]
        for _, wish in reversed(self._wishes):
            aimed = wish.venue in ("*", venue, host) and wish.path in path
            if aimed and self._chance.random() < wish.rate:
                return wish
        return None

    def describe(self) -> list[dict[str, Any]]:
        """The faults in force with the seconds they have left."""
        now = self.clock()
        return [
            {**msgspec.to_builtins(wish), "left_s": round(until - now, 1)}
            for until, wish in self._wishes
            if until > now
        ]


def shift_ms(wish: Wish | None) -> int:
    """How far the moment told lies from now: negative for a stale body, positive for one ahead."""
    if wish is None or wish.kind not in (Kind.STALE, Kind.FUTURE):
        return 0
    if wish.kind is Kind.STALE:
        return -int(1000 * (STALE_BY_S if wish.by_s is None else wish.by_s))
    return int(1000 * (AHEAD_BY_S if wish.by_s is None else wish.by_s))


def spoil(kind: Kind, body: bytes) -> bytes:
    """The body as this fault leaves it; a fault that does not touch bodies leaves it whole."""
    if kind in (Kind.MALFORMED, Kind.DROP):
        return body[: max(1, len(body) * 2 // 3)]
    if kind is Kind.HTML:
        return b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    if kind in (Kind.NULLS, Kind.PARTIAL):
        tree = msgspec.json.decode(body)
        for row in _rows(tree)[::3]:
            _thin(row, kind)
        return msgspec.json.encode(tree)
    return body


def _thin(row: dict[str, Any], kind: Kind) -> None:
    """Null or remove every second field, the symbol excepted."""
    for name in [name for name in row if name not in ("symbol", "instId", "coin")][::2]:
        if kind is Kind.NULLS:
            row[name] = None
        else:
            del row[name]


def _rows(tree: Any) -> list[dict[str, Any]]:
    """The longest list of objects anywhere in the answer."""
    if isinstance(tree, list):
        return [row for row in tree if isinstance(row, dict)]
    if isinstance(tree, dict):
        return max((_rows(part) for part in tree.values()), key=len, default=[])
    return []
