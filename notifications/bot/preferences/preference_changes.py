"""What a button or a typed text makes of a preference, as `accounts.preferences` takes changes.

Buttons name the value they lead to, not a step from where one is, so that an old message's button
does what is written on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final
from zlib import crc32

from django.conf import settings

from accounts import preferences, wish_values
from accounts.preferences import Entry, Option
from accounts.wish_form import LONGEST_ASSET, Shape
from accounts.wish_rules import PAIRS
from accounts.wishes import clock_time
from arbedge.choices import Experience, mask
from arbedge.errors import BadInput
from arbedge.names import Shelf
from notifications.bot.asks import Ask
from notifications.bot.market import viewers
from notifications.bot.preferences import hours, preference_words
from notifications.writing.languages import Style

Changes = dict[str, Any]

_USUAL: Final = {
    "active_from_min": "08:00", "active_to_min": "22:00",
    "quiet_from_min": "23:00", "quiet_to_min": "07:00",
}  # fmt: skip
_LISTS: Final = frozenset({Shape.SEVERAL, Shape.ORDERED, Shape.ASSETS})
_OF_PARTS: Final = frozenset({Shape.LEVELS, Shape.SWITCHES})
_OF_VENUES: Final = frozenset({"venues", "vip_levels"})


class Deed(StrEnum):
    """What a button does to a field."""

    SET = "set"
    FLIP = "flip"
    UP = "up"
    NONE = "none"
    DEFAULT = "default"
    PAGE = "page"


@dataclass(frozen=True)
class Form:
    """Every preference of a person, by name, and how the reader's figures are written."""

    style: Style
    entries: Mapping[str, Entry]
    sections: tuple[preferences.Section, ...]

    def entry(self, name: str) -> Entry:
        """The field of this name. Raises BadInput (unknown_field) naming the nearest."""
        return self.entries[wish_values.known(name).name]

    def part(self, name: str) -> tuple[Entry, str]:
        """The field and the part of it that a name like "switches.opened" means, "" for none.

        Raises BadInput (unknown_field, not_a_choice).
        """
        base, _, part = name.partition(".")
        entry = self.entry(base)
        parts = [str(one.value) for one in entry.choices] if entry.kind in _OF_PARTS else []
        if part and part not in parts:
            text = f"{entry.title} has no part “{part[:32]}”."
            raise BadInput(text, code="not_a_choice", field=base, limit=parts)
        return entry, part


def form(ask: Ask) -> Form:
    """The form of whoever asks, with what was changed a moment ago."""
    ask.read.clear()
    return form_of(ask, ask.user.pk)


def form_of(ask: Ask, user_id: int) -> Form:
    """The form of a person as whoever asks reads it."""
    sections = preferences.describe(user_id, now=ask.now)
    entries = {one.name: one for section in sections for one in section.fields}
    return Form(ask.style(), entries, sections)


def offered(entry: Entry) -> list[Option]:
    """The choices people can do something with: of venues those watched here, and those chosen."""
    if entry.name not in _OF_VENUES:
        return list(entry.choices)
    here = {*settings.VENUES, *settings.EXTRA_VENUES, *(entry.value or ())}
    return [one for one in entry.choices if one.value in here]


def chosen(known: Form, entry: Entry) -> list[Any]:
    """What counts as chosen now: where nothing was, all the person may have; of shelves those that
    suit the experience."""
    if entry.value is not None:
        return list(entry.value)
    allowed = [one.value for one in offered(entry) if one.allowed]
    if entry.name != "shelves":
        return allowed
    suited = viewers.SUITED[Experience(known.entries["experience"].value)]
    return [one for one in allowed if mask([str(one)], Shelf) & suited]


def pressed(known: Form, name: str, deed: Deed, raw: str) -> Changes:
    """What a button changes. `name` may have a part: "switches.opened"."""
    entry, part = known.part(name)
    if deed is Deed.SET:
        return {name: raw} if part else _set(known, entry, raw)
    if deed is Deed.FLIP and entry.kind in _LISTS:
        return {entry.name: _flipped(known, entry, raw)}
    if deed is Deed.UP and entry.kind is Shape.ORDERED:
        return {entry.name: _raised(entry, raw)}
    if deed is Deed.NONE:
        return _emptied(entry)
    if deed is not Deed.DEFAULT:
        raise BadInput(f"{entry.title} is no list.", code="bad_value", field=entry.name)
    return {one: known.entries[one].default for one in (entry.name, *_partner(entry.name))}


