"""What prices say about coins: how far each venue's price of a name lies from the other venues'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from exchanges.layout import PERP, SPOT, Flags, Floats, Ints, Layout

WIDEST_QUOTE: Final = 0.10  # the middle of a wider quote proves nothing against a proven coin
OLDEST_MS: Final = 120_000.0
NEAR: Final = 0.05  # voices this close to the median agree with it


@dataclass(frozen=True, slots=True)
class Evidence:
    """Per key of the layout; prices in USD per coin, NaN where there is none."""

    price: Floats
    tight: Flags  # a fresh quote narrow enough to prove something
    ratio: Floats  # distance of the price from the others', symmetric: 1 = twice or half
    index_ratio: Floats  # the same for a perpetual's own index
    voices: Ints  # venues that have a price for this coin
    agreed: Flags  # enough of them agree to be believed
    scaled: Flags  # a multiplier is claimed


@dataclass(frozen=True, slots=True)
class Quotes:
    """Per instrument: middle and index as quoted, NaN where there is none."""

    middle: Floats
    narrow: Flags
    index: Floats
    fresh: Flags


@dataclass(frozen=True, slots=True)
class Voices:
    """Per coin: how many venues have a price, the range of their prices, and what to believe.

    `agreed` is the median where a majority lies near it, else what the largest group that agrees
    says, NaN where there is no such group or more than one.
    """

    count: Ints
    least: Floats
    most: Floats
    median: Floats
    agreed: Floats

    @classmethod
    def of(cls, votes: Floats) -> Voices:
        """From a table of coins by venues, NaN where a venue has no price."""
        ordered = np.sort(votes, axis=1)  # NaN goes last
        count = np.count_nonzero(~np.isnan(ordered), axis=1)
        coin = np.arange(len(ordered))
        most = ordered[coin, np.maximum(count - 1, 0)]
        low = ordered[coin, np.maximum(count - 1, 0) // 2]
        high = ordered[coin, np.minimum(count // 2, votes.shape[1] - 1)]
        median = np.where(count % 2 == 1, low, (low + high) / 2)
        near = np.count_nonzero(distance(ordered, median[:, None]) <= NEAR, axis=1)
        agreed = np.where(near * 2 > count, median, np.nan)
        split = np.flatnonzero((near * 2 <= count) & (count > 2))
        agreed[split] = _largest_group(ordered[split])
        return cls(count, ordered[:, 0], most, median, agreed)


def _largest_group(prices: Floats) -> Floats:
    """What the one largest group that agrees says, NaN where no group is the largest."""
    near = np.count_nonzero(distance(prices[:, :, None], prices[:, None, :]) <= NEAR, axis=2)
    largest = near.max(axis=1, initial=0)
    members = near == largest[:, None]
    one = (largest > 1) & (np.count_nonzero(members, axis=1) == largest)
    total = np.sum(prices, axis=1, where=members)
    return np.where(one, total / np.maximum(largest, 1), np.nan)


def distance(price: Floats, reference: Floats) -> Floats:
    """How far two prices are apart, the same from both sides: 1 is twice or half."""
    factor = price / reference
    return np.maximum(factor, 1 / factor) - 1


def weigh(layout: Layout, *frames: pl.DataFrame) -> Evidence:
    """Weighs the prices of all instruments against each other; frames as they were laid out.

    A venue has one voice per coin: its perpetual's index, else its spot middle, else its
    perpetual's middle, each only if fresh, and a middle only if narrow. With three and more voices
    whose majority agrees the reference is their median, or what the one largest group says; with
    two it is the other voice; where no group is the largest nobody can be believed: the ratio is
    their whole range.
    Prices in other quotes than dollars count by the venues' median price of the quote coin.
    """
    quotes = _quotes(frames)
    worth = _worth(layout, quotes)
    price = np.where(quotes.fresh, quotes.middle * worth, np.nan)
    row = _representatives(layout, price)
    own, narrow = price[row], quotes.narrow[row]
    index = np.where(quotes.fresh & (layout.row_market == PERP), quotes.index * worth, np.nan)[row]
    votes, speaker = _votes(layout, own, narrow, index)
    voices = Voices.of(votes)
    reference, apart = _references(layout, voices, votes, speaker)
    torn = ~np.isnan(apart)
    ratio = np.where(torn, apart, distance(own, reference))
    return Evidence(
        price=own,
        tight=narrow & ~np.isnan(own),
        ratio=np.where(np.isnan(own), np.nan, ratio),
        index_ratio=np.where(torn, np.nan, distance(index, reference)),
        voices=voices.count[layout.coin],
        agreed=~np.isnan(voices.agreed[layout.coin]),
        scaled=layout.row_scaled[row],
    )


def _quotes(frames: tuple[pl.DataFrame, ...]) -> Quotes:
    def column(name: str) -> Floats:
        parts = [frame[name].cast(pl.Float64).to_numpy() for frame in frames]
        return np.concatenate(parts)

    bid, ask, mark, index, age = map(column, ("bid", "ask", "mark", "index", "age_ms"))
    quoted = (bid > 0) & (ask > 0) & (ask < np.inf)
    middle = np.where(quoted, (bid + ask) / 2, np.where(mark > 0, mark, np.nan))
    narrow = quoted & (np.abs(ask - bid) <= WIDEST_QUOTE * middle)
    return Quotes(middle, narrow, np.where(index > 0, index, np.nan), ~(age > OLDEST_MS))


def _worth(layout: Layout, quotes: Quotes) -> Floats:
    """USD value of each instrument's quote coin."""
    rows = layout.yardsticks[quotes.narrow[layout.yardsticks]]
    quote = layout.yardstick_quote[quotes.narrow[layout.yardsticks]]
    votes = np.full((layout.quotes, layout.venues.size), np.nan)
    votes[quote, layout.row_venue[rows]] = quotes.middle[rows]
    return np.where(layout.row_rank > 0, 1.0, Voices.of(votes).median[layout.row_quote])


