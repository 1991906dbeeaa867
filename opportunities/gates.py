"""Gates of level 1 and 2: why a candidate may not open. Every one leaves a bit (names.Reason)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from arbedge.names import REJECTING_MASK, Kind, Reason
from opportunities import depeg
from opportunities.detectors.figures import Figures, bit, mark
from opportunities.policy import Policy
from opportunities.settlements import HOUR_MS, Flags, Numbers, overdue, settling
from opportunities.universe import Mask, Universe

# Limits that decide over one instrument; kinds that agree in them share the work.
PER_INSTRUMENT = (
    "max_age", "max_ahead", "max_volatility", "frozen_scans", "frozen_move", "max_spread",
    "max_rate", "min_volume", "min_interest", "horizon", "delisting_margin", "max_depeg",
)  # fmt: skip
APART, FAR_APART, ANOTHER_COIN = 0.02, 0.05, 0.50  # prices of one coin, larger over smaller - 1


@dataclass(frozen=True, slots=True)
class World:
    """What gates must know besides the instruments.

    `coin_reasons` are the bits identity gives each instrument, `floor_risk` the least risk class it
    asks for (position in rank.RISKS), both aligned with the universe or None where nobody judged.
    `reliability` is a venue's share of answers in time, `success` the share of successful followed
    outcomes per family with their number, `quotes` the currencies trades may be settled in.
    """

    quotes: Sequence[str] = ("USDT",)
    breaker_open: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    coin_reasons: Mask | None = None
    floor_risk: Mask | None = None
    reliability: Mapping[str, float] = field(default_factory=dict)
    success: Mapping[str, tuple[float, int]] = field(default_factory=dict)


def by_kind(
    kinds: Iterable[Kind], universe: Universe, policy: Policy, world: World
) -> dict[Kind, Mask]:
    """Per kind, the reasons that lie in one instrument alone."""
    done: dict[tuple[object, ...], Mask] = {}
    bits: dict[Kind, Mask] = {}
    for kind in kinds:
        limits = policy.signature(kind, PER_INSTRUMENT)
        if limits not in done:
            done[limits] = instruments(kind, universe, policy, world)
        bits[kind] = done[limits]
    return bits


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
            | mark(Reason.DEPEG, depeg.lost(universe, policy.value("max_depeg", kind)))
        )


def judge(
    figures: Figures, universe: Universe, bits: Mask, policy: Policy, world: World
) -> Figures:
    """Candidates with the reasons of both legs and of the pair added."""
    long, short, kind = figures.long, figures.short, figures.kind
    reasons = figures.reasons | _of_both(bits, figures, universe)
    skew = np.abs(universe.captured_ms[long] - universe.captured_ms[short]) / 1000
    furthest = policy.of_pairs("max_leg_skew", kind, universe, figures.pair)
    reasons |= mark(Reason.LEG_SKEW, skew > furthest)
    reasons |= mark(Reason.QUOTE_MISMATCH, _mismatched(figures, universe, world))
    reasons |= mark(
        Reason.BELOW_THRESHOLD, ~(measured(figures, policy) >= threshold(figures, universe, policy))
    )
    if world.success:
        reasons |= mark(Reason.HISTORY, _unsuccessful(figures, universe, policy, world))
    return replace(figures, reasons=reasons)


def measured(figures: Figures, policy: Policy) -> Numbers:
    """The figure a kind is held against its threshold by."""
    return figures.net if policy.measured(figures.kind) == "net" else figures.net_announced


def threshold(figures: Figures, universe: Universe, policy: Policy) -> Numbers:
    """The threshold of each candidate."""
    limit = policy.of_pairs("threshold", figures.kind, universe, figures.pair)
    return np.broadcast_to(np.asarray(limit, dtype=np.float64), (figures.size,))


def rejected(reasons: Mask) -> Flags:
    """Which masks carry a reason that rejects; notes do not."""
    flags: Flags = (reasons & REJECTING_MASK) != 0
    return flags


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
    widest = policy.column("max_spread", kind, universe)
    swing = volatility(universe)
    still = universe.numbers("unchanged_scans") >= policy.column("frozen_scans", kind, universe)
    moved = universe.numbers("unchanged_move")
    far = moved > np.maximum(policy.column("frozen_move", kind, universe), 2 * universe.spread)
    return (
        mark(Reason.NO_PRICE, ~priced)
        | mark(Reason.CROSSED, priced & (universe.bid >= universe.ask))
        | mark(Reason.WIDE, priced & (universe.spread > widest))
        | mark(Reason.VOLATILE, swing > policy.column("max_volatility", kind, universe))
        | mark(Reason.FROZEN, still & far)
        | mark(Reason.NO_FEE, ~np.isfinite(universe.fees[0]))
    )


def volatility(universe: Universe) -> Numbers:
    """(24 h high - low) / low of every instrument, NaN where it is not known."""
    low, high = universe.numbers("low"), universe.numbers("high")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(low > 0, (high - low) / low, np.nan)


def _funding(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    scheduled = universe.next_ms > 0
    rate = universe.rate
    nothing = ~np.isfinite(rate) | ((rate == 0) & ~scheduled)
    unknown = ~(universe.interval_hours > 0) | (~scheduled & (rate != 0))
    huge = np.abs(rate) > policy.column("max_rate", kind, universe)
    return np.where(
        universe.perp,
        mark(Reason.NO_RATE, nothing)
        | mark(Reason.INTERVAL_UNKNOWN, unknown & ~nothing)
        | mark(Reason.IMPLAUSIBLE, huge),
        0,
    )


def _size(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    volume, interest = universe.numbers("volume_usd"), universe.numbers("open_interest_usd")
    few = interest < policy.column("min_interest", kind, universe)
    return (
        mark(Reason.THIN_VOLUME, volume < policy.column("min_volume", kind, universe))
        | mark(Reason.VOLUME_UNKNOWN, ~np.isfinite(volume))
        | mark(Reason.THIN_INTEREST, universe.perp & few)
        | mark(Reason.INTEREST_UNKNOWN, universe.perp & ~np.isfinite(interest))
    )


def _listing(kind: Kind, universe: Universe, policy: Policy) -> Mask:
    inferred = universe.inferred
    trading = universe.trading | inferred
    ends = universe.numbers("offline_at_ms") <= stays_until(kind, universe, policy)
    return (
        mark(Reason.NOT_TRADING, ~trading)
        | mark(Reason.DELISTING, ends & trading)
        | mark(Reason.LEVERAGED, universe.leveraged)
        | mark(Reason.INSTRUMENT_INFERRED, inferred)
    )


def stays_until(kind: Kind, universe: Universe, policy: Policy) -> Numbers | float:
    """Until when an instrument must stay listed, ms."""
    hours = policy.value("horizon", kind) + policy.column("delisting_margin", kind, universe)
    return universe.now_ms + hours * HOUR_MS


def _venues(universe: Universe, world: World) -> Mask:
    broken = np.array([name in world.breaker_open for name in universe.venues], dtype=bool)
    paused = np.array([name in world.paused for name in universe.venues], dtype=bool)
    by_venue = mark(Reason.BREAKER, broken) | mark(Reason.PAUSED, paused)
    return by_venue[universe.venue]


def _coin(universe: Universe, world: World) -> Mask:
    if world.coin_reasons is None:
        return np.zeros(universe.size, dtype=np.int64)
    return world.coin_reasons


# What other venues think of a coin or its quote does not concern a trade within one venue.
_ACROSS_ONLY = (
    bit(Reason.QUARANTINED)
    | bit(Reason.DIVERGENT)
    | bit(Reason.PROVISIONAL)
    | bit(Reason.GAP_EXCURSION)
    | bit(Reason.DEPEG)
)


def _of_both(bits: Mask, figures: Figures, universe: Universe) -> Mask:
    """The reasons of both legs; a pair within one venue is judged by its own two prices."""
    long, short = figures.long, figures.short
    found = bits[long] | bits[short]
    if figures.kind is not Kind.BASIS:
        return found
    inside = np.flatnonzero(universe.venue[long] == universe.venue[short])
    apart = np.maximum(figures.gap[inside], 1 / (1 + figures.gap[inside]) - 1)
    own = mark(Reason.QUARANTINED, apart > ANOTHER_COIN)
    own |= mark(Reason.DIVERGENT, (apart > FAR_APART) & (apart <= ANOTHER_COIN))
    own |= mark(Reason.PROVISIONAL, (apart > APART) & (apart <= FAR_APART))
    found[inside] = (found[inside] & ~_ACROSS_ONLY) | own
    return found


def _mismatched(figures: Figures, universe: Universe, world: World) -> Flags:
    """Legs that are not quoted and settled in one and the same allowed currency."""
    own = universe.once(
        ("own", *world.quotes),
        lambda: (
            universe.named("quote", world.quotes)
            & (~universe.perp | (universe.settle == universe.quote))
        ),
    )
    long, short = figures.long, figures.short
    flags: Flags = (universe.quote[long] != universe.quote[short]) | ~(own[long] & own[short])
    return flags


def _unsuccessful(figures: Figures, universe: Universe, policy: Policy, world: World) -> Flags:
    least = policy.value("min_followed", figures.kind)
    share = policy.value("min_success", figures.kind)
    failing = [
        family.partition(":")[2]
        for family, (rate, followed) in world.success.items()
        if family.startswith(f"{figures.kind}:") and followed >= least and rate < share
    ]
    return universe.named("asset", failing)[figures.long]
