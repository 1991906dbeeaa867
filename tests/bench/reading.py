"""(a) bytes to columns and to ranked rows against ccxt's parsers; (d) bytes a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench import bodies
from tests.bench.bodies import Body
from tests.bench.peers import Peer, known_to
from tests.bench.pipeline import Engine
from tests.bench.report import Line
from tests.bench.timing import NO_TIME, Timed, growth, in_turns, timed

COLUMNS_AIM, VENUE_AIM, SCAN_AIM, SPEED_AIM = 20.0, 12.0, 10.0, 250.0


@dataclass(frozen=True, slots=True)
class Race:
    """One answer read by both."""

    body: Body
    ours: Timed
    theirs: Timed


def columns(scales: Sequence[float], repeats: int) -> Iterator[Line]:
    """Bytes to columns per venue and together, and the whole scan, against ccxt's parsers."""
    by_scale = {scale: race(bodies.made(scale), repeats) for scale in scales}
    races = by_scale[1.0]
    for venue in dict.fromkeys(one.body.venue.name for one in races):
        yield _line(f"columns of {venue}", venue, by_scale, VENUE_AIM)
    yield _line("columns of all four venues", "", by_scale, COLUMNS_AIM)
    yield whole(by_scale, repeats)
    if bodies.recorded():
        real = race(bodies.recorded(), repeats, listed=bodies.made(1.0))
        ours, theirs = _sum(real)
        what, size = f"columns of {bodies.RECORDED}, real", _megabytes(one.body for one in real)
        yield Line("a", what, size, ours, f"{theirs.best_ms / ours.best_ms:.1f}x")


def race(answers: Sequence[Body], repeats: int, listed: Sequence[Body] = ()) -> list[Race]:
    """Every answer ccxt has a parser for, read by both in turns."""
    peer = Peer(listed or answers)
    return [
        Race(body, *in_turns(lambda: body.feed.parse(body.data), parse, repeats=repeats))  # noqa: B023
        for body in known_to(answers)
        for parse in [peer.parser(body)]
    ]


def whole(by_scale: dict[float, list[Race]], repeats: int) -> Line:
    """Bytes to ranked rows; ccxt's time is that of its parsing alone."""
    times = {}
    for scale in by_scale:
        engine = Engine(bodies.made(scale))
        times[scale] = timed(engine.run, repeats=repeats)
    ours, (_, theirs) = times[1.0], _sum(by_scale[1.0])
    ratio = theirs.best_ms / ours.best_ms
    rows = sum(1 for _ in bodies.markets(bodies.made(1.0)))
    return Line(
        "a",
        "whole scan, bytes to ranked rows",
        f"{_megabytes(bodies.markets(bodies.made(1.0)))}, {rows} answers",
        ours,
        f"{ratio:.1f}x",
        f"{SCAN_AIM:.0f}x",
        ratio >= SCAN_AIM,
        growth(list(times), [one.best_ms for one in times.values()]),
    )


def speed(scales: Sequence[float], repeats: int) -> Iterator[Line]:
    """Megabytes and rows a second on one core: market answers, instrument lists, and real ones.

    The simulator's lists are as long as the venues' but a third as wide; the real ones are not.
    """
    for what, aim, choose in (
        ("market answers", SPEED_AIM, bodies.markets),
        ("instrument lists", None, bodies.lists),
    ):
        times = {scale: _read(choose(bodies.made(scale)), repeats) for scale in scales}
        yield _speed(what, choose(bodies.made(1.0)), times[1.0], aim, times)
    real = [*bodies.recorded(), *bodies.recorded_lists()]
    if real:
        yield _speed("every bulk answer, real ones", real, _read(real, repeats), SPEED_AIM)


def _read(answers: Iterable[Body], repeats: int) -> Timed:
    read = [timed(lambda: body.feed.parse(body.data), repeats=repeats) for body in answers]  # noqa: B023
    return sum(read, NO_TIME)


def _speed(
    what: str,
    answers: Sequence[Body],
    time: Timed,
    aim: float | None,
    times: Mapping[float, Timed] | None = None,
) -> Line:
    rate = bodies.size(answers) / time.best_ms / 1000
    rows = sum(body.feed.parse(body.data).frame.height for body in answers)
    grown = times or {}
    return Line(
        "d",
        f"{what} to columns, {rows / time.best_ms * 1000:,.0f} rows/s",
        _megabytes(answers),
        time,
        f"{rate:.0f} MB/s",
        f"{aim:.0f} MB/s" if aim else "",
        rate >= aim if aim else None,
        growth(list(grown), [one.best_ms for one in grown.values()]) if grown else None,
    )


def _line(what: str, venue: str, by_scale: dict[float, list[Race]], aim: float) -> Line:
    chosen = {
        scale: [one for one in races if venue in {"", one.body.venue.name}]
        for scale, races in by_scale.items()
    }
    ours, theirs = _sum(chosen[1.0])
    ratio = theirs.best_ms / ours.best_ms
    spent = [_sum(races)[0].best_ms for races in chosen.values()]
    return Line(
        "a",
        what,
        _megabytes(one.body for one in chosen[1.0]),
        ours,
        f"{ratio:.1f}x",
        f"{aim:.0f}x",
        ratio >= aim,
        growth(list(chosen), spent),
    )


def _sum(races: Iterable[Race]) -> tuple[Timed, Timed]:
    ours = theirs = NO_TIME
    for one in races:
        ours, theirs = ours + one.ours, theirs + one.theirs
    return ours, theirs


def _megabytes(answers: Iterable[Body]) -> str:
    return f"{bodies.size(answers) / 1e6:.2f} MB"
