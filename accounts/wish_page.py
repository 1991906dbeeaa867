"""Preferences as the controls of a page, and what was entered as a change of preferences.

A control that comes back as it was shown changes nothing, so that writing a number differently on
the way to the page and back can never pass for a wish.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import QueryDict

from accounts import preferences, presets, standing, vault
from accounts.preferences import Entry, Option
from accounts.wish_form import FIELDS, Shape
from accounts.wish_rules import Who, fitted
from accounts.wishes import NAMES, Wish, plain, wish, with_values
from arbedge.choices import VENUES, Switch
from arbedge.errors import BadInput

LEAST_RANKS: Final = 3
WORDS: Final[Mapping[Any, str]] = {
    True: "yes", False: "no", "5min": "every 5 min", "15min": "every 15 min",
    "30min": "every 30 min", "immediate": "at once", "point": "1,234.5", "comma": "1.234,5",
    "space": "1 234,5", "ai": "AI",
} | {venue: vault.provider_name(venue) for venue in VENUES}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One option of a control with several: its own name in the form and what is chosen there."""

    name: str
    option: Option
    title: str
    value: str


@dataclass(frozen=True)
class Control:
    """One preference as the page shows it; `raw` is what its simple input holds."""

    entry: Entry
    raw: str
    parts: tuple[Part, ...]
    error: str

    @property
    def ranks(self) -> list[tuple[str, str]]:
        """For an ordered choice: a name and a value for each place, one of them free."""
        chosen = [part.value for part in self.parts]
        places = min(max(LEAST_RANKS, len(chosen) + 1), len(self.entry.choices))
        filled = [*chosen, *[""] * places][:places]
        return [(f"{self.entry.name}.{place}", value) for place, value in enumerate(filled, 1)]


@dataclass(frozen=True)
class Group:
    """Controls shown together."""

    name: str
    title: str
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class Change:
    """What a preset would change of one preference, in words."""

    title: str
    before: str
    after: str


def groups(
    user_id: int,
    now: datetime,
    posted: QueryDict | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[Group]:
    """The whole form: what is stored, or what was posted with what was wrong about it."""

    def control(entry: Entry) -> Control:
        raw = _raw(entry) if posted is None else _posted(entry, posted)
        return _control(entry, raw, errors or {})

    return [
        Group(section.name, section.title, tuple(map(control, section.fields)))
        for section in preferences.describe(user_id, now=now)
    ]


def changes(user_id: int, now: datetime, posted: QueryDict) -> dict[str, Any]:
    """What of the posted form differs from what it showed, as `preferences.change` takes it."""
    entries = [entry for one in preferences.describe(user_id, now=now) for entry in one.fields]
    raws = {entry.name: (_raw(entry), _posted(entry, posted)) for entry in entries}
    by_name = {entry.name: entry for entry in entries}
    return {
        name: _value(by_name[name], after)
        for name, (before, after) in raws.items()
        if before != after
    }


def preview(user_id: int, name: str, now: datetime) -> tuple[list[Change], tuple[str, ...]]:
    """What the preset would change, and what of it the tier lacks. Raises BadInput."""
    if name not in presets.PRESETS:
        raise BadInput(f"There is no preset {name[:40]}.", code="not_a_choice", field="preset")
    old = wish(preferences.of(user_id))
    who = Who(standing.known(user_id), now)
    new, left_out = fitted(with_values(old, presets.PRESETS[name]), who)
    differing = [one for one in NAMES if getattr(old, one) != getattr(new, one)]
    return [_change(one, old, new) for one in differing], left_out


def _change(name: str, old: Wish, new: Wish) -> Change:
    before, after = (words(name, plain(name, getattr(one, name))) for one in (old, new))
    return Change(FIELDS[name].title, before, after)


def words(name: str, value: Any) -> str:
    """A preference's value for people."""
    one = FIELDS[name]
    if value is None or value == []:
        return "all" if one.shape is Shape.SEVERAL else "none"
    if isinstance(value, list):
        return ", ".join(_title(part) for part in value)
    if one.shape is Shape.FRACTION:
        return f"{_percent(value)} %"
    return f"{_title(value)} {one.unit}".strip()


def _title(value: Any) -> str:
    if isinstance(value, str | bool) and value in WORDS:
        return WORDS[value]
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("_", " ")


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.6g}"


