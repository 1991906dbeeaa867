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
from opportunities.settlements import Flags, Numbers, Value
from opportunities.universe import Index, Universe

# How people may write a value, by the limit's own unit.
_TIMES = {"s": 1.0, "min": 60.0, "h": 3600.0}
_WRITTEN: Mapping[str, Mapping[str, float]] = {
    "s": _TIMES,
    "h": {name: seconds / 3600 for name, seconds in _TIMES.items()},
    "fraction": {"bp": 1e-4, "%": 1e-2},
    "usd": {"k": 1e3, "M": 1e6},
    "count": {},
    "factor": {"x": 1.0},
}
_VALUE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z%]*)\s*")


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
        return 4 * bool(self.symbol) + 2 * bool(self.venue) + bool(self.kind)

    @property
    def aimed(self) -> bool:
        """Whether it holds for some instruments only."""
        return bool(self.venue or self.symbol)


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
            if not one.aimed and one.kind in {None, kind}:
                chosen = one.value
        return chosen

    def column(self, name: str, kind: Kind, universe: Universe) -> Value:
        """The limit per instrument: one number where nothing aims at venues or instruments."""
        base, aimed = self.value(name, kind), self._aimed(name, kind, universe)
        return base if aimed is None else np.where(np.isnan(aimed), base, aimed)

    def of_pairs(
        self, name: str, kind: Kind, universe: Universe, pair: tuple[Index, Index]
    ) -> Value:
        """The limit per pair: what aims at a leg goes before what holds for all.

        Where both legs have a value of their own the higher one counts for a threshold, the lower
        one for everything else: always the stricter.
        """
        base, aimed = self.value(name, kind), self._aimed(name, kind, universe)
        if aimed is None:
            return base
        stricter = np.fmax if name == "threshold" else np.fmin
        chosen = stricter(aimed[pair[0]], aimed[pair[1]])
        return np.where(np.isnan(chosen), base, chosen)

    def signature(self, kind: Kind, names: Iterable[str]) -> tuple[object, ...]:
        """Equal for two kinds exactly where all these limits are equal for them everywhere."""
        return tuple(
            (
                self.value(name, kind),
                *(
                    (one.venue, one.symbol, one.value)
                    for one in self._ordered(name)
                    if one.aimed and one.kind in {None, kind}
                ),
            )
            for name in names
        )

    def measured(self, kind: Kind) -> str:
        """Which figure of a kind is held against its threshold."""
        return self.measure.get(kind, "net")

    def with_settings(self, settings: Iterable[str]) -> Policy:
        """With `NAME=VALUE` settings applied.

        NAME may carry a kind and an aim: `threshold.spot`, `max_age@okx`, `min_volume.basis@okx/
        WIF-USDT-SWAP`. Raises BadSetting naming the setting and what it may be.
        """
        policy = self
        for text in settings:
            policy = policy._with_setting(text)
        return policy

    @property
    def version(self) -> str:
        """A short hash that changes with anything that decides."""
        figures = [self.measured(kind) for kind in Kind]
        text = repr((self.profile, sorted(map(repr, self.overrides)), figures))
        return f"{self.profile}+{hashlib.blake2b(text.encode(), digest_size=3).hexdigest()}"

    def _ordered(self, name: str) -> list[Override]:
        return sorted((one for one in self.overrides if one.name == name), key=lambda o: o.rank)

    def _aimed(self, name: str, kind: Kind, universe: Universe) -> Numbers | None:
        """The value set for each instrument in particular, NaN where none is; None = nowhere."""
        aimed = [one for one in self._ordered(name) if one.aimed and one.kind in {None, kind}]
        if not aimed:
            return None
        column = np.full(universe.size, np.nan)
        for one in aimed:
            column[_rows(one, universe)] = one.value
        return column

    def _with_setting(self, text: str) -> Policy:
        name, separator, value = text.partition("=")
        if not separator:
            raise BadSetting(f"'{text}' is not NAME=VALUE", setting=text)
        name, _, aim = name.strip().partition("@")
        venue, _, symbol = aim.partition("/")
        name, _, kind_name = name.partition(".")
        kind = _kind(kind_name)
        if name == "profile":
            return replace(self, profile=_choice(value, Profile, "profile"))
        if name == "measure":
            kinds = [kind] if kind else [Kind.FUNDING, Kind.SPOT, Kind.BASIS]
            figure = _figure(value)
            return replace(self, measure={**self.measure, **dict.fromkeys(kinds, figure)})
        number = parse(name, value)
        limit(name).check(number, aimed=bool(venue))
        override = Override(name, number, kind, venue or None, symbol or None)
        return replace(self, overrides=(*self.overrides, override))


def limit(name: str) -> Limit:
    """The limit of that name. Raises BadSetting with near names."""
    if name not in LIMITS:
        near = get_close_matches(name, LIMITS, n=3)
        hint = f"near: {', '.join(near)}" if near else f"known: {', '.join(LIMITS)}"
        raise BadSetting(f"no limit is named '{name}'; {hint}", setting=name)
    return LIMITS[name]


def parse(name: str, text: str) -> float:
    """A limit's value from text such as `20s`, `15bp`, `0.5%`, `3`.

    A bare number is in the limit's own unit. Raises BadSetting with the units or the bounds.
    """
    known = limit(name)
    written = _WRITTEN[known.unit]
    found = _VALUE.fullmatch(text)
    if found is None or (found[2] and found[2] not in written):
        units = f", alone or with {', '.join(written)}" if written else ""
        raise BadSetting(f"{name}={text.strip()}: a number is expected{units}", setting=name)
    value = float(found[1]) * written.get(found[2], 1.0)
    known.check(value)
    return value


def _rows(override: Override, universe: Universe) -> Flags:
    rows = np.ones(universe.size, dtype=bool)
    if override.venue:
        rows &= universe.named("venue", [override.venue])
    if override.symbol:
        rows &= universe.named("symbol", [override.symbol])
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
    if text.strip() not in {"net", "net_announced"}:
        raise BadSetting(f"measure={text}: net or net_announced is expected", setting="measure")
    return text.strip()
