"""Rows of an answer as structs of the wanted fields, and their values all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import polars as pl
from msgspec.structs import astuple

Vocabulary = Mapping[str | None, str]  # what words mean, and what it means that there is none


def struct(name: str, types: Mapping[str, Any]) -> Any:
    """A struct type of these keys, all optional; a dotted key is one of a struct within."""
    fields: list[Any] = []
    nested: dict[str, dict[str, Any]] = {}
    for key, kind in types.items():
        head, _, rest = key.partition(".")
        if rest:
            nested.setdefault(head, {})[rest] = kind
        else:
            fields.append((key, kind, None))
    for head, inner in nested.items():
        kind = struct(f"{name}_{head}", inner)
        fields.append((head, kind, msgspec.field(default_factory=kind)))
    return msgspec.defstruct(name, fields, gc=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """The values of rows one after the other: structs are opened once, not once per key."""

    rows: Sequence[Any]
    flat: list[Any]
    fields: tuple[str, ...]
    within: dict[str, Opened] = field(default_factory=dict)  # structs inside, opened once as well

    @classmethod
    def of(cls, rows: Sequence[Any]) -> Opened:
        """The values of these rows, all of one struct type."""
        fields = type(rows[0]).__struct_fields__ if rows else ()
        flat: list[Any] = []
        for row in rows:  # takes two thirds of the time of a chain over all of them
            flat += astuple(row)
        return cls(rows, flat, fields)

    def column(self, key: str) -> list[Any]:
        """The value of a key in each row."""
        if key in self.fields:
            return self.flat[self.fields.index(key) :: len(self.fields)]
        if not self.rows:
            return []
        head, _, rest = key.partition(".")
        if head not in self.within:
            self.within[head] = Opened.of(self.column(head))
        return self.within[head].column(rest)

    def values(self, keys: Iterable[str]) -> list[Any]:
        """The values of several keys in the first row, in the second, and so on."""
        wanted = tuple(keys)
        kept = tuple(key for key in self.fields if key in wanted)
        if kept != wanted:
            return list(chain.from_iterable(zip(*map(self.column, wanted), strict=True)))
        values, width = self.flat.copy(), len(self.fields)
        for place in reversed(range(width)):  # the others are cut out, one column at a time
            if self.fields[place] not in wanted:
                del values[place::width]
                width -= 1
        return values


@dataclass(frozen=True, slots=True)
class Words:
    """The text under a key that is one of few words: each has a meaning, any else is `other`."""

    key: str
    meanings: Vocabulary
    other: str | None = None

    def translated(self, name: str, texts: Iterable[str | None]) -> pl.Series:
        """What these texts mean. A join would cost more than a look at each."""
        meaning, other = self.meanings.get, self.other
        return pl.Series(name, [meaning(text, other) for text in texts], dtype=pl.String)


def put(row: Any, key: str, value: Any) -> None:
    """Sets a field of a row; a dotted key reaches into structs within."""
    head, _, last = key.rpartition(".")
    setattr(attrgetter(head)(row) if head else row, last, value)


def as_text(value: Any) -> str | None:
    """A text, or a number as text. Raises TypeError for anything else."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"was no text or number: {value!r}")
    return repr(value)


def as_number(value: Any) -> float | None:
    """The number a value is or holds as text. Raises TypeError or ValueError for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"was no number: {value!r}")
    return float(value)
