"""Buttons of messages that speak to the bot: a command's line that knows which message it was.

`+why 12` asks the bot so that the message with the button stays and the answer is a new one;
`+why 12~345` says besides that the button was that of delivery 345, for counting. Neither proves
anything: whoever presses may do what the line says, or he may not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from telegram.constants import InlineKeyboardButtonLimit

LONGEST: Final = int(InlineKeyboardButtonLimit.MAX_CALLBACK_DATA)  # bytes
_READ: Final = re.compile(r"\+(.*?)(?:~([1-9][0-9]{0,17}))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button says. `anew`: its message stays; `delivery_id` is 0 where it tells none."""

    line: str
    anew: bool = False
    delivery_id: int = 0


def written(delivery_id: int, line: str) -> str:
    """The data of a message's button; "" where it is longer than Telegram takes."""
    data = f"+{line}~{delivery_id}"
    return data if line and len(data.encode()) <= LONGEST else ""


def read(data: str) -> Pressed:
    """What the data of a pressed button says."""
    found = _READ.fullmatch(data)
    if found is None:
        return Pressed(data)
    line, delivery_id = found.groups()
    return Pressed(line, anew=True, delivery_id=int(delivery_id or 0))