def _representatives(layout: Layout, price: Floats) -> Ints:
    """Per key the instrument with a price and the best yardstick."""
    rank = np.where(np.isnan(price), -1, layout.row_rank)
    chosen = np.full(len(layout.slots), -1, dtype=np.int64)
    for level in range(-1, 3):
        rows = np.flatnonzero(rank == level)
        chosen[layout.row_key[rows]] = rows
    return chosen


def _votes(layout: Layout, own: Floats, narrow: Flags, index: Floats) -> tuple[Floats, Ints]:
    """Each venue's voice per coin, and which key speaks it."""
    votes = np.full(layout.shape[:2], np.nan)
    speaker = np.full(layout.shape[:2], -1, dtype=np.int64)
    indexed, quoted = ~np.isnan(index), narrow & ~np.isnan(own)
    spot = layout.market == SPOT
    for speaks, said in ((quoted & ~spot, own), (quoted & spot, own), (indexed, index)):
        keys = np.flatnonzero(speaks)
        votes[layout.coin[keys], layout.venue[keys]] = said[keys]
        speaker[layout.coin[keys], layout.venue[keys]] = keys
    return votes, speaker


def _references(
    layout: Layout, voices: Voices, votes: Floats, speaker: Ints
) -> tuple[Floats, Floats]:
    """What each key is compared with, and the range of the voices where none can be believed."""
    coin = layout.coin
    own, count = votes[coin, layout.venue], voices.count[coin]
    least, most, reference = voices.least[coin], voices.most[coin], voices.agreed[coin]
    two = (count == 2) & ~np.isnan(own)
    reference = np.where(two, np.where(own == most, least, most), reference)
    alone = (count == 1) & (speaker[coin, layout.venue] == np.arange(len(coin)))
    reference[alone] = np.nan
    torn = (count >= 2) & np.isnan(reference)
    return reference, np.where(torn, distance(most, least), np.nan)
