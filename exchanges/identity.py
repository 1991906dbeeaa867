"""Is the coin a venue lists under a name the coin the others mean by it? A ticker proves nothing.

Decided in this order, one verdict per coin, venue and market:
1. a person's word; 2. the same contract on the same chain as another venue: same;
3. a perpetual whose index is within 1 % of the others' price: same; 4. with three and more venues
the one away from the median carries the verdict, with two both do; 5. by the distance: up to 2 %
provisional, verified after 24 h without a break; up to 5 % provisional at raised risk; up to 50 %
divergent, unless proven before: then a gap excursion; beyond: quarantined.

A coin that is pegged to something (exchanges.pegs) is never believed by its price: every other coin
with that peg has the same one. It needs a person, a contract, or its name at three venues; until
then it is quarantined with the source "pegged". A multiplier is not accepted where its price does
not agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from arbedge.names import Reason
from exchanges.columns import NUMBER, TEXT, Schema, empty
from exchanges.contracts import same_contracts
from exchanges.evidence import Evidence, weigh
from exchanges.layout import SPOT, Flags, Floats, Ints, Layout, lay_out
from exchanges.memory import (
    ADMIN,
    ALONE,
    CONTRACT,
    DIVERGENT,
    INDEX,
    MEDIAN,
    MULTIPLIER,
    PEG,
    PROVISIONAL,
    QUARANTINED,
    RATIO,
    REDENOMINATED,
    RESET_NAMES,
    SAME,
    SOURCE_NAMES,
    SOURCES,
    STATE,
    VERDICT_NAMES,
    VERIFIED,
    Memory,
    nothing,
    recall,
)

SAME_INDEX: Final = 0.01
AGREES: Final = 0.02
DOUBTFUL: Final = 0.05
DIVERGES: Final = 0.50
VERIFIED_AFTER_MS: Final = 24 * 3_600_000.0
ANCHOR_DRIFT: Final = 0.10  # a proven coin's stored price follows in steps of this size
JUMP_TOLERANCE: Final = 0.20  # above the drift of the stored price, far below a power of ten
RATIO_TOLERANCE: Final = 0.05
RISKS: Final = pl.Series([None, "medium", "high"], dtype=pl.String)
# Sources that say more than a distance; the last place is for none.
TOLD: Final = np.isin(np.arange(len(SOURCES) + 1), (ADMIN, CONTRACT, INDEX, PEG))
BITS: Final = np.array(
    [
        0,
        0,
        1 << Reason.PROVISIONAL,
        1 << Reason.DIVERGENT,
        1 << Reason.QUARANTINED,
    ],
    dtype=np.int64,
)
BELIEF: Final[Schema] = {
    "instrument_id": pl.Int64,
    "verdict": VERDICT_NAMES.dtype,
    "ratio": NUMBER,  # fraction, null where nothing could be compared
    "source": SOURCE_NAMES.dtype,
    "floor_risk": TEXT,  # null, medium or high
    "since_ms": NUMBER,
    "reasons": pl.Int64,  # bits of names.Reason
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one scan believes.

    `frame`: one row per instrument (BELIEF), those of the spot frame first, in their order.
    `changes`: the rows that verdicts.store must write (memory.STATE).
    """

    frame: pl.DataFrame
    changes: pl.DataFrame


@dataclass(slots=True)
class Belief:
    """The verdict of each key while it is being made; numbers point into VERDICTS and SOURCES."""

    verdict: Ints
    source: Ints
    agreed_ms: Floats  # NaN: the price does not agree now
    reset: Flags


def judge(
    spot: pl.DataFrame,
    perp: pl.DataFrame,
    verdicts: pl.DataFrame,
    networks: pl.DataFrame,
    now_ms: float,
) -> Judgement:
    """Judges every instrument of both frames (columns.MARKET) by what is stored and what is seen.

    `verdicts` has memory.STATE as `verdicts.known()` gives it, `networks` at least venue, coin,
    chain and contract. Pure: the same arguments give the same judgement.
    """
    if spot.is_empty() and perp.is_empty():
        return Judgement(empty(BELIEF), nothing())
    layout = lay_out(spot, perp)
    seen = weigh(layout, spot, perp)
    stored = recall(layout, verdicts)
    belief = _by_distance(seen, stored, now_ms)
    _by_peg(belief, seen, stored, layout.pegged)
    _by_index(belief, seen, layout.pegged)
    _by_contract(belief, seen, stored, _shared(layout, networks))
    _by_person(belief, stored)
    since = np.where(belief.verdict == stored.verdict, stored.since_ms, now_ms)
    since = np.where(belief.reset, now_ms, since)
    return Judgement(
        _frame(layout, seen, belief, since), _changes(layout, seen, stored, belief, since)
    )


