"""What is stored about coins, laid beside what a scan sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from arbedge.names import Verdict
from exchanges.columns import NUMBER, Schema, empty
from exchanges.layout import EVERY, MARKET_ENUM, Flags, Floats, Ints, Layout, market_codes

VERDICTS: Final = tuple(verdict.value for verdict in Verdict)
SAME, VERIFIED, PROVISIONAL, DIVERGENT, QUARANTINED = range(5)
SOURCES: Final = (
    "admin",
    "contract",
    "index",
    "median",
    "ratio",
    "multiplier",
    "pegged",
    "alone",
)
ADMIN, CONTRACT, INDEX, MEDIAN, RATIO, MULTIPLIER, PEG, ALONE = range(8)
RESETS: Final = ("", "relisted", "renamed", "redenominated")
REDENOMINATED: Final = 3
VERDICT_NAMES = pl.Series(VERDICTS, dtype=pl.Enum(VERDICTS))
SOURCE_NAMES = pl.Series(SOURCES, dtype=pl.Enum(SOURCES))
RESET_NAMES = pl.Series(RESETS, dtype=pl.Enum(RESETS))

# One row per venue, asset and market; market "" is a person's word on all markets.
STATE: Final[Schema] = {
    "venue": pl.Categorical(),
    "asset": pl.Categorical(),
    "market": MARKET_ENUM,
    "verdict": VERDICT_NAMES.dtype,
    "source": SOURCE_NAMES.dtype,
    "ratio": NUMBER,  # distance from the others when written, fraction
    "price": NUMBER,  # USD per coin when written
    "since_ms": NUMBER,
    "agreed_since_ms": NUMBER,  # null: the price does not agree
    "reset_reason": RESET_NAMES.dtype,
}
KEY: Final = ("venue", "asset", "market")


@dataclass(frozen=True, slots=True)
class Memory:
    """Stored verdicts per key: numbers point into VERDICTS, SOURCES and RESETS, -1 = none."""

    verdict: Ints
    source: Ints
    reset: Ints
    person: Ints  # what a person said of the coin on this venue
    ratio: Floats
    price: Floats
    since_ms: Floats
    agreed_ms: Floats

    @property
    def proven(self) -> Flags:
        """Keys whose coin was once proven to be the same."""
        return np.asarray((self.verdict == SAME) | (self.verdict == VERIFIED))


@cache
def nothing() -> pl.DataFrame:
    """No verdicts at all, as STATE."""
    return empty(STATE)


_last: list[tuple[Layout, pl.DataFrame, Memory]] = []


def recall(layout: Layout, verdicts: pl.DataFrame) -> Memory:
    """The stored verdict of each key, from a frame with STATE.

    Remembered while nobody has written newer verdicts and the markets name the same coins.
    """
    for known, frame, memory in _last:
        if known is layout and frame is verdicts:
            return memory
    memory = _recalled(layout, verdicts)
    _last[:] = [(layout, verdicts, memory)]
    return memory


def _recalled(layout: Layout, verdicts: pl.DataFrame) -> Memory:
    found, coin, where = layout.find(verdicts["asset"], verdicts["venue"])
    place = np.full(layout.shape, -1, dtype=np.int64)
    place[coin, where, market_codes(verdicts["market"])[found]] = found
    row = place[layout.coin, layout.venue, layout.market]
    by_person = place[layout.coin, layout.venue, EVERY]
    person = _numbers(verdicts["verdict"], by_person)
    verdict = _numbers(verdicts["verdict"], row)
    source = _numbers(verdicts["source"], row)
    # What followed from a person's word that has been taken back is no proof any more.
    verdict[(source == ADMIN) & (person < 0)] = -1
    return Memory(
        verdict=verdict,
        source=source,
        reset=_numbers(verdicts["reset_reason"], row),
        person=person,
        ratio=_floats(verdicts["ratio"], row),
        price=_floats(verdicts["price"], row),
        since_ms=_floats(verdicts["since_ms"], row),
        agreed_ms=_floats(verdicts["agreed_since_ms"], row),
    )


def _numbers(column: pl.Series, row: Ints) -> Ints:
    known = column.to_physical().to_numpy().astype(np.int64)
    return np.append(known, -1)[row]  # row -1 reads what was appended


def _floats(column: pl.Series, row: Ints) -> Floats:
    return np.append(column.to_numpy(), np.nan)[row]
