"""A family is a kind and an asset; its best live row is pushed, the others are "also"."""

from __future__ import annotations

import polars as pl

from arbedge.names import State

_ORDER = {State.OPEN.value: 0, State.FADING.value: 1, State.HELD.value: 2}


def name(kind: str, asset: str) -> str:
    """The family's name."""
    return f"{kind}:{asset}"


def best(live: pl.DataFrame) -> pl.Series:
    """Which live rows are the best of their family, as a Boolean column in the frame's order.

    `live` has fingerprint, family, state, net and score. Open comes before fading before held, then
    the higher net, then the higher score; the fingerprint breaks a tie, so every run agrees.
    """
    ranked = (
        live.lazy()
        .select("fingerprint", "family", "state", "net", "score")
        .with_columns(pl.col("state").replace_strict(_ORDER, default=9, return_dtype=pl.Int8))
        .sort(
            ["state", "net", "score", "fingerprint"],
            descending=[False, True, True, False],
            nulls_last=True,
        )
        .unique("family", keep="first", maintain_order=True)
        .collect()
    )
    return live["fingerprint"].is_in(ranked["fingerprint"].implode()).rename("best")
