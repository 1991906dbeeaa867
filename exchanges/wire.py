"""From the bytes of a bulk answer to columns: one decode, one cast, no Python per figure.

Venues send numbers as text. Each row becomes a struct of the wanted fields only, and the decoder
reads its figures as numbers: "" and what is absent become null. Where a figure is something else,
all figures of the answer become one text column, and one cast turns that into floats: "abc" becomes
null, never an error. When even so a row does not fit, the rows are read one by one and misfits are
dropped and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from operator import attrgetter
from typing import Any, Final, Self

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbedge.errors import ArbEdgeError
from exchanges.columns import Parsed
from exchanges.rows import Opened, Words, as_number, as_text, put, struct
from exchanges.sanity import MALFORMED_ROW, sane, without_dead, without_nameless

# An answer with a figure that is no number will likely have one again: so many are read as text.
READS_AS_TEXT: Final = 50
Floats = NDArray[np.float64]


class Empty(float, Enum):
    """What an empty text is where a number should be: no number, but one to the decoder."""

    TEXT = ""

    def __new__(cls, text: str) -> Self:
        """The number that is none, known by its text."""
        member = float.__new__(cls, "nan")
        member._value_ = text
        return member


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
    dotted key reaches into nested objects. `words` are texts that are translated. `objects` are
    further keys decoded as the given type and left on the rows for the venue's own code.
    """

    def __init__(
        self,
        envelope: Envelope,
        *,
        texts: Mapping[str, str],
        figures: Mapping[str, str] | None = None,
        numbers: Mapping[str, str] | None = None,
        words: Mapping[str, Words] | None = None,
        objects: Mapping[str, Any] | None = None,
    ) -> None:
        self.envelope = envelope
        self.texts = dict(texts)
        self.figures = dict(figures or {})
        self.numbers = dict(numbers or {})
        self.words = dict(words or {})
        more = dict(objects or {})
        self._row = struct(
            "Row", _types(self, str | None, float | Empty | None, float | None) | more
        )
        text_row = struct("TextRow", _types(self, str | None, str | None, float | None) | more)
        loose_row = struct("LooseRow", _types(self, Any, Any, Any) | more)
        self._decoder = _decoder(envelope, list[self._row], strict=False)  # type: ignore[name-defined]
        self._text_decoder = _decoder(envelope, list[text_row])  # type: ignore[valid-type]
        self._reads_as_text = 0
        self._raw_decoder = _decoder(envelope, list[msgspec.Raw])
        self._row_decoder = msgspec.json.Decoder(loose_row)

    def read(self, body: bytes) -> Parsed:
        """The answer's columns, its dropped rows by reason and its own time.

        The time is the envelope's, else the newest row's. Raises MalformedAnswer.
        """
        answer = self.decode(body)
        return self.tidy(self.frame(answer.rows), answer)

    def decode(self, body: bytes) -> Answer:
        """The rows of a body as structs. Raises MalformedAnswer for an error or no JSON."""
        answer = self._decode_numbers(body)
        if answer is not None:
            return answer
        dropped: Counter[str] = Counter()
        try:
            whole = self._text_decoder.decode(body)
            rows = self._rows(whole)
        except msgspec.DecodeError:
            whole = _loose_envelope(self._raw_decoder, self.envelope, body)
            raw = self._rows(whole)
            rows = [row for row in map(self._loose_row, raw) if row is not None]
            dropped[MALFORMED_ROW] = len(raw) - len(rows)
        return Answer(rows, dropped, self._time(whole))

    def _decode_numbers(self, body: bytes) -> Answer | None:
        """The answer with figures as floats, None where one is neither a number nor empty."""
        if self._reads_as_text:
            self._reads_as_text -= 1
            return None
        try:
            whole = self._decoder.decode(body)
        except msgspec.DecodeError:
            self._reads_as_text = READS_AS_TEXT
            return None
        return Answer(self._rows(whole), Counter(), self._time(whole))

    def frame(self, rows: Sequence[Any]) -> pl.DataFrame:
        """One column per wanted field; texts and figures that are absent or unreadable are null."""
        opened = Opened.of(rows)
        texts = [
            pl.Series(name, opened.column(key), dtype=pl.String) for name, key in self.texts.items()
        ]
        texts += [
            word.translated(name, opened.column(word.key)) for name, word in self.words.items()
        ]
        if rows and not isinstance(rows[0], self._row):
            columns = _columns(self.figures, _read(opened.values(self.figures.values())))
            columns += _columns(self.numbers, _floats(opened.values(self.numbers.values())))
        else:
            keys = self.figures | self.numbers
            columns = _columns(keys, _floats(opened.values(keys.values())))
        return pl.DataFrame([*texts, *columns])

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
            for key in chain(_text_keys(self), self.figures.values()):
                put(row, key, as_text(attrgetter(key)(row)))
            for key in self.numbers.values():
                put(row, key, as_number(attrgetter(key)(row)))
        except (msgspec.DecodeError, TypeError, ValueError):
            return None
        return row

    def _time(self, whole: Any) -> float | None:
        if self.envelope.time is None:
            return None
        try:
            return as_number(getattr(whole, self.envelope.time))
        except (TypeError, ValueError):
            return None


