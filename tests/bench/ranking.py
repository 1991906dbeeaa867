"""(b) detect, gate and rank: joined markets in, ranked rows out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from arbedge.names import Market
from exchanges import fees
from exchanges.snapshot import Snapshot
from opportunities import cohorts, scan
from opportunities.detect import Found
from tests.bench import markets
from tests.bench.report import Line
from tests.bench.timing import growth, timed

AIM_MS = 100.0
SIZE = 5000  # instruments per venue, half of them perpetuals
VIP_LEVELS = (0, 1, 2)


def ranking(scales: Sequence[float], repeats: int) -> Iterator[Line]:
    """The default cohort, every cohort of what passes, and every cohort of every pair."""
    readings = {scale: reading(round(SIZE * scale)) for scale in scales}
    yield _line("detect, gate and rank, one cohort", readings, repeats, AIM_MS)
    every = {scale: replace(one, levels=VIP_LEVELS) for scale, one in readings.items()}
    yield _line("the same, every cohort (4 horizons, 5 sizes, 3 levels)", every, repeats)
    found = scan.search(every[1.0])
    time = timed(lambda: _every_pair(found), repeats=repeats)
    pairs = sum(part.size for part in found.parts())
    yield Line("b", "net of every pair, 4 horizons and 3 levels", f"{pairs:,} pairs", time)


def reading(instruments: int) -> scan.Reading:
    """A scan's material with so many instruments at each of four venues."""
    half = instruments // 2
    return scan.Reading(
        snapshot=Snapshot(
            markets.NOW_MS,
            spot=markets.frame(Market.SPOT, half),
            perp=markets.frame(Market.PERP, half),
            answered=dict.fromkeys(markets.VENUES, True),
        ),
        schedule=_schedule(),
        levels=(0,),
    )


def _schedule() -> fees.Schedule:
    """The published fees with a discount for each VIP level."""
    published = fees.default()
    rates = [
        rate._replace(vip_level=level, taker_bps=rate.taker_bps * (1 - Decimal(level) / 10))
        for rate in published.rates
        for level in VIP_LEVELS
    ]
    return replace(published, rates=tuple(rates))


def _every_pair(found: Found) -> None:
    for part in found.parts():
        cohorts.nets(part, found.universe, cohorts.HORIZONS_HOURS)


def _line(
    what: str, readings: dict[float, scan.Reading], repeats: int, aim: float | None = None
) -> Line:
    times = {
        scale: timed(lambda: scan.evaluate(one), repeats=repeats)  # noqa: B023
        for scale, one in readings.items()
    }
    result, time = scan.evaluate(readings[1.0]), times[1.0]
    pairs = sum(part.size for part in result.found.parts())
    return Line(
        "b",
        what,
        f"4 x {SIZE:,}: {pairs:,} pairs",
        time,
        f"{result.opportunities.height} pass",
        f"{aim:.0f} ms" if aim else "",
        time.best_ms <= aim if aim else None,
        growth(list(times), [one.best_ms for one in times.values()]),
    )
