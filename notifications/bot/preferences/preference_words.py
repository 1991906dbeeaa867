"""Preferences in the reader's language: fields, choices and values, by the form's own names.

What has no words of its own here is written as the form says it, in English.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from accounts import vault
from accounts.preferences import Entry, Option
from accounts.wish_form import Shape
from arbedge.choices import VENUES, Switch
from arbedge.writing import THIN
from notifications.bot import words
from notifications.writing.languages import Style

MOST_LISTED: Final = 6
TOPIC: Final = "preferences"
_VENUE_FIELDS: Final = frozenset({"venues", "vip_levels"})


def title(language: str, name: str, english: str) -> str:
    """What a field or section is called."""
    return _own(language, f"titles.{name}") or english


def hint(language: str, entry: Entry) -> str:
    """What a field is for."""
    return _own(language, f"hints.{entry.name}") or entry.help


def choice(style: Style, entry: Entry, value: Any) -> str:
    """One choice of a field: `OKX`, `$1 k`, `every 5 min`."""
    own = _own(style.language, f"choices.{entry.name}.{value}")
    own = own or _own(style.language, f"choices.{value}")
    if own:
        return own
    if entry.name in _VENUE_FIELDS and value in VENUES:
        return vault.provider_name(value)
    if entry.unit == "USD":
        return style.money(float(value))
    if entry.unit == "h":
        return style.hours(value)
    return str(value).replace("_", " ")


def value(style: Style, entry: Entry, given: Any) -> str:
    """A field's value: `+0.15 %`, `OKX, Bybit`, `none`."""
    if given is None or (isinstance(given, list | dict) and not given):
        return _empty(style, entry)
    written = _WRITTEN.get(entry.kind, choice)
    return written(style, entry, given)


def number(style: Style, entry: Entry, given: float) -> str:
    """A number with its unit; fractions as per cent, signed where they may be negative."""
    if entry.kind is not Shape.FRACTION:
        return f"{style.plain(given)}{THIN}{entry.unit}".strip()
    places = 2 if round(given, 4) == given else 4
    signed = (entry.lowest or 0.0) < 0
    return style.percent(given, places) if signed else style.share(given, places)


def locked(option: Option) -> str:
    """What is written behind a choice that takes a higher tier: ` (Premium)`."""
    return f" ({option.need.value.capitalize()})" if option.need else ""


def meant(style: Style, entry: Entry, typed: str) -> str:
    """The text with the reader's own words for choices as the form calls them."""
    known = {_folded(choice(style, entry, one)): str(one) for one in _choices(entry)}
    if entry.kind not in {Shape.SEVERAL, Shape.ORDERED}:
        return known.get(_folded(typed), typed.strip())
    whole = known.get(_folded(typed))
    parts = (known.get(_folded(part), part.strip()) for part in typed.split(","))
    return whole or ", ".join(parts)


def flag(style: Style, entry: Entry, given: object) -> str:
    """Yes or no."""
    return choice(style, entry, "yes" if given else "no")


def _folded(text: str) -> str:
    return " ".join(text.replace(THIN, " ").casefold().split())


def _choices(entry: Entry) -> Sequence[Any]:
    flags = ["yes", "no"] if entry.kind is Shape.FLAG else []
    return [*(one.value for one in entry.choices), *entry.positions, *flags]


def _own(language: str, name: str) -> str:
    key = f"{TOPIC}.{name}"
    return words.say(language, key) if words.known(key) else ""


def _empty(style: Style, entry: Entry) -> str:
    named = _own(style.language, f"empty.{entry.name}") or _own(style.language, "empty.any")
    return named or style.unknown


def _listed(style: Style, entry: Entry, given: Sequence[Any]) -> str:
    named = [choice(style, entry, one) for one in given[:MOST_LISTED]]
    more = [f"+{len(given) - MOST_LISTED}"] if len(given) > MOST_LISTED else []
    return ", ".join([*named, *more])


def _by_option(style: Style, entry: Entry, given: Mapping[str, Any]) -> str:
    """Those that are not as they are for everybody: a level of a venue, a switch that is not on."""
    told = [
        f"{choice(style, entry, one)} {choice(style, entry, held)}"
        for one, held in given.items()
        if held not in (0, Switch.ON.value)
    ]
    if not told:
        return _empty(style, entry)
    more = [f"+{len(told) - MOST_LISTED}"] if len(told) > MOST_LISTED else []
    return ", ".join([*told[:MOST_LISTED], *more])


def _as_is(_style: Style, _entry: Entry, given: Any) -> str:
    return str(given)


_WRITTEN: Final[Mapping[Shape, Callable[[Style, Entry, Any], str]]] = {
    Shape.FRACTION: number, Shape.NUMBER: number, Shape.FLAG: flag, Shape.TIME: _as_is,
    Shape.SEVERAL: _listed, Shape.ORDERED: _listed, Shape.ASSETS: _listed,
    Shape.LEVELS: _by_option, Shape.SWITCHES: _by_option,
}  # fmt: skip