# What a control holds: a text, a list of texts, or a text for each option.
Raw = str | list[str] | dict[str, str]


def _raw(entry: Entry) -> Raw:
    """What the control shows for the stored value."""
    value = entry.value
    if entry.kind in {Shape.SEVERAL, Shape.ORDERED}:
        return [str(one) for one in value or ()]
    if entry.kind in {Shape.LEVELS, Shape.SWITCHES}:
        unset = 0 if entry.kind is Shape.LEVELS else Switch.ON.value
        return {str(one.value): str(value.get(str(one.value), unset)) for one in _offered(entry)}
    return _text(entry.kind, value)


def _text(kind: Shape, value: Any) -> str:
    if value is None:
        return ""
    match kind:
        case Shape.FRACTION:
            return _percent(value)
        case Shape.FLAG:
            return "on" if value else ""
        case Shape.ASSETS:
            return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _posted(entry: Entry, posted: QueryDict) -> Raw:
    """What came back of the control."""
    name = entry.name
    match entry.kind:
        case Shape.SEVERAL:
            return posted.getlist(name)
        case Shape.ORDERED:
            places = (
                posted.get(f"{name}.{place}", "") for place in range(1, len(entry.choices) + 1)
            )
            return [one for one in places if one]
        case Shape.LEVELS | Shape.SWITCHES:
            before = _raw(entry)
            assert isinstance(before, dict)
            return {key: posted.get(f"{name}.{key}", held).strip() for key, held in before.items()}
        case Shape.FLAG:
            return "on" if posted.get(name) else ""
        case Shape.ASSETS:
            return posted.get(name, "").strip()
    return posted.get(name, "").strip()


def _value(entry: Entry, raw: Raw) -> Any:
    """What `preferences.change` is told: none chosen of several is all of them."""
    if entry.kind is Shape.SEVERAL:
        return raw or None
    if entry.kind is Shape.LEVELS and isinstance(raw, dict):
        return {**entry.value, **{key: one or "0" for key, one in raw.items()}}
    if entry.kind is Shape.FRACTION and isinstance(raw, str):
        return f"{raw.rstrip('% ')} %" if raw else raw
    return raw


def _offered(entry: Entry) -> list[Option]:
    """Venues people can do something with here, and those they have chosen."""
    if entry.name not in {"venues", "vip_levels"}:
        return list(entry.choices)
    here = {*settings.VENUES, *settings.EXTRA_VENUES, *(entry.value or ())}
    return [one for one in entry.choices if one.value in here]


def _told(entry: Entry, errors: Mapping[str, str]) -> str:
    """What is wrong with a control; limits of fractions in per cent, as the page takes them."""
    told = [text for name, text in errors.items() if name.partition(".")[0] == entry.name]
    if told and entry.kind is Shape.FRACTION:
        lowest, highest = (_percent(limit or 0.0) for limit in (entry.lowest, entry.highest))
        return f"{entry.title}: a number from {lowest} to {highest} per cent."
    return " ".join(told)


def _control(entry: Entry, raw: Raw, errors: Mapping[str, str]) -> Control:
    error = _told(entry, errors)
    if isinstance(raw, str):
        parts = tuple(
            Part(entry.name, one, _title(one.value), "on" if str(one.value) == raw else "")
            for one in _offered(entry)
        )
        return Control(entry, raw, parts, error)
    if isinstance(raw, dict):
        parts = tuple(
            Part(f"{entry.name}.{one.value}", one, _title(one.value), raw[str(one.value)])
            for one in _offered(entry)
        )
        return Control(entry, "", parts, error)
    if entry.kind is Shape.ORDERED:
        ranked = tuple(Part(entry.name, Option(one, one), one, one) for one in raw)
        return Control(entry, "", ranked, error)
    parts = tuple(
        Part(entry.name, one, _title(one.value), "on" if str(one.value) in raw else "")
        for one in _offered(entry)
    )
    return Control(entry, "", parts, error)
