"""Whole markets of four venues as bytes in the venues' own formats: made to size, or recorded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from exchanges.simulator import replay
from exchanges.simulator.hosts import PREFIXES
from exchanges.simulator.listing import Coin, Leg, Motion, Sort
from exchanges.simulator.market import Market
from exchanges.simulator.world import World
from exchanges.venues import VENUES
from exchanges.venues.base import Feed, Venue

AT_MS: Final = 1_780_000_000_000
# What the venues list today, about: (spot pairs, perpetuals).
SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "binance": (2000, 600),
    "bybit": (700, 500),
    "okx": (700, 500),
    "bitget": (700, 500),
}
RECORDED: Final = "spot-2022-11-21"
ROOT: Final = Path(__file__).resolve().parents[2]


class Body(NamedTuple):
    """One bulk answer."""

    venue: Venue
    feed: Feed
    data: bytes

    @property
    def is_list(self) -> bool:
        """Whether this is an instrument list, asked for every ten minutes."""
        return self.feed.instruments


class _Sized(World):
    """The simulated world with as many markets per venue as the real ones have, times a scale."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        widest = max(pairs for sizes in SIZES.values() for pairs in sizes)
        super().__init__(7, round(2 * scale * widest), clock=lambda: AT_MS)

    def _arrange(self) -> Any:
        ordinary = (coin for coin in self.coins if coin.motion is Motion.WALK)
        ranks = {id(coin): rank for rank, coin in enumerate(ordinary)}
        self.coins = tuple(self._kept(coin, ranks.get(id(coin), 0)) for coin in self.coins)
        return super()._arrange()

    def _kept(self, coin: Coin, rank: int) -> Coin:
        return replace(coin, legs=tuple(leg for leg in coin.legs if rank < self._room(leg)))

    def _room(self, leg: Leg) -> float:
        return SIZES[leg.venue][leg.sort is not Sort.SPOT] * self.scale


@lru_cache(maxsize=8)
def made(scale: float = 1.0) -> tuple[Body, ...]:
    """Every bulk answer of the four venues, `scale` times as many markets as they have today."""
    return tuple(_spoken(Market(_Sized(scale), limited=False)))


def _spoken(source: Market) -> Iterator[Body]:
    for venue in VENUES.values():
        for feed in venue.feeds:
            query = dict(feed.ask.query)
            while True:
                host = PREFIXES[venue.name, feed.ask.host]
                reply = source.answer(host, feed.ask.path, query)
                if reply.status != 200:
                    raise RuntimeError(f"{venue.name} {feed.name}: {reply.body[:200]!r}")
                yield Body(venue, feed, reply.body)
                further = feed.follow(reply.body) if feed.follow else None
                if not further:
                    break
                query |= further


@lru_cache(maxsize=1)
def recorded() -> tuple[Body, ...]:
    """Real answers of one moment of 2022, whole markets; none where the recordings are not here."""
    return _recorded(RECORDED)


@lru_cache(maxsize=1)
def recorded_lists() -> tuple[Body, ...]:
    """Real instrument lists of 2023 to 2025; none where the recordings are not here."""
    return tuple(lists(_recorded("instruments")))


def _recorded(name: str) -> tuple[Body, ...]:
    folder = Path(os.environ.get("ARBEDGE_RECORDINGS") or ROOT / "../shared/recordings") / name
    if not folder.is_dir():
        return ()
    *_, sweep = replay.sweeps(folder, VENUES.values())
    feeds = {
        (venue.name, feed.name): (venue, feed) for venue in VENUES.values() for feed in venue.feeds
    }
    return tuple(
        Body(*feeds[key], answer.body) for key, answer in sweep.items() if answer.body is not None
    )


def markets(bodies: Iterable[Body]) -> list[Body]:
    """The answers a scan is made of: all but the instrument lists."""
    return [body for body in bodies if not body.is_list]


def lists(bodies: Iterable[Body]) -> list[Body]:
    """The instrument lists."""
    return [body for body in bodies if body.is_list]


def size(bodies: Iterable[Body]) -> int:
    """Bytes in all."""
    return sum(len(body.data) for body in bodies)
