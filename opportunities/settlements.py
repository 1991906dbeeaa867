"""Which funding payments are due by when.

Every function takes numbers or numpy arrays alike. Times are milliseconds since 1970 UTC, intervals
hours, rates fractions per settlement. A *flow* is what one settlement brings to the holder of a
leg: a short receives a positive rate, a long pays it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

HOUR_MS = 3_600_000.0
IMMINENT_MS = 60_000.0  # a payment nearer than this may be missed, a charge may not
GUARD_BEFORE_MS = 60_000.0
GUARD_AFTER_MS = 180_000.0

Numbers = npt.NDArray[np.float64]
Value = float | Numbers
Flags = npt.NDArray[np.bool_]


def upcoming(next_ms: Value, interval_hours: Value, now_ms: float) -> Numbers:
    """The next settlement after `now_ms`; one that passed within the guard is stepped on once.

    A settlement further in the past is the venue's silence, not a calendar: it becomes NaN.
    """
    next_at = np.asarray(next_ms, dtype=np.float64)
    passed = next_at <= now_ms
    if not passed.any():
        return next_at
    stepped = next_at + np.asarray(interval_hours) * HOUR_MS
    known = passed & (next_at >= now_ms - GUARD_AFTER_MS) & (stepped > now_ms)
    return np.where(passed, np.where(known, stepped, np.nan), next_at)


def due(next_ms: Value, interval_hours: Value, now_ms: float, horizon_hours: float) -> Numbers:
    """How many settlements fall into (now, now + horizon]; 0 where the calendar is not known."""
    first = upcoming(next_ms, interval_hours, now_ms)
    room = now_ms + horizon_hours * HOUR_MS - first
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.floor(room / (np.asarray(interval_hours) * HOUR_MS)) + 1.0
    return np.where(room >= 0, count, 0.0)  # NaN compares false: an unknown calendar pays nothing


def first_payment(
    flow: Value, next_ms: Value, interval_hours: Value, now_ms: float, horizon_hours: float
) -> Numbers:
    """What the first settlement within the horizon brings; an imminent one only if it costs."""
    count = due(next_ms, interval_hours, now_ms, horizon_hours)
    return _first(flow, count, _imminent(next_ms, interval_hours, now_ms))


def later_payments(
    flow: Value, next_ms: Value, interval_hours: Value, now_ms: float, horizon_hours: float
) -> Numbers:
    """What the settlements after the first bring within the horizon, at the announced rate."""
    return _later(flow, due(next_ms, interval_hours, now_ms, horizon_hours))


def both_sides(
    rate: Value, next_ms: Value, interval_hours: Value, now_ms: float, horizon_hours: float
) -> tuple[Numbers, Numbers, Numbers]:
    """(first payment to a long, first to a short, later payments to a short) at this rate.

    What a short is paid later a long pays; of first payments that holds only until the last minute,
    when what costs still counts and what pays does not.
    """
    count = due(next_ms, interval_hours, now_ms, horizon_hours)
    imminent = _imminent(next_ms, interval_hours, now_ms)
    flow = np.asarray(rate, dtype=np.float64)
    return _first(-flow, count, imminent), _first(flow, count, imminent), _later(flow, count)


def _imminent(next_ms: Value, interval_hours: Value, now_ms: float) -> Flags:
    return np.asarray(upcoming(next_ms, interval_hours, now_ms) - now_ms < IMMINENT_MS)


def _first(flow: Value, count: Numbers, imminent: Flags) -> Numbers:
    missed = imminent & (np.asarray(flow) > 0)
    return np.where((count >= 1) & ~missed, flow, 0.0)


def _later(flow: Value, count: Numbers) -> Numbers:
    further = np.maximum(count - 1.0, 0.0)
    return np.where(further > 0, np.asarray(flow) * further, 0.0)


def settling(next_ms: Value, now_ms: float) -> Flags:
    """Whether the guard is on: from 60 s before a settlement until the venue shows the next."""
    left = np.asarray(next_ms, dtype=np.float64) - now_ms
    return (left <= GUARD_BEFORE_MS) & (left >= -GUARD_AFTER_MS)


def overdue(next_ms: Value, now_ms: float) -> Flags:
    """Whether the announced settlement lies so far back that the leg must count as stale."""
    next_at = np.asarray(next_ms, dtype=np.float64)
    return (next_at > 0) & (next_at < now_ms - GUARD_AFTER_MS)


def break_even_ms(
    flows: tuple[Numbers, Numbers],
    next_ms: tuple[Numbers, Numbers],
    interval_hours: tuple[Numbers, Numbers],
    confidence: Numbers,
    cost: Numbers,
    *,
    now_ms: float,
    horizon_hours: float,
) -> Numbers:
    """When receipts less payments first reach the cost; NaN = not within four horizons.

    The first settlement of each leg counts at its announced rate, further ones times `confidence`
    (the k of the money rules). A negative k never turns a payment into a receipt.
    """
    last_ms = now_ms + 4 * horizon_hours * HOUR_MS
    times, amounts = [], []
    for flow, next_at, interval in zip(flows, next_ms, interval_hours, strict=True):
        when, what = _ledger(flow, next_at, interval, confidence, now_ms=now_ms, last_ms=last_ms)
        times.append(when)
        amounts.append(what)
    when = np.concatenate(times, axis=1)
    order = np.argsort(when, axis=1, kind="stable")
    when = np.take_along_axis(when, order, axis=1)
    total = np.cumsum(np.take_along_axis(np.concatenate(amounts, axis=1), order, axis=1), axis=1)
    # Payments of one moment settle together: only the last of equal times shows the true sum.
    complete = np.ones_like(when, dtype=bool)
    complete[:, :-1] = when[:, 1:] > when[:, :-1]
    reached = complete & (total >= cost[:, None] - 1e-15) & (when <= last_ms)
    found = reached.any(axis=1)
    at = when[np.arange(len(when)), reached.argmax(axis=1)]
    return np.where(found, at, np.nan)


def _ledger(
    flow: Numbers,
    next_ms: Numbers,
    interval_hours: Numbers,
    confidence: Numbers,
    *,
    now_ms: float,
    last_ms: float,
) -> tuple[Numbers, Numbers]:
    """Times and expected amounts of one leg's settlements, a row each, padded with infinity."""
    start = upcoming(next_ms, interval_hours, now_ms)
    shortest = np.nanmin(interval_hours) if np.isfinite(interval_hours).any() else np.inf
    steps = int((last_ms - now_ms) / (shortest * HOUR_MS)) + 1 if np.isfinite(shortest) else 1
    index = np.arange(steps, dtype=np.float64)
    when = start[:, None] + index * interval_hours[:, None] * HOUR_MS
    believed = flow * confidence
    further = np.where((confidence < 0) & (believed > 0), 0.0, believed)
    what = np.where(index == 0, flow[:, None], further[:, None])
    imminent = (when - now_ms < IMMINENT_MS) & (what > 0)
    outside = ~(when <= last_ms) | imminent
    return np.where(outside, np.inf, when), np.where(outside, 0.0, what)