def _by_distance(seen: Evidence, stored: Memory, now_ms: float) -> Belief:
    """Rules 4 and 5, from the distance of the price and from what was proven before."""
    ratio = np.where(np.isnan(seen.ratio), seen.index_ratio, seen.ratio)
    reset = _redenominated(seen, stored)
    proven = stored.proven & ~reset
    agrees = ratio <= AGREES
    agreed = np.where(agrees & ~np.isnan(stored.agreed_ms) & ~reset, stored.agreed_ms, now_ms)
    agreed[~agrees] = np.nan
    by_range = np.where(ratio > DOUBTFUL, DIVERGENT, PROVISIONAL)
    by_range[(ratio > DIVERGES) | (seen.scaled & (ratio > DOUBTFUL))] = QUARANTINED
    by_range[agrees & (now_ms - agreed >= VERIFIED_AFTER_MS)] = VERIFIED
    source = np.where(seen.voices >= 3, MEDIAN, RATIO)
    source[seen.scaled & (ratio > DOUBTFUL)] = MULTIPLIER
    source[np.isnan(ratio)] = ALONE
    # A proven coin keeps its proof until a quote that can prove something lies beyond 50 %; a coin
    # without a price now keeps what is stored.
    keeps = proven & ~((ratio > DIVERGES) & seen.tight)
    keeps |= np.isnan(ratio) & (stored.verdict >= 0) & ~reset
    agreed = np.where(np.isnan(ratio), stored.agreed_ms, agreed)
    return Belief(
        np.where(keeps, stored.verdict, by_range).astype(np.int64),
        np.where(keeps, stored.source, source).astype(np.int64),
        agreed,
        reset,
    )


def _redenominated(seen: Evidence, stored: Memory) -> Flags:
    """Proven coins whose price jumped by a power of ten against their own last or the others'."""
    own = _power_of_ten(np.maximum(seen.price / stored.price, stored.price / seen.price))
    fresh = ~(stored.ratio > DIVERGES)  # an old gap of that size is no jump
    others = _power_of_ten(seen.ratio + 1, RATIO_TOLERANCE) & fresh
    return np.asarray(stored.proven & seen.tight & (own | others))


def _power_of_ten(factor: Floats, tolerance: float = JUMP_TOLERANCE) -> Flags:
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.log10(factor)
        nearest = np.round(power)
        return np.asarray((nearest >= 1) & (np.abs(power - nearest) <= np.log10(1 + tolerance)))


def _by_peg(belief: Belief, seen: Evidence, stored: Memory, pegged: Flags) -> None:
    """Pegged coins are not believed by two prices being alike."""
    proven = stored.proven & ~belief.reset
    named_widely = (seen.voices >= 3) & seen.agreed
    compared = ~np.isnan(seen.ratio) | ~np.isnan(seen.index_ratio)
    doubtful = pegged & compared & ~proven & ~named_widely & (belief.verdict != QUARANTINED)
    belief.verdict[doubtful], belief.source[doubtful] = QUARANTINED, PEG
    belief.agreed_ms[doubtful] = np.nan


def _by_index(belief: Belief, seen: Evidence, pegged: Flags) -> None:
    """Rule 3."""
    same = (seen.index_ratio <= SAME_INDEX) & ~pegged
    belief.verdict[same], belief.source[same] = SAME, INDEX


def _shared(layout: Layout, networks: pl.DataFrame) -> Flags:
    """Keys whose coin has the same contract elsewhere: spot markets, whose coins move."""
    if networks.is_empty():
        return np.zeros(len(layout.coin), dtype=bool)
    pairs = same_contracts(networks)
    table = np.zeros(layout.shape[:2], dtype=bool)
    _, coin, where = layout.find(pairs["coin"], pairs["venue"])
    table[coin, where] = True
    return np.asarray(table[layout.coin, layout.venue] & (layout.market == SPOT))


