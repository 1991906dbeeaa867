"""The buttons of a preference, by its shape: each is a line that says what it leads to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from accounts.preferences import Entry, Option
from accounts.wish_form import Shape
from accounts.wishes import clock_time
from arbedge.choices import Switch
from arbedge.writing import MINUS
from notifications.bot.preferences import preference_words
from notifications.bot.preferences.preference_changes import Deed, Form, chosen, offered, short
from notifications.bot.replies import Button, Rows, rows, ticked

PAGE: Final = 10
_DAY_MIN: Final = 24 * 60
_TIME_STEPS_MIN: Final = (-60, -15, 15, 60)
_STEPS: Final = {
    "min_net": (0.0005, 0.005), "min_apr": (0.01, 0.1), "min_confidence": (0.05, 0.2),
    "leverage": (0.5, 5.0),
}  # fmt: skip
_SPANS: Final = {
    "quiet": ("22:00-07:00", "23:00-07:00", "00:00-08:00"),
    "active": ("07:00-22:00", "08:00-20:00", "09:00-18:00"),
}


def of(known: Form, entry: Entry, page: int, part: str) -> Rows:
    """The buttons that change a field, or one part of it."""
    if part:
        return tuple(_of_part(known, entry, part))
    return tuple(_ROWS[entry.kind](known, entry, page))


def pages(entry: Entry) -> int:
    """How many pages the field's choices take."""
    return max(1, math.ceil(len(_paged(entry)) / PAGE))


def page_of(entry: Entry, option: str) -> int:
    """The page an option is on, from 1; the last one where it is there no more."""
    names = [str(one) for one in _paged(entry)]
    at = names.index(option) if option in names else len(names) - 1
    return 1 + max(0, at) // PAGE


def line(name: str, deed: Deed, raw: str = "") -> str:
    """A button's line."""
    return f"pref {name} {deed} {raw}".strip()


def _paged(entry: Entry) -> Sequence[Any]:
    if entry.kind is Shape.ASSETS:
        return list(entry.value)
    return [one.value for one in offered(entry)]


def _on_page(found: Sequence[Any], page: int) -> Sequence[Any]:
    return found[(page - 1) * PAGE : page * PAGE]


def _label(known: Form, entry: Entry, option: Option) -> str:
    return preference_words.choice(known.style, entry, option.value)


def _choice(known: Form, entry: Entry, page: int) -> Rows:
    return rows([
        Button(
            ticked(_label(known, entry, one), one.value == entry.value)
            + preference_words.locked(one),
            line(entry.name, Deed.SET, str(one.value)),
        )
        for one in _on_page(offered(entry), page)
    ])  # fmt: skip


def _several(known: Form, entry: Entry, page: int) -> Rows:
    held = chosen(known, entry)
    return rows([
        Button(
            ticked(_label(known, entry, one), one.value in held)
            + preference_words.locked(one),
            line(entry.name, Deed.FLIP, str(one.value)),
        )
        for one in _on_page(offered(entry), page)
    ])  # fmt: skip


def _ordered(known: Form, entry: Entry, page: int) -> Iterator[tuple[Button, ...]]:
    """What is chosen in its order, each with a way up, then what could be."""
    held = list(entry.value)
    shown = [*held, *(one.value for one in offered(entry) if one.value not in held)]
    for one in _on_page(shown, page):
        label = preference_words.choice(known.style, entry, one)
        if one in held:
            label = f"{held.index(one) + 1}. {label}"
        row = [Button(label, line(entry.name, Deed.FLIP, one))]
        if one in held[1:]:
            row.append(Button("▲", line(entry.name, Deed.UP, one)))
        yield tuple(row)


def _number(known: Form, entry: Entry, _: int) -> Rows:
    small, large = _STEPS.get(entry.name) or _nice(entry)
    moves = [(step, _moved(entry, step)) for step in (-large, -small, small, large)]
    return rows([
        Button(_step(known, entry, step), line(entry.name, Deed.SET, _plain(entry, target)))
        for step, target in moves if target != entry.value
    ], wide=4)  # fmt: skip


