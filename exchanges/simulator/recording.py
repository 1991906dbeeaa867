"""Recorded answers of venues: one folder with a manifest, read as it was published."""

from __future__ import annotations

import gzip
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from arbedge.errors import BadSetting

# The keys of a query that choose an answer; all others only page or limit it.
CHOOSING: Final = ("instType", "category", "instId", "productType", "symbol", "quoteCcy", "coin")


class Sweep(NamedTuple):
    """One answer as recorded: its body, or what went wrong instead of one."""

    at_ms: int
    body: bytes | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """All sweeps of one request, in order of time."""

    host: str  # binance-spot, binance-usdm, or the venue's name
    path: str
    query: Mapping[str, str]
    sweeps: tuple[Sweep, ...]

    def at(self, moment_ms: int) -> Sweep:
        """The newest sweep not after the moment; the first one before any."""
        index = bisect_right([sweep.at_ms for sweep in self.sweeps], moment_ms)
        return self.sweeps[max(index - 1, 0)]

    def answers(self, host: str, path: str, query: Mapping[str, str]) -> bool:
        """Whether this is the request asked for, paging and limits aside."""
        if (host, path) != (self.host, self.path) or "cursor" in query:
            return False
        return _choice(query) == _choice(self.query)


@dataclass(frozen=True, slots=True)
class Recording:
    """One set of recordings. `moments` are the times at which its answers change."""

    name: str
    responses: tuple[Recorded, ...]
    moments: tuple[int, ...]

    def find(self, host: str, path: str, query: Mapping[str, str]) -> Recorded | None:
        """The recorded answers to a request, if the set has them."""
        return next((one for one in self.responses if one.answers(host, path, query)), None)


class _Response(msgspec.Struct):
    venue: str
    path: str
    at: str
    query: dict[str, Any] = {}
    method: str = "GET"
    file: str | None = None
    format: str = ""
    errors: list[_Line] = []


class _Manifest(msgspec.Struct):
    set: str
    responses: list[_Response] = []


class _Line(msgspec.Struct):
    at: str
    body: msgspec.Raw = msgspec.Raw()
    error: str = ""


def load(folder: Path) -> Recording:
    """The set in that folder.

    Raises BadSetting when there is no manifest, it cannot be read, or it holds no GET answers.
    """
    manifest = _manifest(folder)
    responses = tuple(
        Recorded(
            one.venue,
            one.path,
            {name: str(value) for name, value in one.query.items()},
            tuple(_sweeps(folder, one)),
        )
        for one in manifest.responses
        if one.method == "GET"
    )
    responses = tuple(one for one in responses if one.sweeps)
    if not responses:
        raise BadSetting(f"{folder} holds no recorded answers to replay", setting="RECORDINGS")
    return Recording(manifest.set, responses, _moments(responses))


def _manifest(folder: Path) -> _Manifest:
    path = folder / "manifest.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except FileNotFoundError:
        raise BadSetting(
            f"{path} is missing: name the folder of one set", setting="RECORDINGS"
        ) from None
    except msgspec.DecodeError as error:
        raise BadSetting(f"{path} cannot be read: {error}", setting="RECORDINGS") from error


def _sweeps(folder: Path, response: _Response) -> list[Sweep]:
    """The sweeps of a response; its errors stand among its bodies, in order of time."""
    found: list[Sweep] = []
    if response.file is not None:
        raw = gzip.decompress((folder / response.file).read_bytes())
        if response.format == "jsonl":
            found = [_sweep(line) for line in _lines(raw)]
        else:
            found = [Sweep(_ms(response.at), raw)]
    known = {sweep.at_ms for sweep in found}
    found += [sweep for sweep in map(_sweep, response.errors) if sweep.at_ms not in known]
    return sorted(found, key=lambda sweep: sweep.at_ms)


def _lines(raw: bytes) -> Iterator[_Line]:
    decoder = msgspec.json.Decoder(_Line)
    return (decoder.decode(line) for line in raw.splitlines() if line.strip())


def _sweep(line: _Line) -> Sweep:
    return Sweep(_ms(line.at), bytes(line.body) or None, line.error)


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _moments(responses: tuple[Recorded, ...]) -> tuple[int, ...]:
    """The times of the sweeps where there are several, else the moment all answers are in."""
    swept = {sweep.at_ms for one in responses if len(one.sweeps) > 1 for sweep in one.sweeps}
    return tuple(sorted(swept)) or (max(one.sweeps[0].at_ms for one in responses),)


def _choice(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query[name].upper() for name in CHOOSING if name in query}
