"""The least risk class identity asks for, as a number."""

from __future__ import annotations

import polars as pl

from opportunities import rank
from opportunities.offline import floor_risk


def test_each_risk_class_is_its_place_and_none_the_lowest() -> None:
    asked = [None, *map(str, rank.RISKS), "unheard of"]
    judged = pl.DataFrame({"floor_risk": pl.Series(asked, dtype=pl.String)})
    assert floor_risk(judged).tolist() == [0, 0, 1, 2, 0]


def test_nobody_judged_asks_for_nothing() -> None:
    assert floor_risk(pl.DataFrame(schema={"floor_risk": pl.String})).tolist() == []
