"""Texts made to fit: shorter, on one line, and never cut inside a character reference."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

ELLIPSIS: Final = "…"
SPACE: Final = re.compile(r"\s+")
UNSHOWN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
JOINERS: Final = "\u200d\u2060"
UNFINISHED: Final = re.compile(r"&#?\w{0,8}$")


def one_line(text: str, limit: int) -> str:
    """The text without control characters, on one line, at most `limit` characters."""
    letters = (one if _is_shown(one) else " " for one in text)
    return shortened(SPACE.sub(" ", "".join(letters)).strip(), limit)


def shortened(text: str, limit: int) -> str:
    """The text itself where it fits; else its beginning up to a line or word, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = UNFINISHED.sub("", text[: limit - len(ELLIPSIS)])
    ends = [cut.rfind(end) for end in ("\n", " ")]
    at = next((end for end in ends if end >= len(cut) * 0.7), len(cut))
    return cut[:at].rstrip() + ELLIPSIS


def pieces(text: str, limit: int, most: int) -> list[str]:
    """The text in at most `most` pieces of at most `limit`, cut at lines where there are any."""
    found: list[str] = []
    while text and len(found) < most - 1 and len(text) > limit:
        cut = UNFINISHED.sub("", text[:limit])
        at = cut.rfind("\n")
        at = at if at > 0 else len(cut)
        found.append(text[:at])
        text = text[at:].lstrip("\n")
    return [*found, shortened(text, limit)] if text else found


def joined(parts: Iterable[str], glue: str, limit: int) -> str:
    """As many whole parts as fit, the first ones first: a link cut in two is worse than none."""
    text = ""
    for part in parts:
        longer = f"{text}{glue}{part}" if text else part
        if len(longer) > limit:
            break
        text = longer
    return text


def says(text: str, title: str) -> bool:
    """Whether the text begins with its title, however a channel has escaped and marked it."""
    return _letters(html.unescape(text)).startswith(_letters(title))


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _is_shown(letter: str) -> bool:
    """Control characters and those that turn the direction of a line are not; joiners stay: some
    keep an emoji in one piece, some keep a name from being taken for a link."""
    return letter in JOINERS or unicodedata.category(letter) not in UNSHOWN
