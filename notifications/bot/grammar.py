"""Arguments of commands: what each may be, how they are read, how their usage is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from arbedge.choices import VENUES
from arbedge.errors import BadInput

LONGEST_COIN: Final = 48  # the longest name of a coin there is
MOST_HOURS: Final = 24 * 365
LONGEST_TEXT: Final = 1000
_UNCLEAR: Final = re.compile(r"[+−-]?[1-9]\d{0,2},\d{3}%?")

Read = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument: `read` makes a value of its word or raises BadInput; `rest` takes all that is
    left of the line. `shown` is how the usage writes it, the name where it is empty; what only
    buttons say is not `told`."""

    name: str
    read: Read
    optional: bool = False
    rest: bool = False
    shown: str = ""
    told: bool = True

    @property
    def usage(self) -> str:
        """`COIN`, or `[COIN]` where it may be left out."""
        text = self.shown or self.name.upper()
        return f"[{text}]" if self.optional else text


def parse(args: Sequence[Arg], line: str) -> dict[str, Any]:
    """The values of a line by name; what was left out is None.

    Raises BadInput (missing_argument, too_many_arguments, or what a reader says) that names the
    field.
    """
    values: dict[str, Any] = {one.name: None for one in args}
    left = line.strip()
    for one in args:
        word, left = (left, "") if one.rest else _first(left)
        if not word:
            if one.optional:
                continue
            raise BadInput(f"{one.usage} is missing.", code="missing_argument", field=one.name)
        values[one.name] = one.read(word)
    if left:
        text = f"“{left[:32]}” is more than this command takes."
        raise BadInput(text, code="too_many_arguments", field="", value=left[:32])
    return values


def usage(name: str, args: Sequence[Arg]) -> str:
    """`/mute COIN|VENUE [HOURS]`."""
    return " ".join([f"/{name}", *(one.usage for one in args if one.told)])


def _first(text: str) -> tuple[str, str]:
    """The first word, whatever space or line break ends it, and what is left."""
    word, *left = text.split(maxsplit=1) or [""]
    return word, "".join(left)


# Readers


def coin(word: str) -> str:
    """A coin's ticker in capitals; $ and # before it are dropped. Raises BadInput (bad_coin)."""
    text = word.lstrip("$#").upper()
    if not 0 < len(text) <= LONGEST_COIN or not text.isprintable():
        raise BadInput("This is no coin.", code="bad_coin", field="coin", limit=LONGEST_COIN,
                       value=word[:32])  # fmt: skip
    return text


def venue(word: str) -> str:
    """A venue by its own name. Raises BadInput (bad_venue)."""
    text = word.lower()
    if text not in VENUES:
        raise BadInput("This is no venue we know.", code="bad_venue", field="venue",
                       value=word[:32], choices=list(VENUES))  # fmt: skip
    return text


def one_of(*choices: str) -> Read:
    """A reader that takes one of these words. It raises BadInput (bad_choice)."""

    def read(word: str) -> str:
        text = word.lower()
        if text not in choices:
            told = f"One of {', '.join(choices)} is meant to be here."
            raise BadInput(told, code="bad_choice", field="choice", value=word[:32],
                           choices=list(choices))  # fmt: skip
        return text

    return read


def whole(lowest: int, highest: int) -> Read:
    """A reader of whole numbers between these. It raises BadInput (bad_number)."""

    def read(word: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,18}", word) or not lowest <= int(word) <= highest:
            raise _no_number(word, lowest, highest)
        return int(word)

    return read


def number(lowest: float, highest: float) -> Read:
    """A reader of numbers, with point or comma, and with % for hundredths. It raises BadInput
    (bad_number; unclear_number for 200,000, which is two hundred to half of the world)."""

    def read(word: str) -> float:
        if _UNCLEAR.fullmatch(word):
            told = f"“{word[:32]}” can be read in two ways. Write it without a comma."
            raise BadInput(told, code="unclear_number", field="number", value=word[:32])
        text = word.replace("−", "-").replace(",", ".")
        hundredths = text.endswith("%")
        try:
            value = float(text.removesuffix("%"))
        except ValueError:
            raise _no_number(word, lowest, highest) from None
        value = value / 100 if hundredths else value
        if not lowest <= value <= highest:
            raise _no_number(word, lowest, highest)
        return value

    return read


def hours(word: str) -> int:
    """Hours: `4`, `4h`, `2d`. Raises BadInput (bad_number)."""
    text = word.lower()
    days = text.endswith("d")
    found = whole(1, MOST_HOURS // 24 if days else MOST_HOURS)(text.rstrip("hd"))
    return int(found) * (24 if days else 1)


def text(word: str) -> str:
    """Free text of bounded length. Raises BadInput (too_long)."""
    if len(word) > LONGEST_TEXT:
        told = f"This is longer than {LONGEST_TEXT} characters."
        raise BadInput(told, code="too_long", field="text", limit=LONGEST_TEXT)
    return word


def _no_number(word: str, lowest: float, highest: float) -> BadInput:
    told = f"A number from {lowest:g} to {highest:g} is meant to be here."
    details: Mapping[str, Any] = {"value": word[:32], "lowest": lowest, "highest": highest}
    return BadInput(told, code="bad_number", field="number", **details)
