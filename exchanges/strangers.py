"""Symbols that a venue quotes and no instrument list knows: counted, and the list asked for."""

from __future__ import annotations

from collections.abc import Collection

from arbedge import cache
from exchanges import quality
from exchanges.cadence import due_key
from exchanges.snapshot import Snapshot
from exchanges.venues.base import Venue

ASK_AGAIN_S = 60


def notice(venues: Collection[Venue], snapshot: Snapshot, now_ms: float) -> list[str]:
    """Counts rows of unknown instruments and makes the lists of their venues due at once.

    At most once a minute per venue. Returns the venues whose lists are asked for again. Raises
    NoData when the cache cannot be reached.
    """
    unknown = snapshot.unknown_symbols()
    if not unknown:
        return []
    with cache.reachable("instrument lists"):
        _count(snapshot, unknown, now_ms)
        return [one.name for one in venues if one.name in unknown and _asked_again(one)]


def _count(snapshot: Snapshot, unknown: Collection[str], now_ms: float) -> None:
    pipe = cache.client().pipeline(transaction=False)
    for name in unknown:
        for feed, reasons in snapshot.dropped[name].items():
            count = reasons.get("unknown_symbol", 0)
            quality.note_dropped(pipe, name, feed, {"unknown_symbol": count}, now_ms)
    pipe.execute()


def _asked_again(venue: Venue) -> bool:
    lists = [feed.name for feed in venue.feeds if feed.instruments]
    mark = cache.key("asked", "instruments", venue.name)
    if not lists or not cache.client().set(mark, 1, nx=True, ex=ASK_AGAIN_S):
        return False
    cache.client().delete(*(due_key(venue.name, name) for name in lists))
    return True
