"""What the bot answers, as plain data: texts, buttons and pictures, kept until they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: a command's line ("mute WIF 4"), or the address of a page."""

    label: str
    line: str = ""
    url: str = ""


Rows = tuple[tuple[Button, ...], ...]


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
