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
    yield whole(scales, repeats)
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


def whole(scales: Sequence[float], repeats: int) -> Line:
    """Bytes to ranked rows against ccxt's parsing alone, both in turns."""
    times = {scale: _scan_race(bodies.made(scale), repeats) for scale in scales}
    ours, theirs = times[1.0]
    ratio = theirs.best_ms / ours.best_ms
    read = bodies.markets(bodies.made(1.0))
    return Line(
        "a",
        "whole scan, bytes to ranked rows",
        f"{_megabytes(read)}, {len(read)} answers",
        ours,
        f"{ratio:.1f}x",
        f"{SCAN_AIM:.0f}x",
        ratio >= SCAN_AIM,
        growth(list(times), [one.best_ms for one, _ in times.values()]),
    )


def _scan_race(answers: Sequence[Body], repeats: int) -> tuple[Timed, Timed]:
    engine, peer = Engine(answers), Peer(answers)
    parsers = [peer.parser(body) for body in known_to(answers)]
    return in_turns(engine.run, lambda: [parse() for parse in parsers], repeats=repeats)


def speed(scales: Sequence[float], repeats: int) -> Iterator[Line]:
    """Megabytes and rows a second on one core: all bulk answers, and each kind; then real ones."""
    read = {scale: _read(bodies.made(scale), repeats) for scale in scales}
    for what, aim, chosen in (
        ("every bulk answer", SPEED_AIM, {True, False}),
        ("market answers", SPEED_AIM, {False}),
        ("instrument lists", None, {True}),
    ):
        kept = {
            scale: [(body, time) for body, time in pairs if body.is_list in chosen]
            for scale, pairs in read.items()
        }
        yield _speed(what, aim, kept)
    real = [*bodies.recorded(), *bodies.recorded_lists()]
    if real:
        yield _speed("every bulk answer, real ones", SPEED_AIM, {1.0: _read(real, repeats)})


def _read(answers: Iterable[Body], repeats: int) -> list[tuple[Body, Timed]]:
    return [
        (body, timed(lambda: body.feed.parse(body.data), repeats=repeats))  # noqa: B023
        for body in answers
    ]


def _speed(
    what: str, aim: float | None, by_scale: Mapping[float, Sequence[tuple[Body, Timed]]]
) -> Line:
    times = {scale: sum((one for _, one in read), NO_TIME) for scale, read in by_scale.items()}
    answers, time = [body for body, _ in by_scale[1.0]], times[1.0]
    rate = bodies.size(answers) / time.best_ms / 1000
    rows = sum(body.feed.parse(body.data).frame.height for body in answers)
    return Line(
        "d",
        f"{what} to columns, {rows / time.best_ms * 1000:,.0f} rows/s",
        _megabytes(answers),
        time,
        f"{rate:.0f} MB/s",
        f"{aim:.0f} MB/s" if aim else "",
        rate >= aim if aim else None,
        growth(list(times), [one.best_ms for one in times.values()]),
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
