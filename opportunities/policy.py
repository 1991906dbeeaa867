"""Thresholds and limits: their names, units, defaults, and what an operator made of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TypeVar

import numpy as np

from arbedge.errors import BadSetting
from arbedge.names import Kind, Profile
from opportunities.limits import LIMITS, Limit
from opportunities.settlements import Numbers, Value
from opportunities.universe import Index, Universe

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "bp": 1e-4, "%": 1e-2, "x": 1.0, "": 1.0}
_VALUE = re.compile(r"^\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(s|min|h|bp|%|x)?\s*$")
_HOURS = 3600.0


@dataclass(frozen=True, slots=True)
class Override:
    """A limit's value for one kind, venue or instrument; None stands for all."""

    name: str
    value: float
    kind: Kind | None = None
    venue: str | None = None
    symbol: str | None = None

    @property
    def rank(self) -> int:
        """The more exactly an override aims, the later it is applied."""
        return (
            4 * (self.symbol is not None) + 2 * (self.venue is not None) + (self.kind is not None)
        )


@dataclass(frozen=True)
class Policy:
    """The limits one scan works with: a profile's defaults and the overrides upon them."""

    profile: Profile = Profile.STRICT
    overrides: tuple[Override, ...] = ()
    measure: Mapping[Kind, str] = field(default_factory=dict)  # kind -> net | net_announced

    def value(self, name: str, kind: Kind | None = None) -> float:
        """The limit's value for a kind, before overrides for venues and instruments."""
        chosen = limit(name).default(self.profile, kind)
        for one in self._ordered(name):
            if one.venue is None and one.symbol is None and one.kind in (None, kind):
                chosen = one.value
        return chosen

    def column(self, name: str, kind: Kind, universe: Universe) -> Value:
        """The limit per instrument: one number where nothing aims at venues or instruments."""
        base = self.value(name, kind)
        aimed = [
            one
            for one in self._ordered(name)
            if (one.venue or one.symbol) and one.kind in (None, kind)
        ]
        if not aimed:
            return base
        column: Numbers = np.full(universe.size, base)
        for one in aimed:
            column[_rows(one, universe)] = one.value
        return column

    def measured(self, kind: Kind) -> str:
        """Which figure of a kind is held against its threshold."""
        return self.measure.get(kind, "net")

    def with_settings(self, settings: Iterable[str]) -> Policy:
        """With `NAME=VALUE` settings applied; NAME may carry a kind (`threshold.spot`).

        Raises BadSetting naming the setting and what it may be.
        """
        policy = self
        for text in settings:
            policy = policy._with_setting(text)
        return policy

    @property
    def version(self) -> str:
        """A short hash that changes with anything that decides."""
        text = repr((self.profile, sorted(map(repr, self.overrides)), sorted(self.measure.items())))
        return f"{self.profile}+{hashlib.blake2b(text.encode(), digest_size=3).hexdigest()}"

    def _ordered(self, name: str) -> list[Override]:
        return sorted((one for one in self.overrides if one.name == name), key=lambda o: o.rank)

    def _with_setting(self, text: str) -> Policy:
        name, separator, value = text.partition("=")
        if not separator:
            raise BadSetting(f"'{text}' is not NAME=VALUE", setting=text)
        name, _, kind_name = name.strip().partition(".")
        kind = _kind(kind_name)
        if name == "profile":
            return replace(self, profile=_choice(value, Profile, "profile"))
        if name == "measure":
            kinds = [kind] if kind else [Kind.FUNDING, Kind.SPOT, Kind.BASIS]
            figure = _figure(value)
            return replace(self, measure={**self.measure, **dict.fromkeys(kinds, figure)})
        override = Override(name, parse(name, value), kind)
        return replace(self, overrides=(*self.overrides, override))


def limit(name: str) -> Limit:
    """The limit of that name. Raises BadSetting with near names."""
    if name not in LIMITS:
        near = get_close_matches(name, LIMITS, n=3) or sorted(LIMITS)[:5]
        raise BadSetting(f"no limit is named '{name}'; near: {', '.join(near)}", setting=name)
    return LIMITS[name]


def parse(name: str, text: str) -> float:
    """A limit's value from text such as `20s`, `15bp`, `0.5%`, `3`. Raises BadSetting with the bounds."""
    found = _VALUE.match(text)
    known = limit(name)
    if found is None:
        raise BadSetting(
            f"{name}={text}: a number with s, min, h, bp, % or x is expected", setting=name
        )
    value = float(found[1]) * _UNITS[found[2] or ""]
    if known.unit == "h" and found[2]:
        value /= _HOURS
    known.check(value)
    return value


def _rows(override: Override, universe: Universe) -> Index | np.ndarray:
    rows = np.ones(universe.size, dtype=bool)
    if override.venue is not None:
        rows &= (universe.frame.get_column("venue") == override.venue).to_numpy()
    if override.symbol is not None:
        rows &= (universe.frame.get_column("symbol") == override.symbol).to_numpy()
    return rows


def _kind(name: str) -> Kind | None:
    return _choice(name, Kind, "kind") if name else None


Choice = TypeVar("Choice", Kind, Profile)


def _choice(text: str, names: type[Choice], what: str) -> Choice:
    try:
        return names(text.strip())
    except ValueError:
        known = ", ".join(names)
        raise BadSetting(f"{what} '{text}' is unknown; known: {known}", setting=what) from None


def _figure(text: str) -> str:
    if text.strip() not in ("net", "net_announced"):
        raise BadSetting(f"measure={text}: net or net_announced is expected", setting="measure")
    return text.strip()
