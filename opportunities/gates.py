"""Gates of level 1 and 2: why a candidate may not open. Every one leaves a bit (names.Reason)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from arbedge.names import REJECTING_MASK, Kind, Reason
from opportunities.detectors.figures import Figures, mark
from opportunities.detectors.funding import at_cap
from opportunities.policy import Policy
from opportunities.settlements import Flags, Numbers, overdue, settling
from opportunities.universe import PEGGED, Mask, Universe

HOUR_MS = 3_600_000.0


@dataclass(frozen=True, slots=True)
class World:
    """What gates must know besides the instruments.

    `coin_reasons` are the bits identity gives each instrument, `floor_risk` the least risk class it
    asks for (position in rank.RISKS), both aligned with the universe or None where nobody judged.
    `reliability` is a venue's share of answers in time. `success` is the share of successful followed
    outcomes per family with their number, `quotes` the currencies trades may be settled in.
    """

    quotes: Sequence[str] = ("USDT",)
    breaker_open: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    coin_reasons: Mask | None = None
    floor_risk: Mask | None = None
    reliability: Mapping[str, float] = field(default_factory=dict)
    success: Mapping[str, tuple[float, int]] = field(default_factory=dict)


def instruments(kind: Kind, universe: Universe, policy: Policy, world: World) -> Mask:
    """Reasons that lie in one instrument alone, per instrument, under the limits of a kind."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            _time(kind, universe, policy)
            | _price(kind, universe, policy)
            | _funding(kind, universe, policy)
            | _size(kind, universe, policy)
            | _listing(kind, universe, policy)
            | _venues(universe, world)
            | _coin(universe, world)
            | depegged(universe, policy, kind)
        )


def judge(
    figures: Figures, universe: Universe, bits: Mask, policy: Policy, world: World
) -> Figures:
    """Candidates with the reasons of both legs and of the pair added."""
    long, short, kind = figures.long, figures.short, figures.kind
    reasons = figures.reasons | bits[long] | bits[short]
    same_venue = universe.venue[long] == universe.venue[short]
    reasons &= ~_not_within_a_venue(same_venue)
    skew = np.abs(universe.captured_ms[long] - universe.captured_ms[short]) / 1000
    reasons |= mark(Reason.LEG_SKEW, skew > policy.value("max_leg_skew", kind))
    reasons |= mark(Reason.QUOTE_MISMATCH, _mismatched(figures, universe, world))
    judged = replace(figures, reasons=reasons)
    below = ~(measured(judged, policy) >= threshold(judged, universe, policy))
    return judged.marked(Reason.BELOW_THRESHOLD, below).marked(
        Reason.HISTORY, _unsuccessful(judged, universe, policy, world)
    )


def measured(figures: Figures, policy: Policy) -> Numbers:
    """The figure a kind is held against its threshold by."""
    return figures.net if policy.measured(figures.kind) == "net" else figures.net_announced


def threshold(figures: Figures, universe: Universe, policy: Policy) -> Numbers:
    """The threshold of each candidate: the higher of its legs'."""
    limit = policy.column("threshold", figures.kind, universe)
    if isinstance(limit, float):
        return np.full(figures.size, limit)
    column = np.asarray(limit)
    return np.maximum(column[figures.long], column[figures.short])


def rejected(reasons: Mask) -> Flags:
    """Which masks carry a reason that rejects; notes do not."""
    return (reasons & REJECTING_MASK) != 0


def bit(reason: Reason) -> int:
    """The reason as a mask."""
    return 1 << int(reason)