def _floats(values: Sequence[float | None]) -> Floats:
    """Numbers as an array, NaN for none. Polars is quickest where a plain number comes first."""
    return pl.Series([0.0, *values], dtype=pl.Float64).to_numpy()[1:]


def _read(values: Sequence[str | None]) -> Floats:
    """Texts as an array of numbers, NaN for what is none."""
    return pl.Series(values, dtype=pl.String).cast(pl.Float64, strict=False).to_numpy()


def _columns(names: Collection[str], values: Floats) -> list[pl.Series]:
    """Columns of finite numbers, from the values of one row after the other."""
    if not names:
        return []
    table = np.ascontiguousarray(values.reshape(-1, len(names)).T)
    complete = bool(np.isfinite(table.sum()))
    if not complete:
        table = np.where(np.isfinite(table), table, np.nan)
    flat = pl.Series(table.ravel(), nan_to_null=not complete)
    count = table.shape[1]
    columns = [flat.slice(at * count, count).alias(name) for at, name in enumerate(names)]
    if complete and table.min(initial=1.0) > 0:
        return columns
    return [sane(column) for column in columns]


def _text_keys(shape: Shape) -> list[str]:
    return [*shape.texts.values(), *(word.key for word in shape.words.values())]


def _types(shape: Shape, text: Any, figure: Any, number: Any) -> dict[str, Any]:
    types: dict[str, Any] = dict.fromkeys(_text_keys(shape), text)
    types.update(dict.fromkeys(shape.figures.values(), figure))
    types.update(dict.fromkeys(shape.numbers.values(), number))
    return types


def _decoder(envelope: Envelope, rows: Any, *, strict: bool = True) -> msgspec.json.Decoder[Any]:
    if not envelope.rows:
        return msgspec.json.Decoder(rows, strict=strict)
    types: dict[str, Any] = {envelope.rows: rows | None, envelope.code: str | int | None}
    types[envelope.message] = str | None
    if envelope.time is not None:
        types[envelope.time] = Any
    return msgspec.json.Decoder(struct("Envelope", types), strict=strict)


def _loose_envelope(decoder: msgspec.json.Decoder[Any], envelope: Envelope, body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        _refuse_error_object(envelope, body)
        raise MalformedAnswer(f"was no answer of this kind: {error}") from error


def _refuse_error_object(envelope: Envelope, body: bytes) -> None:
    keys = {envelope.code: str | int | None, envelope.message: str | None}
    try:
        whole = msgspec.json.decode(body, type=struct("Refusal", keys))
    except msgspec.DecodeError:
        return
    _refuse_error(envelope, whole)


def _refuse_error(envelope: Envelope, whole: Any) -> None:
    code = getattr(whole, envelope.code)
    if code is None or str(code) == envelope.ok:
        return
    message = getattr(whole, envelope.message) or "no text"
    raise MalformedAnswer(f"was the venue's error {code}: {message}", code=str(code))