def _nice(entry: Entry) -> tuple[float, float]:
    """Steps of a field nobody named any for: a hundredth and a tenth of its span, made round."""
    span = (entry.highest or 1.0) - (entry.lowest or 0.0)
    power = 10.0 ** math.floor(math.log10(span / 100))
    return power, power * 10


def _moved(entry: Entry, step: float) -> float:
    target = round(float(entry.value) + step, 6)
    lowest = -math.inf if entry.lowest is None else entry.lowest
    highest = math.inf if entry.highest is None else entry.highest
    return min(max(target, lowest), highest)


def _step(known: Form, entry: Entry, step: float) -> str:
    if entry.kind is Shape.FRACTION:
        return known.style.percent(step)
    sign = "+" if step > 0 else MINUS
    return f"{sign}{preference_words.number(known.style, entry, abs(step))}"


def _plain(entry: Entry, target: float) -> str:
    return f"{target * 100:.10g}%" if entry.kind is Shape.FRACTION else f"{target:.10g}"


def _flag(known: Form, entry: Entry, _: int) -> Rows:
    return rows([
        Button(
            ticked(preference_words.flag(known.style, entry, one), entry.value is one),
            line(entry.name, Deed.SET, "yes" if one else "no"),
        )
        for one in (True, False)
    ])  # fmt: skip


def _time(known: Form, entry: Entry, _: int) -> Rows:
    if entry.value is None:
        spans = _SPANS[entry.name.partition("_")[0]]
        shown = [Button(one.replace("-", "–"), line(entry.name, Deed.SET, one)) for one in spans]
        return rows(shown, wide=3)
    hours, minutes = entry.value.split(":")
    at = int(hours) * 60 + int(minutes)
    return rows([
        Button(_later(known, step), line(entry.name, Deed.SET, clock_time((at + step) % _DAY_MIN)))
        for step in _TIME_STEPS_MIN
    ], wide=4)  # fmt: skip


def _later(known: Form, minutes: int) -> str:
    return f"{'+' if minutes > 0 else MINUS}{known.style.span(abs(minutes) * 60)}"


def _assets(_: Form, entry: Entry, page: int) -> Rows:
    return rows([
        Button(f"{MINUS} {one}", line(entry.name, Deed.FLIP, short(one)))
        for one in _on_page(entry.value, page)
    ], wide=3)  # fmt: skip


def _levels(known: Form, entry: Entry, page: int) -> Rows:
    return rows([
        Button(
            f"{_label(known, entry, one)}: {entry.value.get(str(one.value), 0)}",
            f"pref {entry.name}.{one.value}",
        )
        for one in _on_page(offered(entry), page)
    ])  # fmt: skip


def _switches(known: Form, entry: Entry, page: int) -> Rows:
    """Each kind of message with what it is at now; pressing leads to the next position."""
    shown = []
    for one in _on_page(offered(entry), page):
        held = entry.value.get(str(one.value), Switch.ON.value)
        after = entry.positions[(entry.positions.index(held) + 1) % len(entry.positions)]
        label = f"{_label(known, entry, one)}: {preference_words.choice(known.style, entry, held)}"
        shown.append(Button(label, line(f"{entry.name}.{one.value}", Deed.SET, after)))
    return rows(shown)


def _of_part(known: Form, entry: Entry, part: str) -> Rows:
    """What one option of the field may be at."""
    held: Any = entry.value.get(part, 0)
    values: Sequence[Any] = entry.positions
    if entry.kind is Shape.LEVELS:
        values = range(int(entry.lowest or 0), int(entry.highest or 0) + 1)
    else:
        held = entry.value.get(part, Switch.ON.value)
    return rows([
        Button(
            ticked(preference_words.choice(known.style, entry, one), one == held),
            line(f"{entry.name}.{part}", Deed.SET, str(one)),
        )
        for one in values
    ], wide=5)  # fmt: skip


_ROWS: Final[Mapping[Shape, Callable[[Form, Entry, int], Any]]] = {
    Shape.CHOICE: _choice, Shape.SEVERAL: _several, Shape.ORDERED: _ordered,
    Shape.FRACTION: _number, Shape.NUMBER: _number, Shape.FLAG: _flag, Shape.TIME: _time,
    Shape.ASSETS: _assets, Shape.LEVELS: _levels, Shape.SWITCHES: _switches,
}  # fmt: skip