def _time(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    age = universe.numbers("age_ms") / 1000
    old = ~(age <= policy.column("max_age", kind, universe))
    silent = universe.perp & overdue(universe.next_ms, universe.now_ms)
    ahead = (universe.numbers("venue_at_ms") - universe.captured_ms) / 1000
    return (
        mark(Reason.STALE, old | silent)
        | mark(Reason.FUTURE, ahead > policy.column("max_ahead", kind, universe))
        | mark(Reason.SETTLING, universe.perp & settling(universe.next_ms, universe.now_ms))
    )


def _price(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    priced = (universe.bid > 0) & (universe.ask > 0)
    low, high = universe.numbers("low"), universe.numbers("high")
    calm = policy.column("max_volatility", kind, universe)
    still = universe.numbers("unchanged_scans") >= policy.column("frozen_scans", kind, universe)
    moved = universe.numbers("unchanged_move")
    far = moved > np.maximum(policy.column("frozen_move", kind, universe), 2 * universe.spread)
    return (
        mark(Reason.NO_PRICE, ~priced)
        | mark(Reason.CROSSED, priced & (universe.bid >= universe.ask))
        | mark(
            Reason.WIDE, priced & (universe.spread > policy.column("max_spread", kind, universe))
        )
        | mark(Reason.VOLATILE, (low > 0) & ((high - low) / low > calm))
        | mark(Reason.FROZEN, still & far)
        | mark(Reason.NO_FEE, ~np.isfinite(universe.fees[0]))
    )


def _funding(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    scheduled = universe.next_ms > 0
    rate = universe.rate
    nothing = ~np.isfinite(rate) | ((rate == 0) & ~scheduled)
    unknown = ~(universe.interval_hours > 0) | (~scheduled & (rate != 0))
    huge = np.abs(rate) > policy.column("max_rate", kind, universe)
    capped = at_cap(universe, policy.value("cap_share", kind))
    return np.where(
        universe.perp,
        mark(Reason.NO_RATE, nothing)
        | mark(Reason.INTERVAL_UNKNOWN, unknown & ~nothing)
        | mark(Reason.IMPLAUSIBLE, huge)
        | mark(Reason.RATE_AT_CAP, capped),
        0,
    )


def _size(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    volume, interest = universe.numbers("volume_usd"), universe.numbers("open_interest_usd")
    return (
        mark(Reason.THIN_VOLUME, volume < policy.column("min_volume", kind, universe))
        | mark(Reason.VOLUME_UNKNOWN, ~np.isfinite(volume))
        | mark(
            Reason.THIN_INTEREST,
            universe.perp & (interest < policy.column("min_interest", kind, universe)),
        )
        | mark(Reason.INTEREST_UNKNOWN, universe.perp & ~np.isfinite(interest))
    )


def _listing(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    status = universe.frame.get_column("status").fill_null("unknown")
    inferred = universe.frame.get_column("inferred").fill_null(value=False).to_numpy()
    trading = (status == "trading").to_numpy() | inferred
    hours = policy.value("horizon", kind) + policy.value("delisting_margin", kind)
    ends = universe.numbers("offline_at_ms") <= universe.now_ms + hours * HOUR_MS
    leveraged = universe.frame.get_column("leveraged").fill_null(value=False).to_numpy()
    return (
        mark(Reason.NOT_TRADING, ~trading)
        | mark(Reason.DELISTING, ends & trading)
        | mark(Reason.LEVERAGED, leveraged)
        | mark(Reason.INSTRUMENT_INFERRED, inferred)
    )


def _venues(universe: Universe, world: World) -> Mask:
    broken = np.array([name in world.breaker_open for name in universe.venues] or [False])
    paused = np.array([name in world.paused for name in universe.venues] or [False])
    return mark(Reason.BREAKER, broken[universe.venue]) | mark(
        Reason.PAUSED, paused[universe.venue]
    )


def _coin(universe: Universe, world: World) -> Mask:
    if world.coin_reasons is None:
        return np.zeros(universe.size, dtype=np.int64)
    return world.coin_reasons


def _not_within_a_venue(same_venue: Flags) -> Mask:
    """What other venues think of a coin does not concern a trade within one venue."""
    across_only = bit(Reason.QUARANTINED) | bit(Reason.DIVERGENT) | bit(Reason.PROVISIONAL)
    return same_venue.astype(np.int64) * (across_only | bit(Reason.DEPEG))


def _mismatched(figures: Figures, universe: Universe, world: World) -> Flags:
    long, short = figures.long, figures.short
    names = universe.frame.get_column("quote").is_in(list(world.quotes)).fill_null(value=False)
    allowed = names.to_numpy()
    settles = np.where(universe.perp, universe.settle, universe.quote)
    same = (universe.quote[long] == universe.quote[short]) & (settles[long] == settles[short])
    own = (settles == universe.quote) & allowed
    return ~(same & own[long] & own[short])


def depegged(universe: Universe, policy: Policy, kind: Kind) -> Mask:
    """The depeg bit for instruments quoted in a coin that stands off its peg.

    A quote's peg is read from the median price of the other pegged coins in it.
    """
    pegged = universe.frame.get_column("asset").is_in(PEGGED).fill_null(value=False).to_numpy()
    rows = np.flatnonzero(pegged & ~universe.perp & np.isfinite(universe.mid))
    limit = policy.value("max_depeg", kind)
    off = np.zeros(universe.size, dtype=bool)
    for quote in np.unique(universe.quote[rows]):
        middle = float(np.median(universe.mid[rows[universe.quote[rows] == quote]]))
        if abs(middle - 1) > limit:
            off |= universe.quote == quote
    return mark(Reason.DEPEG, off)


def _unsuccessful(figures: Figures, universe: Universe, policy: Policy, world: World) -> Flags:
    if not world.success:
        return np.zeros(figures.size, dtype=bool)
    least = policy.value("min_followed", figures.kind)
    share = policy.value("min_success", figures.kind)
    failing = [
        family.partition(":")[2]
        for family, (rate, followed) in world.success.items()
        if family.startswith(f"{figures.kind}:") and followed >= least and rate < share
    ]
    assets = universe.frame.get_column("asset").is_in(failing).fill_null(value=False).to_numpy()
    flags: Flags = assets[figures.long]
    return flags
