"""From the bytes of a bulk answer to columns: one decode, one cast, no Python per figure.

Venues send numbers as text. Each row becomes a struct of the wanted fields only. Where every figure
of an answer is a number, the decoder reads it as one. Where some are not, all figures become one
text column, and one cast turns that into floats: "" and "abc" become null, never an error. When
even so a row does not fit, the rows are read one by one and misfits are dropped and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isfinite
from operator import attrgetter
from typing import Any

import msgspec
import polars as pl
from msgspec.structs import astuple

from arbedge.errors import ArbEdgeError
from exchanges.columns import Parsed
from exchanges.sanity import MALFORMED_ROW, sane, without_dead, without_nameless

# An answer with an empty figure will likely have one again: so many are then read as text.
READS_AS_TEXT = 50


class MalformedAnswer(ArbEdgeError):
    """A body that is no answer: not JSON, without rows, or the venue's own error.

    `code` is the venue's own code where it sent one, else "malformed_answer".
    """

    code = "malformed_answer"
    status = 502


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where an answer keeps its rows, its error code and text, and its time.

    `rows` is a dotted path, "" when the body is the list itself. A code other than `ok` is an
    error.
    """

    rows: str = ""
    code: str = "code"
    message: str = "msg"
    ok: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The decoded rows of one answer, before they become columns."""

    rows: Sequence[Any]
    dropped: Counter[str]
    at_ms: float | None


class Shape:
    """How to read one kind of answer: which JSON keys become which columns.

    `texts`, `figures` (numbers sent as text) and `numbers` (JSON numbers) map column to key; a
    dotted key reaches into nested objects. `objects` are further keys decoded as the given type and
    left on the rows for the venue's own code.
    """

    def __init__(
        self,
        envelope: Envelope,
        *,
        texts: Mapping[str, str],
        figures: Mapping[str, str] | None = None,
        numbers: Mapping[str, str] | None = None,
        objects: Mapping[str, Any] | None = None,
    ) -> None:
        self.envelope = envelope
        self.texts = dict(texts)
        self.figures = dict(figures or {})
        self.numbers = dict(numbers or {})
        strict = _types(self, str | None, float | None, objects)
        loose = _types(self, Any, Any, objects)
        self._decoder = _decoder(envelope, list[_struct("Row", strict)])  # type: ignore[misc]
        self._full_row = _full_struct(self, objects)
        self._full_decoder = _decoder(envelope, list[self._full_row], strict=False)  # type: ignore[name-defined]
        self._reads_as_text = 0
        self._raw_decoder = _decoder(envelope, list[msgspec.Raw])
        self._row_decoder = msgspec.json.Decoder(_struct("LooseRow", loose))

    def read(self, body: bytes) -> Parsed:
        """The answer's columns, its dropped rows by reason and its own time.

        The time is the envelope's, else the newest row's. Raises MalformedAnswer.
        """
        answer = self.decode(body)
        return self.tidy(self.frame(answer.rows), answer)

    def decode(self, body: bytes) -> Answer:
        """The rows of a body as structs. Raises MalformedAnswer for an error or no JSON."""
        full = self._decode_full(body)
        if full is not None:
            return full
        dropped: Counter[str] = Counter()
        try:
            whole = self._decoder.decode(body)
            rows = self._rows(whole)
        except msgspec.DecodeError:
            whole = _loose_envelope(self._raw_decoder, self.envelope, body)
            raw = self._rows(whole)
            rows = [row for row in map(self._loose_row, raw) if row is not None]
            dropped[MALFORMED_ROW] = len(raw) - len(rows)
        return Answer(rows, dropped, self._time(whole))

    def _decode_full(self, body: bytes) -> Answer | None:
        """The answer with figures as floats, None unless every row has them all."""
        if self._reads_as_text:
            self._reads_as_text -= 1
            return None
        try:
            whole = self._full_decoder.decode(body)
        except msgspec.DecodeError:
            self._reads_as_text = READS_AS_TEXT
            return None
        return Answer(self._rows(whole), Counter(), self._time(whole))

    def frame(self, rows: Sequence[Any]) -> pl.DataFrame:
        """One column per wanted field; texts and figures that are absent or unreadable are null."""
        column = _columns_of(rows)
        columns = [
            pl.Series(name, column(key), dtype=pl.String) for name, key in self.texts.items()
        ]
        flat = self._flat(list(chain.from_iterable(map(column, self.figures.values()))), rows)
        count = len(rows)
        figures = [flat.slice(at * count, count).alias(n) for at, n in enumerate(self.figures)]
        figures += [pl.Series(n, column(key), dtype=pl.Float64) for n, key in self.numbers.items()]
        return pl.DataFrame(columns + [sane(figure) for figure in figures])

    def tidy(self, frame: pl.DataFrame, answer: Answer) -> Parsed:
        """Drop rows that name no instrument, name one twice or quote nothing; count each kind."""
        dropped = answer.dropped
        frame = without_nameless(frame, dropped)
        if "bid" in frame.columns and "ask" in frame.columns:
            frame = without_dead(frame, dropped)
        at_ms = answer.at_ms
        if at_ms is None and "venue_at_ms" in frame.columns:
            newest = frame.get_column("venue_at_ms").max()
            at_ms = newest if isinstance(newest, float) else None
        return Parsed(frame, {reason: n for reason, n in dropped.items() if n}, at_ms)

    def _flat(self, figures: list[Any], rows: Sequence[Any]) -> pl.Series:
        """All figures of an answer as one column of finite numbers."""
        if rows and isinstance(rows[0], self._full_row):
            flat = pl.Series("", figures, dtype=pl.Float64)
        else:
            flat = pl.Series("", figures, dtype=pl.String).cast(pl.Float64, strict=False)
        total = flat.sum()
        if isinstance(total, float) and not isfinite(total):
            flat = flat.set(~flat.is_finite(), None)
        return flat

    def _rows(self, whole: Any) -> Sequence[Any]:
        if not self.envelope.rows:
            return whole  # type: ignore[no-any-return]
        _refuse_error(self.envelope, whole)
        rows = attrgetter(self.envelope.rows)(whole)
        if rows is None:
            raise MalformedAnswer(f"was an answer without {self.envelope.rows}")
        return rows  # type: ignore[no-any-return]

    def _loose_row(self, raw: msgspec.Raw) -> Any:
        try:
            row = self._row_decoder.decode(raw)
            for key in chain(self.texts.values(), self.figures.values()):
                _put(row, key, _as_text(attrgetter(key)(row)))
            for key in self.numbers.values():
                _put(row, key, _as_number(attrgetter(key)(row)))
        except (msgspec.DecodeError, TypeError, ValueError):
            return None
        return row

    def _time(self, whole: Any) -> float | None:
        if self.envelope.time is None:
            return None
        try:
            return _as_number(getattr(whole, self.envelope.time))
        except (TypeError, ValueError):
            return None


def _types(
    shape: Shape, text: Any, number: Any, objects: Mapping[str, Any] | None
) -> dict[str, Any]:
    keys = chain(shape.texts.values(), shape.figures.values())
    types: dict[str, Any] = dict.fromkeys(keys, text)
    types.update(dict.fromkeys(shape.numbers.values(), number))
    types.update(objects or {})
    return types


def _full_struct(shape: Shape, objects: Mapping[str, Any] | None) -> Any:
    """The row in which no figure is missing and every one is a number."""
    types: dict[str, Any] = dict.fromkeys(shape.texts.values(), str | None)
    types.update(dict.fromkeys(shape.figures.values(), float))
    types.update(dict.fromkeys(shape.numbers.values(), float | None))
    types.update(objects or {})
    return _struct("FullRow", types, needed=frozenset(shape.figures.values()))


def _struct(name: str, types: Mapping[str, Any], needed: Collection[str] = ()) -> Any:
    """A struct type of these keys, optional unless needed; a dotted key is a struct of its own."""
    fields: list[Any] = []
    nested: dict[str, dict[str, Any]] = {}
    for key, kind in types.items():
        head, _, rest = key.partition(".")
        if rest:
            nested.setdefault(head, {})[rest] = kind
        else:
            fields.append((key, kind) if key in needed else (key, kind, None))
    for head, inner in nested.items():
        wanted = {key.removeprefix(f"{head}.") for key in needed if key.startswith(f"{head}.")}
        kind = _struct(f"{name}_{head}", inner, wanted)
        fields.append((head, kind) if wanted else (head, kind, msgspec.field(default_factory=kind)))
    return msgspec.defstruct(name, fields, gc=False, kw_only=True)


def _decoder(envelope: Envelope, rows: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]:
    if not envelope.rows:
        return msgspec.json.Decoder(rows, strict=strict)
    types: dict[str, Any] = {envelope.rows: rows | None, envelope.code: str | int | None}
    types[envelope.message] = str | None
    if envelope.time is not None:
        types[envelope.time] = Any
    return msgspec.json.Decoder(_struct("Envelope", types), strict=strict)


def _loose_envelope(decoder: msgspec.json.Decoder[Any], envelope: Envelope, body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        _refuse_error_object(envelope, body)
        raise MalformedAnswer(f"was no answer of this kind: {error}") from error


def _refuse_error_object(envelope: Envelope, body: bytes) -> None:
    keys = {envelope.code: str | int | None, envelope.message: str | None}
    try:
        whole = msgspec.json.decode(body, type=_struct("Refusal", keys))
    except msgspec.DecodeError:
        return
    _refuse_error(envelope, whole)


def _refuse_error(envelope: Envelope, whole: Any) -> None:
    code = getattr(whole, envelope.code)
    if code is None or str(code) == envelope.ok:
        return
    message = getattr(whole, envelope.message) or "no text"
    raise MalformedAnswer(f"was the venue's error {code}: {message}", code=str(code))


def _put(row: Any, key: str, value: Any) -> None:
    head, _, last = key.rpartition(".")
    setattr(attrgetter(head)(row) if head else row, last, value)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"was no text or number: {value!r}")
    return repr(value)


def _as_number(value: Any) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"was no number: {value!r}")
    return float(value)


def _columns_of(rows: Sequence[Any]) -> Callable[[str], list[Any]]:
    """Gives the values of a key in all rows. Structs are opened once, not once per key."""
    fields = type(rows[0]).__struct_fields__ if rows else ()
    places = {key: place for place, key in enumerate(fields)}
    flat = list(chain.from_iterable(map(astuple, rows)))

    def column(key: str) -> list[Any]:
        if key in places:
            return flat[places[key] :: len(fields)]
        return list(map(attrgetter(key), rows))  # a dotted key

    return column
