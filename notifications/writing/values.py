"""The variables of a message's text, made from its facts for one reader's cohort and style.

Each is computed when a text first names it. What is missing or cannot be read stops the whole
text: half a message is never sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from notifications.writing.languages import Style
from notifications.writing.variables import Type, Variable


class MissingVariable(Exception):
    """A variable that the facts do not give, though its topic promises it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Unknown(str):
    """The word for what nobody knows: shown, and false."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose eyes: the cohort and style all recipients of one text share.

    `personal` is false for groups and channels, whose posts carry nobody's own figures.
    """

    notional_usd: int
    horizon_hours: int
    vip_levels: int
    leverage: float
    personal: bool
    style: Style


@dataclass(frozen=True, slots=True)
class Told:
    """What a text is about: the facts, when they were so, and what was announced before them.

    `now` is the moment of writing on the same clock as `at`; `items` are a digest's, each with its
    own moment.
    """

    facts: Mapping[str, Any]
    at: datetime
    now: datetime
    before: Mapping[str, Any] | None = None
    items: Sequence[tuple[datetime, Mapping[str, Any]]] = ()


class Values:
    """The variables as a template's context looks them up.

    `missing` is the first that could not be given: operators in `{% if %}` swallow what is raised.
    """

    __slots__ = ("_declared", "_kept", "_source", "_unknown", "missing")

    def __init__(self, source: object, declared: Mapping[str, Variable], unknown: str) -> None:
        self._source = source
        self._declared = declared
        self._unknown = Unknown(unknown)
        self._kept: dict[str, Any] = {}
        self.missing = ""

    def __contains__(self, name: str) -> bool:
        return name in self._declared

    def __getitem__(self, name: str) -> Any:
        if name not in self._kept:
            self._kept[name] = self._made(name)
        return self._kept[name]

    def _made(self, name: str) -> Any:
        declared = self._declared[name]
        try:
            value = getattr(self._source, name)()
        except _UNREADABLE as error:
            self.missing = name
            raise MissingVariable(name) from error
        if value is None and not declared.optional:
            self.missing = name
            raise MissingVariable(name)
        if declared.type is Type.ITEMS:
            inner = {one.name: one for one in declared.items}
            return tuple(Values(one, inner, self._unknown) for one in value)
        return self._unknown if value is None else value


# What facts of another shape than promised can raise while they are read.
_UNREADABLE: Final = (
    ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError,
)  # fmt: skip