def _by_contract(belief: Belief, seen: Evidence, stored: Memory, shared: Flags) -> None:
    """Rule 2, but not while a redenomination is unsettled."""
    unsettled = (stored.reset == REDENOMINATED) & (seen.ratio > DOUBTFUL)
    same = shared & ~belief.reset & ~unsettled
    belief.verdict[same], belief.source[same] = SAME, CONTRACT


def _by_person(belief: Belief, stored: Memory) -> None:
    """Rule 1. A confirmation ends with a redenomination, a rejection does not."""
    decided = (stored.person >= 0) & ~(belief.reset & (stored.person <= VERIFIED))
    belief.verdict[decided] = stored.person[decided]
    belief.source[decided] = ADMIN


def _frame(layout: Layout, seen: Evidence, belief: Belief, since: Floats) -> pl.DataFrame:
    """One row per instrument, taken from its key."""
    ratio = _shown_ratio(seen, belief)
    proven = belief.verdict <= VERIFIED
    excursion = proven & (ratio > DOUBTFUL)
    doubtful = (belief.verdict == PROVISIONAL) & (ratio > AGREES)
    uneasy = (proven & (ratio > AGREES)) | ((belief.verdict == PROVISIONAL) & np.isnan(ratio))
    risk = np.where(doubtful, 2, np.where(uneasy, 1, 0))
    reasons = BITS[belief.verdict] | np.where(excursion, 1 << Reason.GAP_EXCURSION, 0)
    row = layout.row_key
    # Names are taken by index: it wakes no query engine, as `gather` does. Nor do finished columns,
    # where a schema asks it for a cast.
    columns = (
        layout.ids,
        VERDICT_NAMES[belief.verdict[row]],
        pl.Series(ratio[row], nan_to_null=True),
        SOURCE_NAMES[belief.source[row]],
        RISKS[risk[row]],
        pl.Series(since[row]),
        pl.Series(reasons[row]),
    )
    return pl.DataFrame([one.alias(name) for name, one in zip(BELIEF, columns, strict=True)])


def _shown_ratio(seen: Evidence, belief: Belief) -> Floats:
    by_index = (belief.source == INDEX) | np.isnan(seen.ratio)
    return np.where(by_index & ~np.isnan(seen.index_ratio), seen.index_ratio, seen.ratio)


def _changes(
    layout: Layout, seen: Evidence, stored: Memory, belief: Belief, since: Floats
) -> pl.DataFrame:
    """Keys whose verdict, proof, agreement or price moved enough to be written."""
    told = TOLD[belief.source] | TOLD[stored.source]
    waits = belief.verdict == PROVISIONAL
    priced = (belief.verdict <= VERIFIED) & seen.tight
    drifted = ~(np.abs(seen.price / stored.price - 1) <= ANCHOR_DRIFT)
    changed = (
        (belief.verdict != stored.verdict)
        | (told & (belief.source != stored.source))
        | (waits & (np.isnan(belief.agreed_ms) != np.isnan(stored.agreed_ms)))
        | (priced & drifted)
        | belief.reset
    )
    key = np.flatnonzero(changed)
    if not key.size:
        return nothing()
    unproven = (belief.verdict > VERIFIED) & (stored.reset > 0)
    reset = np.where(belief.reset, REDENOMINATED, np.where(unproven, stored.reset, 0))
    price = np.where(np.isnan(seen.price), stored.price, seen.price)
    return pl.DataFrame(
        {
            "venue": layout.venue_names.gather(key),
            "asset": layout.asset_names.gather(key),
            "market": layout.market_names.gather(key),
            "verdict": VERDICT_NAMES.gather(belief.verdict[key]),
            "source": SOURCE_NAMES.gather(belief.source[key]),
            "ratio": pl.Series(_shown_ratio(seen, belief)[key], nan_to_null=True),
            "price": pl.Series(price[key], nan_to_null=True),
            "since_ms": since[key],
            "agreed_since_ms": pl.Series(belief.agreed_ms[key], nan_to_null=True),
            "reset_reason": RESET_NAMES.gather(reset[key]),
        },
        schema=dict(STATE),
    )
