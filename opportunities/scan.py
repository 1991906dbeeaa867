"""The one conductor: a snapshot of the markets in, ranked candidates with reasons out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from arbedge.names import REJECTING_MASK, Reason
from exchanges.fees import Schedule
from exchanges.snapshot import Snapshot
from opportunities import candidates, cohorts, depths, discovery, gates, rank
from opportunities.detect import Found, detect, nearest, passing
from opportunities.detectors.figures import Figures, bit
from opportunities.policy import Policy
from opportunities.settlements import Flags, Numbers
from opportunities.universe import Index, Universe, build

LiveKey = tuple[str, int, int]  # kind, long instrument id, short instrument id


@dataclass(frozen=True, slots=True)
class Reading:
    """All a scan needs, already read: nothing here is fetched again.

    `levels` are the VIP levels figures are computed for (the first is the default cohort's),
    `previous` the net of the last scan, `live` the trades that must be re-validated, `books`
    slippage at the cohorts' sizes by instrument id.
    """

    snapshot: Snapshot
    schedule: Schedule
    policy: Policy = field(default_factory=Policy)
    world: gates.World = field(default_factory=gates.World)
    levels: Sequence[int] = (0,)
    previous: Mapping[LiveKey, float] = field(default_factory=dict)
    live: frozenset[LiveKey] = frozenset()
    books: Mapping[int, depths.Slippage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What one scan found. Frames have the columns of candidates.table.

    `rows` are candidates that pass and live ones, best net first; `misses` the nearest rejected
    ones; `counts` candidates per reason code.
    """

    as_of_ms: float
    fee_version: str
    policy_version: str
    rows: pl.DataFrame
    misses: pl.DataFrame
    counts: Mapping[str, int]
    found: Found

    @property
    def opportunities(self) -> pl.DataFrame:
        """Rows without a rejecting reason."""
        return self.rows.filter((pl.col("reasons") & REJECTING_MASK) == 0)


def search(reading: Reading) -> Found:
    """Detect and gate: every candidate of the snapshot with its reasons, before order books."""
    snapshot, policy = reading.snapshot, reading.policy
    both = pl.concat([snapshot.spot, snapshot.perp])
    fees = [reading.schedule.column(both, level) for level in reading.levels]
    universe = build(both, snapshot.spot.height, fees, snapshot.history, snapshot.now_ms)
    return detect(universe, policy, reading.world, snapshot.networks)


def wanted_books(found: Found, policy: Policy, scan_number: int) -> list[int]:
    """Positions of the instruments whose order books this scan reads, most promising first."""
    passed = [part.take(passing(part)) for part in found.parts()]
    net = np.concatenate([part.net for part in passed])
    legs = np.concatenate([np.stack(part.pair, axis=1) for part in passed])
    attention = discovery.attend(
        net, np.arange(len(net)), int(policy.value("tier_one")), int(policy.value("tier_two"))
    )
    return list(dict.fromkeys(legs[attention.due(scan_number)].ravel().tolist()))


def conclude(found: Found, reading: Reading) -> Result:
    """Figures at size, risk, score and rows of what passes, what is live and the nearest misses."""
    parts, universe = found.parts(), found.universe
    chosen = [_chosen(part, universe, reading.live) for part in parts]
    nearby = nearest_misses(parts, int(reading.policy.value("near_misses")))
    rows, misses = _tables(parts, chosen, nearby, universe, reading)
    return Result(
        as_of_ms=reading.snapshot.now_ms,
        fee_version=reading.schedule.version,
        policy_version=reading.policy.version,
        rows=rows,
        misses=misses,
        counts=found.counts(),
        found=found,
    )


def evaluate(reading: Reading) -> Result:
    """Search and conclude with the books at hand."""
    return conclude(search(reading), reading)


def nearest_misses(parts: Sequence[Figures], number: int) -> list[Index]:
    """Per part the positions of rejected candidates that are among the nearest of all parts."""
    rows = [nearest(part, number) for part in parts]
    owner = np.repeat(np.arange(len(parts)), [len(one) for one in rows])
    net = np.concatenate([part.net[one] for part, one in zip(parts, rows, strict=True)])
    masks = [part.reasons[one] for part, one in zip(parts, rows, strict=True)]
    reasons = np.bitwise_count(np.concatenate(masks) & REJECTING_MASK)
    best = np.lexsort((-net, reasons))[:number]
    flat = np.concatenate(rows)
    return [flat[best[owner[best] == part]] for part in range(len(parts))]


def _chosen(figures: Figures, universe: Universe, live: frozenset[LiveKey]) -> Index:
    """Positions of what passes, of what is live, and of what only its history holds back.

    The last is not shown; the lifecycle follows it on paper, or a family could never recover.
    """
    history = bit(Reason.HISTORY)
    shadowed = np.flatnonzero((figures.reasons & REJECTING_MASK) == history)
    chosen = np.union1d(passing(figures), _live_rows(figures, universe, live))
    return np.union1d(chosen, shadowed)


def _live_rows(figures: Figures, universe: Universe, live: frozenset[LiveKey]) -> Index:
    """Positions of candidates that are live opportunities, whatever the gates say of them now."""
    pairs = [(long, short) for kind, long, short in live if kind == figures.kind]
    if not pairs or not figures.size:
        return np.empty(0, dtype=np.int64)
    ids = universe.ids
    keys = (ids[figures.long] << 31) | ids[figures.short]
    return np.flatnonzero(np.isin(keys, [(long << 31) | short for long, short in pairs]))


def _tables(
    parts: Sequence[Figures],
    chosen: Sequence[Index],
    nearby: Sequence[Index],
    universe: Universe,
    reading: Reading,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The chosen rows of all parts, best net first, and the nearby ones, nearest first.

    Made in one go; only the chosen have their cohorts.
    """
    figures: list[Figures] = []
    columns: list[candidates.Columns] = []
    texts: list[str | None] = []
    is_chosen: list[bool] = []
    for part, first, then in zip(parts, chosen, nearby, strict=True):
        if not first.size + then.size and figures:
            continue  # but one part must stay: it has the columns
        taken, net_at_size, books = _with_depth(
            part.take(np.concatenate([first, then])), universe, reading
        )
        context = _context(taken, universe, reading)
        figures.append(taken)
        columns.append(candidates.columns(taken, universe, reading.policy, context, net_at_size))
        shown = np.arange(first.size)
        every = cohorts.of(taken.take(shown), universe, books.take(shown), reading.levels)
        texts += [*candidates.cohort_rows(every), *([None] * then.size)]
        is_chosen += [True] * first.size + [False] * then.size
    frame = candidates.joined(columns, figures, universe, answered=reading.snapshot.answered)
    frame.insert_column(frame.width, pl.Series("cohorts", texts, dtype=pl.String))
    net = frame.get_column("net").to_numpy()
    reasons = np.bitwise_count(frame.get_column("reasons").to_numpy() & REJECTING_MASK)
    best, nearest_first = np.argsort(-net, kind="stable"), np.lexsort((-net, reasons))
    mask = np.array(is_chosen, dtype=bool)
    return frame[best[mask[best]]], frame[nearest_first[~mask[nearest_first]]]


def _with_depth(
    figures: Figures, universe: Universe, reading: Reading
) -> tuple[Figures, Numbers, depths.Books]:
    """Figures with the depth gate applied, the net at the asked size, and both legs' books."""
    legs = depths.book_positions(figures, np.arange(figures.size))
    numbers = universe.ids[legs].tolist()
    books = {
        position: reading.books[number]
        for position, number in zip(legs, numbers, strict=True)
        if number in reading.books
    }
    found = depths.of_candidates(figures, books)
    asked = _position(found.notionals_usd, figures.terms.notional_usd)
    net_at_size = depths.net_at_sizes(figures, universe, found)[:, asked]
    enough: Flags = net_at_size >= gates.threshold(figures, universe, reading.policy)
    marked = figures.marked(Reason.THIN_DEPTH, found.known & ~enough)
    return marked.marked(Reason.DEPTH_UNKNOWN, ~found.known), net_at_size, found


def _context(figures: Figures, universe: Universe, reading: Reading) -> rank.Context:
    by_venue = np.array(
        [reading.world.reliability.get(name, np.nan) for name in universe.venues] or [np.nan]
    )
    share = by_venue[universe.venue]
    floor = reading.world.floor_risk
    if floor is None:
        floor = np.zeros(universe.size, dtype=np.int64)
    # Identity compares venues; within one there is nothing to mistake.
    across = universe.venue[figures.long] != universe.venue[figures.short]
    return rank.Context(
        break_even_ms=candidates.break_even(figures, universe),
        threshold=gates.threshold(figures, universe, reading.policy),
        reliability=np.minimum(share[figures.long], share[figures.short]),
        previous_net=_previous(figures, universe, reading.previous),
        floor=across * np.maximum(floor[figures.long], floor[figures.short]),
    )


def _previous(figures: Figures, universe: Universe, previous: Mapping[LiveKey, float]) -> Numbers:
    if not previous:
        return np.full(figures.size, np.nan)
    legs = (universe.ids[leg].tolist() for leg in figures.pair)
    nets = [previous.get((figures.kind.value, *ids), np.nan) for ids in zip(*legs, strict=True)]
    return np.array(nets, dtype=np.float64)


def _position(sizes: Sequence[float], notional_usd: float) -> int:
    """The cohort size nearest above the asked notional, the largest when none is above."""
    above = [position for position, size in enumerate(sizes) if size >= notional_usd]
    return above[0] if above else len(sizes) - 1