def typed(known: Form, name: str, text: str) -> Changes:
    """What a typed text changes. Raises BadInput where it has not the field's shape."""
    entry, part = known.part(name)
    told = preference_words.meant(known.style, entry, text)
    if part:
        return {name: told}
    reading = _TYPED.get(entry.kind)
    return _set(known, entry, told) if reading is None else reading(known, entry, told)


def short(coin: str) -> str:
    """A coin for a button, whose line is short: its name, or a digest of a long one."""
    return coin if len(coin.encode()) <= LONGEST_ASSET else f"#{crc32(coin.encode()):x}"


def _set(known: Form, entry: Entry, raw: str) -> Changes:
    if entry.kind is Shape.TIME:
        return _times(known, entry, raw)
    if entry.kind is Shape.FRACTION:
        return {entry.name: per_cent(raw)}
    if entry.kind is Shape.NUMBER:
        return {entry.name: raw.rstrip("x× ")}
    return {entry.name: raw}


def per_cent(raw: str) -> str:
    """What people write as per cent, as a fraction: they write 0.3 for 0.3 %. What is no number
    stays as it is."""
    text = raw.rstrip("% ").replace("−", "-").replace(",", ".")
    try:
        return str(Decimal(text) / 100)
    except InvalidOperation:
        return raw


def _times(known: Form, entry: Entry, raw: str) -> Changes:
    """Both ends of a pair, where both are told or the other has none yet."""
    partner = _partner(entry.name)
    if not partner:
        return {entry.name: raw}
    if (span := hours.span(raw)) is not None:
        return dict(zip(pair(entry.name), map(clock_time, span), strict=True))
    other = partner[0]
    needed = {} if known.entries[other].value is not None else {other: _USUAL[other]}
    return {entry.name: raw, **needed}


def pair(name: str) -> tuple[str, ...]:
    """Both ends of the hours a time belongs to; itself alone where it has no other end."""
    return next((both for both in PAIRS if name in both), (name,))


def _partner(name: str) -> Sequence[str]:
    return [one for one in pair(name) if one != name]


def _emptied(entry: Entry) -> Changes:
    empty: Any = [] if entry.kind in {Shape.ASSETS, Shape.ORDERED} else None
    empty = {} if entry.kind in {Shape.LEVELS, Shape.SWITCHES} else empty
    return {entry.name: empty} | dict.fromkeys(_partner(entry.name))


def _flipped(known: Form, entry: Entry, raw: str) -> Any:
    """The list with one taken in or out. All of what there is is written as all, so that what is
    added to the product later belongs to it."""
    if entry.kind is Shape.ASSETS:
        return [one for one in entry.value if raw not in {one, short(one)}]
    held = chosen(known, entry)
    kept = [one for one in held if one != raw] if raw in held else [*held, raw]
    every = {one.value for one in offered(entry) if one.allowed}
    return None if entry.name in {"kinds", "venues"} and set(kept) == every else kept


def _raised(entry: Entry, raw: str) -> list[Any]:
    held = list(entry.value)
    if raw not in held or held[0] == raw:
        return held
    at = held.index(raw)
    held[at - 1], held[at] = held[at], held[at - 1]
    return held


def _coins(_: Form, entry: Entry, text: str) -> Changes:
    """Coins are added; those with a minus are taken out."""
    words = text.replace(",", " ").replace("−", "-").split()
    gone = {word[1:].upper() for word in words if word.startswith("-")}
    added = [word.lstrip("$#+") for word in words if not word.startswith("-")]
    return {entry.name: [*(one for one in entry.value if one not in gone), *added]}


def _part(known: Form, entry: Entry, text: str) -> Changes:
    """`okx 3`, `closed silent`: an option and what is chosen there."""
    option, _, told = text.strip().rpartition(" ")
    if not option:
        raise BadInput(
            f"{entry.title}: write a name and a value.", code="bad_value", field=entry.name,
            limit="name value",
        )  # fmt: skip
    meant = preference_words.meant
    return {f"{entry.name}.{meant(known.style, entry, option)}": meant(known.style, entry, told)}


_TYPED: Final[Mapping[Shape, Callable[[Form, Entry, str], Changes]]] = {
    Shape.ASSETS: _coins,
    Shape.LEVELS: _part,
    Shape.SWITCHES: _part,
}
