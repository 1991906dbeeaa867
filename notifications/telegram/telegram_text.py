"""Telegram's HTML made to fit: cut at lines or words, never inside a tag or a character reference.

Telegram counts a text without its tags, in units of UTF-16: 4096 in a message, 1024 in a caption
(core.telegram.org/bots/api#sendmessage).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final

LONGEST_TEXT: Final = 4096
LONGEST_CAPTION: Final = 1024
MORE: Final = "…"
LINE_SHARE: Final = 0.6  # a line's end is preferred to a word's where so much of a piece is full
_MARK: Final = r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)[^<>]*>|&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);"
_ATOM: Final = re.compile(_MARK + r"|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is never cut: a tag, a reference or a letter."""

    raw: str
    units: int = 0
    opens: str = ""
    closes: str = ""


def units(text: str) -> int:
    """The length of a text without tags, as Telegram counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def length(text: str) -> int:
    """The length of a text with tags, as Telegram counts it."""
    return units(plain(text))


def plain(text: str) -> str:
    """The text without its tags and references."""
    return "".join(html.unescape(mark[0]) for mark in _ATOM.finditer(text) if not mark[2])


def fit(text: str, limit: int = LONGEST_TEXT) -> str:
    """The text itself where it is no longer than `limit`, else its beginning with an ellipsis."""
    if length(text) <= limit:
        return text
    atoms = _atoms(text)
    return _closed(atoms[: _end(atoms, limit - units(MORE))], MORE)


def pieces(text: str, limit: int = LONGEST_TEXT) -> list[str]:
    """The whole text in pieces of at most `limit`; tags that go on are opened again."""
    found: list[str] = []
    left = _atoms(text)
    while any(atom.units for atom in left):
        end = _end(left, limit)
        found.append(_closed(left[:end]))
        again = _open(left[:end])
        while end < len(left) and left[end].raw.isspace():
            end += 1
        left = [*again, *left[end:]]
    return found


def _atoms(text: str) -> list[_Atom]:
    return [_atom(mark) for mark in _ATOM.finditer(text)]


def _atom(mark: re.Match[str]) -> _Atom:
    if not mark[2]:
        shown = html.unescape(mark[0]) if len(mark[0]) > 1 else mark[0]
        return _Atom(mark[0], units(shown))
    tag = mark[2].lower()
    return _Atom(mark[0], closes=tag) if mark[1] else _Atom(mark[0], opens=tag)


def _end(atoms: list[_Atom], limit: int) -> int:
    """How many atoms go into a piece: all, or up to the best place to cut; never none."""
    used = line = word = 0
    for at, atom in enumerate(atoms):
        if used and atom.raw.isspace():
            word = at
            line = at if atom.raw == "\n" and used >= LINE_SHARE * limit else line
        if used + atom.units > limit:
            return line or word or (at if used else at + 1)
        used += atom.units
    return len(atoms)


def _open(atoms: list[_Atom]) -> list[_Atom]:
    """The tags still open after these atoms."""
    found: list[_Atom] = []
    for atom in atoms:
        if atom.opens:
            found.append(atom)
        elif atom.closes and found:
            found.pop()
    return found


def _closed(atoms: list[_Atom], more: str = "") -> str:
    ends = "".join(f"</{atom.opens}>" for atom in reversed(_open(atoms)))
    return "".join(atom.raw for atom in atoms).rstrip() + more + ends
