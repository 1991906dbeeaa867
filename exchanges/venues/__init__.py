"""The venues ArbEdge reads with its own files, by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from arbedge.errors import BadSetting
from exchanges.venues import binance, bitget, bybit, okx
from exchanges.venues.base import Venue

VENUES: Final[Mapping[str, Venue]] = {
    one.name: one for one in (binance.VENUE, bybit.VENUE, okx.VENUE, bitget.VENUE)
}


def venue(name: str) -> Venue:
    """The venue of that name. Raises BadSetting, naming what is near, for any other."""
    try:
        return VENUES[name]
    except KeyError:
        near = get_close_matches(name, VENUES) or sorted(VENUES)
        raise BadSetting(
            f"There is no venue file {name!r}. Known: {', '.join(near)}.", setting="VENUES"
        ) from None
