"""What the bot answers, as plain data: texts, buttons and pictures, kept until they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: a command's line ("mute WIF 4"), or the address of a page."""

    label: str
    line: str = ""
    url: str = ""


Rows = tuple[tuple[Button, ...], ...]
LONGEST_LINE: Final = 64  # bytes (core.telegram.org/bots/api#inlinekeyboardbutton)
TICK: Final = "✓"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its name in `bot.pictures` and its arguments; it is drawn when it is sent."""

    name: str
    args: tuple[str, ...] = ()


class Wants(StrEnum):
    """What the reader's keyboard offers below a message; a location is asked for by a button of
    the keyboard itself."""

    NOTHING = ""
    LOCATION = "location"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Reply:
    """One message. `text` is Telegram's HTML with everything from outside escaped.

    Pressed buttons have their message edited in place unless `new`. `toast` is told on the button
    itself (`alert`: in a window to be closed). `more` are messages after this one.
    """

    text: str = ""
    rows: Rows = ()
    picture: Picture | None = None
    new: bool = False
    toast: str = ""
    alert: bool = False
    wants: Wants = Wants.NOTHING
    more: tuple[Reply, ...] = ()

    def then(self, *others: Reply) -> Reply:
        """The same with these after it."""
        return replace(self, more=(*self.more, *others))


def rows(buttons: Sequence[Button], wide: int = 2) -> Rows:
    """Buttons in rows of at most `wide`."""
    return tuple(tuple(buttons[at : at + wide]) for at in range(0, len(buttons), wide))


def in_rows(*each: Sequence[Button]) -> Rows:
    """These rows, empty ones left out."""
    return tuple(tuple(row) for row in each if row)


def fitting(label: str, *words: object) -> tuple[Button, ...]:
    """A button whose line is these words; none where Telegram takes no line so long, or a word
    from outside holds a space and would be read as two."""
    told = [str(word) for word in words]
    line = " ".join(told)
    whole = line.split() == told and len(line.encode()) <= LONGEST_LINE
    return (Button(label, line),) if whole else ()


def turns(page: int, pages: int, *words: object, between: Sequence[Button] = ()) -> list[Button]:
    """The ways to the pages beside this one, as far as there are such; `words` are the line of a
    page without its number, `between` stands in the middle."""
    back = fitting(f"‹ {page - 1}/{pages}", *words, page - 1) if page > 1 else ()
    on = fitting(f"› {page + 1}/{pages}", *words, page + 1) if page < pages else ()
    return [*back, *between, *on]


def ticked(label: str, on: object) -> str:
    """The label of a choice, with a tick where it is chosen."""
    return f"{TICK} {label}" if on else label


def html(text: str) -> SafeString:
    """A text of ours that is HTML already, to be put into another one."""
    return mark_safe(text)  # noqa: S308  (a text of our own, its values escaped)
