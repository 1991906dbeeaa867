"""The rows a scan hands on: chosen candidates with everything people and the lifecycle need."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl

from arbedge.names import Kind, Reason
from opportunities import costs, gates, rank
from opportunities.cohorts import Cohorts
from opportunities.detectors.figures import Figures
from opportunities.policy import Policy
from opportunities.settlements import Numbers, break_even_ms
from opportunities.universe import Index, Universe

SIDES: Final = ("long", "short")
_TEXTS: Final = ("kind", "risk", "score_parts")
_encoder: Final = msgspec.json.Encoder()
_RISKS: Final = [str(one) for one in rank.RISKS]
# Columns of a leg that only others are made of.
_DERIVED: Final = frozenset(
    f"{side}_{name}" for side in SIDES for name in ("asset", "quote", "listed_ms", "offline_ms")
)
_NAMING: Final = ("venue", "market", "symbol", "listed_ms")
Leg = tuple[str, str, str, float | None, str]
Columns = Mapping[str, Any]  # arrays and lists, one value per candidate
_LEG = {
    "id": "instrument_id", "venue": "venue", "symbol": "symbol", "market": "market",
    "base": "base", "bid": "bid", "ask": "ask", "rate": "rate",
    "interval_hours": "interval_hours", "next_ms": "next_settlement_ms", "age_ms": "age_ms",
    "mark": "mark", "status": "status", "volume_usd": "volume_usd", "tick": "tick",
    "asset": "asset", "quote": "quote", "listed_ms": "listed_at_ms", "offline_ms": "offline_at_ms",
}  # fmt: skip


def fingerprint(kind: str, legs: Sequence[Leg]) -> str:
    """The stable name of a trade: kind and the sorted (instrument, side) of its legs, 32 hex.

    A leg is (venue, market, symbol, listed_at_ms, side).
    """
    return _fingerprint(kind, tuple(legs))


@lru_cache(maxsize=4096)  # the same trades come back in every scan
def _fingerprint(kind: str, legs: tuple[Leg, ...]) -> str:
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
    part = columns(figures, universe, policy, context, net_at_size)
    return joined([part], [figures], universe, answered=answered)


def columns(
    figures: Figures,
    universe: Universe,
    policy: Policy,
    context: rank.Context,
    net_at_size: Numbers,
) -> dict[str, Any]:
    """What a kind's own limits say of its candidates."""
    return {
        "kind": [figures.kind.value] * figures.size,
        **_money(figures, universe, net_at_size),
        **_judgement(figures, universe, policy, context),
        "break_even_at_ms": context.break_even_ms,
        "measured": gates.measured(figures, policy),
        "threshold": context.threshold,
        "settling": figures.carries(Reason.SETTLING),
    }


def joined(
    parts: Sequence[Columns],
    figures: Sequence[Figures],
    universe: Universe,
    *,
    answered: Mapping[str, bool],
) -> pl.DataFrame:
    """The candidates of all kinds as one table, in the order of the parts.

    `parts` are what `columns` says of the candidates in `figures`. One table, because polars asks
    the same for a column of one row as for a column of thousands.
    """
    texts = {name: list(chain.from_iterable(part[name] for part in parts)) for name in _TEXTS}
    arrays = {
        name: _known(np.concatenate([part[name] for part in parts]))
        for name in parts[0]
        if name not in texts
    }
    sides = ([one.long for one in figures], [one.short for one in figures])
    long, short = (
        _leg(universe, side, np.concatenate(rows)) for side, rows in zip(SIDES, sides, strict=True)
    )
    told = frozenset(name for name, yes in answered.items() if yes)
    frame = pl.DataFrame(
        {**texts, **arrays, **_whole(texts["kind"], long, short, told)},
        schema_overrides=dict.fromkeys((*texts, "fingerprint", "family"), pl.String)
        | {"answered": pl.Boolean},
        nan_to_null=True,
    )
    legs = [column for leg in (long, short) for column in leg if column.name not in _DERIVED]
    return frame.hstack(legs)


def _known(values: Any) -> Any:
    """The array with NaN for what is no finite number."""
    if values.dtype != np.float64:
        return values
    return np.where(np.isfinite(values), values, np.nan)


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
        "risk": [_RISKS[one] for one in risks.tolist()],
        "score": scores,
        "score_parts": json_rows(parts),
        "shelves": rank.shelves(figures, risks, scores),
        "reasons": figures.reasons,
    }


def _leg(universe: Universe, side: str, rows: Index) -> pl.DataFrame:
    """Columns of one side's legs."""
    columns = universe.frame.get_column
    return pl.DataFrame([columns(source).alias(f"{side}_{name}") for name, source in _LEG.items()])[
        rows
    ]


def _whole(
    kinds: Sequence[str], long: pl.DataFrame, short: pl.DataFrame, told: frozenset[str]
) -> dict[str, Any]:
    """What is derived from whole rows: names, whether both venues answered, the end."""
    assets = long.get_column("long_asset").to_list()
    venues = zip(long["long_venue"].to_list(), short["short_venue"].to_list(), strict=True)
    ends = (
        leg.get_column(f"{side}_offline_ms") for side, leg in zip(SIDES, (long, short), strict=True)
    )
    return {
        "asset": long.get_column("long_asset"),
        "quote": long.get_column("long_quote"),
        "fingerprint": fingerprints(kinds, long, short),
        "family": [f"{kind}:{asset}" for kind, asset in zip(kinds, assets, strict=True)],
        "answered": [told >= set(pair) for pair in venues],
        "ends_at_ms": np.fmin(*(end.to_numpy() for end in ends)),
    }


def fingerprints(kinds: Sequence[str], long: pl.DataFrame, short: pl.DataFrame) -> list[str]:
    """The fingerprint of every candidate, from its kind and the columns of its legs."""
    legs = [
        zip(
            *(leg.get_column(f"{side}_{name}").to_list() for name in _NAMING),
            [side] * leg.height,
            strict=True,
        )
        for side, leg in zip(SIDES, (long, short), strict=True)
    ]
    return [fingerprint(kind, pair) for kind, *pair in zip(kinds, *legs, strict=True)]


def json_rows(parts: Mapping[str, Numbers]) -> list[str]:
    """One JSON object of score parts per candidate."""
    names = list(parts)
    if not len(next(iter(parts.values()))):
        return []
    rounded = np.round(np.stack([parts[name] for name in names], axis=1), 4).tolist()
    return _json(dict(zip(names, row, strict=True)) for row in rounded)


def cohort_rows(cohorts: Cohorts) -> list[str]:
    """Each candidate's cohorts as JSON: nets by horizon, VIP level and size, unknown as null."""
    axes = {
        "horizons_hours": list(cohorts.horizons_hours),
        "vip_levels": list(cohorts.vip_levels),
        "notionals_usd": list(cohorts.notionals_usd),
    }
    return _json(
        {**axes, "net": net, "net_at_size": at_size}
        for net, at_size in zip(_rounded(cohorts.net), _rounded(cohorts.net_at_size), strict=True)
    )


def _rounded(values: Numbers) -> list[Any]:
    """Nested lists of numbers with eight decimals."""
    nested: list[Any] = np.round(values, 8).tolist()
    return nested


def _json(values: Iterable[object]) -> list[str]:
    """Each value as JSON in which a number that is not finite is null."""
    return _encoder.encode_lines(values).decode().splitlines()
