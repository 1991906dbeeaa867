"""Recordings played back: over HTTP like a venue, or in memory for a scan without network."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from exchanges.simulator.hosts import HOSTS, PREFIXES
from exchanges.simulator.market import Reply
from exchanges.simulator.recording import Recording, Sweep, load
from exchanges.venues.base import Venue

RECORDED_AT: Final = "X-Recorded-At"
Sweeps = dict[tuple[str, str], Sweep]


def sweeps(folder: Path, venues: Iterable[Venue]) -> Iterator[Sweeps]:
    """What each feed of these venues was answered, moment by moment: {(venue, feed): sweep}.

    A feed without a recording is absent; a sweep whose body is None failed as its `error` says.
    Raises BadSetting as `recording.load` does.
    """
    recording = load(folder)
    wanted = {
        (venue.name, feed.name): found
        for venue in venues
        for feed in venue.feeds
        if (prefix := PREFIXES.get((venue.name, feed.ask.host)))
        and (found := recording.find(prefix, feed.ask.path, feed.ask.query))
    }
    for moment in recording.moments:
        yield {feed: recorded.at(moment) for feed, recorded in wanted.items()}


@dataclass
class Replay:
    """A recorded set as a source of answers.

    Recorded time runs `speed` times as fast as the clock and stands still after the last moment;
    with speed 0 it moves only when told to.
    """

    folder: Path
    speed: float = 0.0
    clock: Callable[[], float] = time.monotonic
    recording: Recording = field(init=False)
    requests: dict[str, int] = field(default_factory=dict)
    _stepped: int = 0
    _started_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.recording = load(self.folder)
        self._started_s = self.clock()

    def title(self) -> str:
        """One line for people: the set, its moments, its answers."""
        first, last = (
            datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            for at in (self.recording.moments[0], self.recording.moments[-1])
        )
        span = (
            first if first == last else f"{first} to {last}, {len(self.recording.moments)} moments"
        )
        return f"{self.recording.name}: {len(self.recording.responses)} answers of {span} UTC"

    def answer(self, host: str, path: str, query: Mapping[str, str], shift_ms: int = 0) -> Reply:
        """The recorded answer of the current moment with its time in a header; else 404, or 503
        where the recording has an error in its place."""
        self.requests[host] = self.requests.get(host, 0) + 1
        recorded = self.recording.find(host, path, query)
        if recorded is None:
            return self.refusal(host, path, 404)
        sweep = recorded.at(self.recording.moments[self.position()])
        headers = {RECORDED_AT: str(sweep.at_ms + shift_ms)}
        if sweep.body is None:
            return self.refusal(host, path, 503)._replace(headers=headers)
        return Reply(200, sweep.body, headers, keep=True)

    def refusal(self, host: str, path: str, status: int) -> Reply:
        """The venue's own error body; a plain one for venues the simulator does not speak."""
        known = HOSTS.get(host)
        body: Any = {"error": f"nothing recorded for {path}"}
        if known is not None:
            body = known.refuse(status, path)
        return Reply(status, msgspec.json.encode(body), {})

    def position(self) -> int:
        """The index of the current moment."""
        moments = self.recording.moments
        reached = moments[0] + (self.clock() - self._started_s) * 1000 * self.speed
        return max(self._stepped, bisect_right(moments, reached) - 1)

    def advance(self) -> bool:
        """Step to the next moment; False at the last one."""
        position = self.position()
        if position + 1 >= len(self.recording.moments):
            return False
        self._stepped = position + 1
        return True

    def describe(self) -> dict[str, Any]:
        """The set, its current moment, and what was asked of it."""
        position = self.position()
        return {
            "serves": "recordings",
            "set": self.recording.name,
            "now_ms": self.recording.moments[position],
            "moment": position + 1,
            "moments": len(self.recording.moments),
            "requests": self.requests,
        }
