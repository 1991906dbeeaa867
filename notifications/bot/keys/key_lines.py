"""Keys as people type them into a chat: read into parts that show themselves to nobody.

Nothing here raises: an error would carry the text it was raised over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.views.decorators.debug import sensitive_variables

from arbedge.hidden import Hidden

FIELDS: Final = ("key", "secret", "passphrase")
_NAMED: Final = re.compile(
    r"(?:(?:api[ _-]?)?(?:key|secret)(?:[ _-]?key)?|pass(?:phrase|word)?)\s*[:=]\s*(\S.*)",
    re.IGNORECASE,
)
_BEGINS: Final = "-----BEGIN "
_ENDS: Final = "-----END "
# How keys of AI providers and of Bitget begin, and private keys; OKX has UUIDs.
_BEGINNINGS: Final = re.compile(r"-----BEGIN |\bsk-[\w-]{16,}|\bbg_[0-9a-f]{16,}", re.IGNORECASE)
_UUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z0-9+/=_-]{18,}")
_SORTS: Final = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"))
_HEX: Final = re.compile(r"[0-9a-fA-F]{24,}")
_PUBLIC: Final = re.compile(r"https?://\S+|\b0x[0-9a-fA-F]+")  # pages, contracts, transactions
_ASKED: Final = re.compile(r"/setup_(?:exchange|ai)\b")


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed as a key; parts nobody asked for are empty."""

    key: Hidden
    secret: Hidden
    passphrase: Hidden


@sensitive_variables()
def read(text: str, wanted: int) -> Typed | None:
    """The key in the lines of a message; None where it has not as many lines as are `wanted`.

    Names before a colon ("API key: …") are dropped, a private key in PEM counts as one line, and
    one line of as many words will do.
    """
    lines = _lines(text)
    if len(lines) == 1 and wanted > 1:
        lines = lines[0].split()
    if len(lines) != wanted:
        return None
    parts = [Hidden(_bare(line)) for line in lines]
    return Typed(*parts, *[Hidden("")] * (len(FIELDS) - wanted))


@sensitive_variables()
def looks_like_a_key(text: str) -> bool:
    """Whether a text seems to hold a key or a secret; an address of a coin may look like one."""
    left = _PUBLIC.sub(" ", text)
    if _BEGINNINGS.search(left) or _UUID.search(left):
        return True
    return any(_random(word) for word in _WORD.findall(left))


@sensitive_variables()
def surely_a_key(text: str) -> bool:
    """Whether a text is a key beyond doubt, so that a message of another may be deleted for it.

    It begins as keys do, goes with the command that adds one, or is a key above its secret.
    """
    left = _PUBLIC.sub(" ", text)
    if _BEGINNINGS.search(left):
        return True
    if _ASKED.search(left) and looks_like_a_key(left):
        return True
    lines = [_bare(line) for line in _lines(left)]
    keys = [line for line in lines if " " not in line and looks_like_a_key(line)]
    return 1 < len(keys) <= len(lines) <= len(FIELDS)


def _random(word: str) -> bool:
    """Long words of letters and digits that no language has."""
    if _HEX.fullmatch(word) and not word.isdigit():
        return True
    return all(sort.search(word) for sort in _SORTS)


@sensitive_variables()
def _lines(text: str) -> list[str]:
    """The lines that hold something, those of a private key as one."""
    lines: list[str] = []
    inside = False
    for line in text.strip().splitlines():
        if inside:
            lines[-1] += f"\n{line.strip()}"
        elif line.strip():
            lines.append(line.strip())
            inside = _BEGINS in line
        inside = inside and _ENDS not in line
    return lines


def _bare(line: str) -> str:
    found = _NAMED.fullmatch(line)
    return found.group(1) if found else line
