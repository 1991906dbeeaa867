"""The rows a scan hands on: chosen candidates with everything people and the lifecycle need."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from arbedge.names import Kind, Reason
from opportunities import costs, gates, rank
from opportunities.cohorts import Cohorts
from opportunities.detectors.figures import Figures
from opportunities.policy import Policy
from opportunities.settlements import Numbers, break_even_ms
from opportunities.universe import Universe

_LEG = {
    "id": "instrument_id", "venue": "venue", "symbol": "symbol", "market": "market",
    "base": "base", "bid": "bid", "ask": "ask", "rate": "rate",
    "interval_hours": "interval_hours", "next_ms": "next_settlement_ms", "age_ms": "age_ms",
    "mark": "mark", "status": "status", "volume_usd": "volume_usd", "tick": "tick",
}  # fmt: skip


def fingerprint(kind: str, legs: Sequence[tuple[str, str, str, float | None, str]]) -> str:
    """The stable name of a trade: kind and the sorted (instrument, side) of its legs, 32 hex.

    A leg is (venue, market, symbol, listed_at_ms, side).
    """
    names = sorted(
        f"{venue}/{market}/{symbol}@{int(listed or 0)}:{side}"
        for venue, market, symbol, listed, side in legs
    )
    return hashlib.blake2b("|".join([kind, *names]).encode(), digest_size=16).hexdigest()


def break_even(figures: Figures, universe: Universe) -> Numbers:
    """When each candidate has earned its cost, ms; NaN for spot, which earns it at once or not."""
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
        now_ms=universe.now_ms,
        horizon_hours=figures.terms.horizon_hours,
    )


def table(
    figures: Figures,
    universe: Universe,
    policy: Policy,
    context: rank.Context,
    net_at_size: Numbers,
    *,
    answered: Mapping[str, bool],
) -> pl.DataFrame:
    """One row per candidate in the columns the lifecycle takes (rates and nets are fractions).

    What is not known or not a finite number is null.
    """
    columns = {
        "asset": universe.frame.get_column("asset").gather(figures.long),
        "quote": universe.frame.get_column("quote").gather(figures.long),
        **_money(figures, universe, net_at_size),
        **_judgement(figures, universe, policy, context),
        "break_even_at_ms": context.break_even_ms,
        "measured": gates.measured(figures, policy),
        "threshold": context.threshold,
        **_legs(universe, figures),
    }
    frame = pl.DataFrame(columns)
    finite = pl.when(pl.col(pl.Float64).is_finite()).then(pl.col(pl.Float64))
    return _finish(frame.with_columns(finite.name.keep()), universe, figures, answered)


def _money(figures: Figures, universe: Universe, net_at_size: Numbers) -> dict[str, Any]:
    """The figures of the money rules."""
    terms = figures.terms
    fees_bps = universe.fees[terms.vip_level] * 1e4
    long, short = (np.where(universe.perp[leg], terms.leverage, 1.0) for leg in figures.pair)
    carry = figures.kind is not Kind.SPOT
    yearly = costs.apr_net(figures.net, terms.horizon_hours)
    return {
        "long_fee_bps": fees_bps[figures.long],
        "short_fee_bps": fees_bps[figures.short],
        "first": figures.first,
        "later": figures.later,
        "k": figures.k,
        "cost": figures.cost,
        "gap": figures.gap,
        "gross_announced": figures.first + figures.later,
        "net_announced": figures.net_announced,
        "net": figures.net,
        "net_at_size": net_at_size,
        "apr_net": yearly if carry else np.full(figures.size, np.nan),
        "return_on_capital": costs.return_on_capital(figures.net, long, short),
        "horizon_hours": np.full(figures.size, terms.horizon_hours),
        "notional_usd": np.full(figures.size, terms.notional_usd),
    }


def _judgement(
    figures: Figures, universe: Universe, policy: Policy, context: rank.Context
) -> dict[str, Any]:
    """Risk class, score with its parts, shelves and reasons."""
    risks = rank.risk(figures, universe, policy, context)
    parts = rank.score_parts(figures, universe, policy, context)
    scores = rank.score(parts)
    return {
        "risk": np.array([str(one) for one in rank.RISKS])[risks],
        "score": scores,
        "score_parts": pl.Series(json_rows(parts), dtype=pl.String),
        "shelves": rank.shelves(figures, risks, scores),
        "reasons": figures.reasons,
    }


def _finish(
    frame: pl.DataFrame, universe: Universe, figures: Figures, answered: Mapping[str, bool]
) -> pl.DataFrame:
    """Add what is derived from whole rows: names, guard, whether both venues answered, the end."""
    kind = str(figures.kind)
    told = [name for name, yes in answered.items() if yes]
    offline = universe.numbers("offline_at_ms")
    ends = np.fmin(offline[figures.long], offline[figures.short])
    return frame.with_columns(
        kind=pl.lit(kind),
        fingerprint=pl.Series(fingerprints(figures, universe), dtype=pl.String),
        family=pl.lit(f"{kind}:") + pl.col("asset"),
        settling=pl.Series(figures.carries(Reason.SETTLING)),
        answered=pl.col("long_venue").is_in(told) & pl.col("short_venue").is_in(told),
        ends_at_ms=pl.Series(ends, nan_to_null=True),
    )


def fingerprints(figures: Figures, universe: Universe) -> list[str]:
    """The fingerprint of every candidate."""
    names = universe.frame.select("venue", "market", "symbol", "listed_at_ms")
    return [
        fingerprint(str(figures.kind), [(*long, "long"), (*short, "short")])
        for long, short in zip(
            names[figures.long].iter_rows(), names[figures.short].iter_rows(), strict=True
        )
    ]


def _legs(universe: Universe, figures: Figures) -> dict[str, pl.Series]:
    """Columns of both legs, gathered from the universe."""
    columns = {}
    for side, rows in (("long", figures.long), ("short", figures.short)):
        for name, source in _LEG.items():
            columns[f"{side}_{name}"] = universe.frame.get_column(source).gather(rows)
    return columns


def json_rows(parts: Mapping[str, Numbers]) -> list[str]:
    """One JSON object of score parts per candidate."""
    names = list(parts)
    if not len(next(iter(parts.values()))):
        return []
    rounded = np.round(np.stack([parts[name] for name in names], axis=1), 4).tolist()
    return [json.dumps(dict(zip(names, row, strict=True)), allow_nan=False) for row in rounded]


def cohort_rows(cohorts: Cohorts) -> list[str]:
    """Each candidate's cohorts as JSON: nets by horizon, VIP level and size, unknown as null."""
    axes = {
        "horizons_hours": list(cohorts.horizons_hours),
        "vip_levels": list(cohorts.vip_levels),
        "notionals_usd": list(cohorts.notionals_usd),
    }
    return [
        json.dumps({**axes, "net": net, "net_at_size": at_size}, allow_nan=False)
        for net, at_size in zip(_rounded(cohorts.net), _rounded(cohorts.net_at_size), strict=True)
    ]


def _rounded(values: Numbers) -> list[Any]:
    """Nested lists of numbers with eight decimals, None for what is not finite."""
    plain = np.round(values, 8).astype(object)
    plain[~np.isfinite(values)] = None
    nested: list[Any] = plain.tolist()
    return nested
