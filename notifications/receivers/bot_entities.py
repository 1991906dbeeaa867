"""What Telegram finds in a text people typed: commands, mentions, tags of coins, addresses."""

from __future__ import annotations

import re
from typing import Any, Final

from notifications.receivers.bot_text import units

_FOUND: Final = {
    "bot_command": re.compile(
        r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{1,32})?(?![\w/<>])"
    ),
    "url": re.compile(r"https?://[^\s<>]+"),
    "mention": re.compile(r"(?<![\w/@.])@[A-Za-z0-9_]{3,32}\b"),
    "hashtag": re.compile(r"(?<![\w#])#[^\W\d]\w{0,255}"),
    "cashtag": re.compile(r"(?<![\w$])\$[A-Z]{1,8}\b"),
}


def entities(text: str) -> list[dict[str, Any]]:
    """The entities by offset in units of UTF-16; what lies inside another is left out."""
    found = sorted(
        (match.start(), match.end(), kind)
        for kind, pattern in _FOUND.items()
        for match in pattern.finditer(text)
    )
    kept: list[dict[str, Any]] = []
    end = 0
    for start, stop, kind in found:
        if start >= end:
            end = stop
            offset, length = units(text[:start]), units(text[start:stop])
            kept.append({"type": kind, "offset": offset, "length": length})
    return kept


def command(text: str) -> tuple[str, str]:
    """The command a text begins with and the bot it names, ("", "") where it is none."""
    found = _FOUND["bot_command"].match(text)
    if found is None:
        return "", ""
    name, _, bot = found[0].partition("@")
    return name, bot
