"""Markets that stand still while the same coin moves elsewhere.

For every instrument: for how many scans bid, ask and sizes have not changed, and how far the median
of the same coin's mid on the other venues has moved since. The gate above decides what is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from exchanges.columns import NUMBER, Schema
from exchanges.matching import Floats, Rows

QUOTED = ("bid", "ask", "bid_size", "ask_size")
STATE: Schema = {
    "instrument_id": pl.Int64,
    **dict.fromkeys(QUOTED, NUMBER),
    "captured_at_ms": NUMBER,
    "unchanged_scans": NUMBER,
    "peers_mid": NUMBER,  # the others' median mid when this row last changed
}


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """Who trades the same coin in the same quote: rows laid out as groups × venues."""

    of: tuple[pl.Series, ...]  # the columns this was made from
    group: Rows
    venue: Rows
    shape: tuple[int, int]

    @classmethod
    def among(cls, market: pl.DataFrame) -> Peers:
        """The peers of a joined market."""
        keys = _keys(market)
        group = _places(market.select(pl.struct("asset", "quote").rank("dense")).to_series())
        venue = _places(market["venue"].rank("dense"))
        shape = (int(group.max(initial=-1)) + 1, int(venue.max(initial=-1)) + 1)
        return cls(keys, group, venue, shape)

    def still_fits(self, market: pl.DataFrame) -> bool:
        """Whether the market has the same rows in the same order."""
        return all(mine.equals(own) for mine, own in zip(self.of, _keys(market), strict=True))

    def medians(self, values: Floats) -> Floats:
        """For each row the median of its peers' values, its own venue left out; NaN without any."""
        table = np.full(self.shape, np.nan)
        table[self.group, self.venue] = values
        found = np.full(len(values), np.nan)
        for venue in range(self.shape[1]):
            others = np.sort(np.delete(table, venue, axis=1), axis=1)
            rows = self.venue == venue
            found[rows] = _median_of_sorted(others)[self.group[rows]]
        return found


class _Last:
    """The peers of each market as this process last laid them out."""

    peers: dict[str, Peers] = {}


def advance(before: pl.DataFrame | None, market: pl.DataFrame) -> pl.DataFrame:
    """Returns STATE after this scan. A row whose answer is the one already seen counts no scan."""
    peers_mid = _peers(market).medians(((market["bid"] + market["ask"]) / 2).to_numpy())
    new = {name: market[name].to_numpy() for name in (*QUOTED, "captured_at_ms")}
    old = _aligned(before, market["instrument_id"])
    same = np.ones(market.height, dtype=bool)
    for name in QUOTED:
        same &= (new[name] == old[name]) | (np.isnan(new[name]) & np.isnan(old[name]))
    seen = new["captured_at_ms"] == old["captured_at_ms"]
    again = np.where(seen, old["unchanged_scans"], old["unchanged_scans"] + 1)
    scans = np.where(same & ~np.isnan(again), again, 0.0)
    start = np.where((scans == 0) | np.isnan(old["peers_mid"]), peers_mid, old["peers_mid"])
    told = {**new, "unchanged_scans": scans, "peers_mid": start}
    return pl.DataFrame(
        [
            market["instrument_id"],
            *(
                pl.Series(name, told[name], nan_to_null=True)
                for name in STATE
                if name != "instrument_id"
            ),
        ]
    )


def told(market: pl.DataFrame, state: pl.DataFrame | None) -> pl.DataFrame:
    """Returns the market with `unchanged_scans` and `unchanged_move` (null without peers)."""
    if state is None or market.is_empty():
        return market
    held = _aligned(state, market["instrument_id"])
    mids = ((market["bid"] + market["ask"]) / 2).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        move = np.abs(_peers(market).medians(mids) / held["peers_mid"] - 1)
    return market.with_columns(
        pl.Series("unchanged_scans", held["unchanged_scans"], nan_to_null=True),
        pl.Series("unchanged_move", np.where(np.isfinite(move), move, np.nan), nan_to_null=True),
    )


def _places(ranks: pl.Series) -> Rows:
    return ranks.to_numpy().astype(np.intp) - 1


def _keys(market: pl.DataFrame) -> tuple[pl.Series, ...]:
    return (market["instrument_id"],)


def _peers(market: pl.DataFrame) -> Peers:
    kind = str(market.item(0, "market")) if market.height else ""
    held = _Last.peers.get(kind)
    if held is None or not held.still_fits(market):
        held = _Last.peers[kind] = Peers.among(market)
    return held


def _aligned(state: pl.DataFrame | None, ids: pl.Series) -> dict[str, Floats]:
    """The state's columns in the order of `ids`; NaN for an instrument not seen before."""
    columns = [name for name in STATE if name != "instrument_id"]
    if state is None:
        return {name: np.full(len(ids), np.nan) for name in columns}
    if not state["instrument_id"].equals(ids):
        state = ids.to_frame("instrument_id").join(
            state, on="instrument_id", how="left", maintain_order="left"
        )
    return {name: state[name].to_numpy() for name in columns}


def _median_of_sorted(rows: Floats) -> Floats:
    """Median along the last axis of values sorted with NaN last."""
    if not rows.shape[1]:
        return np.full(len(rows), np.nan)
    counts = (~np.isnan(rows)).sum(axis=1)
    at = np.arange(len(rows))
    low = rows[at, np.maximum((counts - 1) // 2, 0)]
    high = rows[at, np.minimum(counts // 2, rows.shape[1] - 1)]
    middle: Floats = np.where(counts > 0, (low + high) / 2, np.nan)
    return middle
