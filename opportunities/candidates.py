"""The rows a scan hands on: chosen candidates with everything people and the lifecycle need."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from arbedge.names import Kind
from opportunities import costs, gates, rank
from opportunities.cohorts import Cohorts
from opportunities.detect import terms
from opportunities.detectors.figures import Figures
from opportunities.policy import Policy
from opportunities.settlements import Numbers, break_even_ms
from opportunities.universe import Index, Universe

_LEG = {
    "id": "instrument_id", "venue": "venue", "symbol": "symbol", "market": "market",
    "base": "base", "bid": "bid", "ask": "ask", "rate": "rate",
    "interval_hours": "interval_hours", "next_ms": "next_settlement_ms", "age_ms": "age_ms",
    "mark": "mark", "status": "status", "volume_usd": "volume_usd", "tick": "tick",
}  # fmt: skip
_LEG_TEXT = ("venue", "symbol", "market", "base", "status")


def fingerprint(kind: str, legs: Sequence[tuple[str, str, str, float | None, str]]) -> str:
    """The stable name of a trade: kind and the sorted (instrument, side) of its legs, 32 hex digits.

    A leg is (venue, market, symbol, listed_at_ms, side).
    """
    names = sorted(
        f"{venue}/{market}/{symbol}@{int(listed or 0)}:{side}"
        for venue, market, symbol, listed, side in legs
    )
    return hashlib.blake2b("|".join([kind, *names]).encode(), digest_size=16).hexdigest()


def break_even(figures: Figures, universe: Universe, horizon_hours: float) -> Numbers:
    """When each candidate has earned its cost, ms; NaN for spot, which earns it at once or never."""
    if figures.kind == Kind.SPOT or figures.size == 0:
        return np.full(figures.size, np.nan)
    long, short = figures.long, figures.short
    rate = np.where(universe.perp, universe.rate, 0.0)
    return break_even_ms(
        (-rate[long], rate[short]),
        (universe.next_ms[long], universe.next_ms[short]),
        (universe.interval_hours[long], universe.interval_hours[short]),
        figures.k,
        figures.cost,
        universe.now_ms,
        horizon_hours,
    )


def table(
    figures: Figures,
    universe: Universe,
    policy: Policy,
    context: rank.Context,
    net_at_size: Numbers,
    answered: Mapping[str, bool],
) -> pl.DataFrame:
    """One row per candidate in the columns the lifecycle takes (rates and nets are fractions)."""
    kind = figures.kind
    default = terms(policy, kind)
    risks = rank.risk(figures, universe, policy, context)
    parts = rank.score_parts(figures, universe, policy, context)
    scores = rank.score(parts)
    carry = kind != Kind.SPOT
    nothing = np.full(figures.size, np.nan)
    long_leverage = _leverages(universe, figures.long, default.leverage)
    short_leverage = _leverages(universe, figures.short, default.leverage)
    own = {
        "kind": pl.lit(str(kind)),
        "asset": universe.frame.get_column("asset").gather(figures.long),
        "quote": universe.frame.get_column("quote").gather(figures.long),
        "long_fee_bps": universe.fees[0][figures.long] * 1e4,
        "short_fee_bps": universe.fees[0][figures.short] * 1e4,
        "first": figures.first,
        "later": figures.later,
        "k": figures.k,
        "cost": figures.cost,
        "gap": figures.gap,
        "gross_announced": figures.first + figures.later,
        "net_announced": figures.net_announced,
        "net": figures.net,
        "net_at_size": net_at_size,
        "apr_net": costs.apr_net(figures.net, default.horizon_hours) if carry else nothing,
        "break_even_at_ms": context.break_even_ms,
        "return_on_capital": figures.net / (1 / long_leverage + 1 / short_leverage)
        if carry
        else figures.net,
        "risk": np.array([str(one) for one in rank.RISKS])[risks],
        "score": scores,
        "score_parts": json_rows(parts),
        "shelves": rank.shelves(figures, risks, scores),
        "reasons": figures.reasons,
        "measured": gates.measured(figures, policy),
        "threshold": context.threshold,
        "horizon_hours": np.full(figures.size, default.horizon_hours),
        "notional_usd": np.full(figures.size, default.notional_usd),
    }
    columns = {name: value for name, value in own.items() if name != "kind"}
    frame = pl.DataFrame({**columns, **_legs(universe, figures)}, nan_to_null=True)
    return _finish(frame, universe, figures, str(kind), answered)


def _finish(
    frame: pl.DataFrame,
    universe: Universe,
    figures: Figures,
    kind: str,
    answered: Mapping[str, bool],
) -> pl.DataFrame:
    """Add what is derived from whole rows: names, guard, whether both venues answered, the end."""
    told = [name for name, yes in answered.items() if yes]
    listed = universe.frame.get_column("listed_at_ms")
    prints = [
        fingerprint(kind, [(lv, lm, ls, ll, "long"), (sv, sm, ss, sl, "short")])
        for lv, lm, ls, ll, sv, sm, ss, sl in zip(
            *(frame.get_column(f"long_{name}") for name in ("venue", "market", "symbol")),
            listed.gather(figures.long),
            *(frame.get_column(f"short_{name}") for name in ("venue", "market", "symbol")),
            listed.gather(figures.short),
            strict=True,
        )
    ]
    guard = gates.bit(gates.Reason.SETTLING)
    offline = universe.numbers("offline_at_ms")
    ends = np.fmin(offline[figures.long], offline[figures.short])
    return frame.with_columns(
        kind=pl.lit(kind),
        fingerprint=pl.Series(prints, dtype=pl.String),
        family=pl.lit(f"{kind}:") + pl.col("asset"),
        settling=pl.Series((figures.reasons & guard) != 0),
        answered=pl.col("long_venue").is_in(told) & pl.col("short_venue").is_in(told),
        ends_at_ms=pl.Series(ends, nan_to_null=True),
    )


def _legs(universe: Universe, figures: Figures) -> dict[str, pl.Series]:
    """Columns of both legs, gathered from the universe."""
    columns = {}
    for side, rows in (("long", figures.long), ("short", figures.short)):
        for name, source in _LEG.items():
            columns[f"{side}_{name}"] = universe.frame.get_column(source).gather(rows)
    return columns


def _leverages(universe: Universe, rows: Index, leverage: float) -> Numbers:
    return np.where(universe.perp[rows], leverage, 1.0)


def json_rows(parts: Mapping[str, Numbers]) -> list[str]:
    """One JSON object of score parts per candidate."""
    names = list(parts)
    if not len(next(iter(parts.values()))):
        return []
    rounded = np.round(np.stack([parts[name] for name in names], axis=1), 4).tolist()
    return [json.dumps(dict(zip(names, row, strict=True))) for row in rounded]


def cohort_rows(cohorts: Cohorts) -> list[str]:
    """Each candidate's cohort figures as JSON: axes horizon, VIP level and, where books are known, size."""
    axes = {
        "horizons_hours": list(cohorts.horizons_hours),
        "notionals_usd": list(cohorts.notionals_usd),
    }
    nets = np.round(cohorts.net, 8).tolist()
    if cohorts.net_at_size is None:
        return [json.dumps({**axes, "net": net}) for net in nets]
    sized = np.where(np.isnan(cohorts.net_at_size), None, np.round(cohorts.net_at_size, 8)).tolist()
    return [
        json.dumps({**axes, "net": net, "net_at_size": at_size})
        for net, at_size in zip(nets, sized, strict=True)
    ]
