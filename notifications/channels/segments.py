"""SMS lengths: how many segments a text costs, and how it is made to cost no more than three.

A segment carries 160 letters of GSM-7 (some count twice), or 70 UTF-16 units where one letter is
not in that alphabet; 153 and 67 where there are several (GSM 03.38, 3GPP TS 23.038).
"""

from __future__ import annotations

from typing import Final

from notifications.channels.fitting import SPACE

MOST: Final = 3
SINGLE_GSM, PART_GSM = 160, 153
SINGLE_UCS2, PART_UCS2 = 70, 67
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")
# Typography that would more than double the price of a message.
PLAIN: Final = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‑": "-", "…": "...", "’": "'", "‘": "'", "“": '"',
        "”": '"', "→": "->", "↑": "+", "↓": "-", "·": ".", "•": "-", "×": "x", "≥": ">=",
        "≤": "<=", "▲": "", "▼": "", "●": "", "■": "", "🟢": "", "⚠": "!", "ℹ": "", "\ufe0f": "",
        "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u200b": "", "\t": " ",
        "á": "a", "í": "i", "ó": "o", "ú": "u", "ê": "e", "â": "a", "î": "i", "ô": "o", "û": "u",
        "ë": "e", "ï": "i", "ç": "c", "œ": "oe", "À": "A", "È": "E", "Ê": "E", "Á": "A", "Í": "I",
        "Ó": "O", "Ú": "U",
    }
)  # fmt: skip


def plain(text: str) -> str:
    """The text in cheap letters: typography and accents GSM-7 lacks become what they look like."""
    lines = (SPACE.sub(" ", line).strip() for line in text.translate(PLAIN).splitlines())
    return "\n".join(line for line in lines if line)


def segments(text: str) -> int:
    """How many segments the text costs; letters that count twice are not split between two."""
    widths = _widths(text)
    single, part = _sizes(text)
    if sum(widths) <= single:
        return 1
    count, left = 0, 0
    for width in widths:
        if width > left:
            count, left = count + 1, part
        left -= width
    return count


def fit(text: str, tail: str = "") -> str:
    """The text, cut at a word and ended with dots where text and tail cost more than three."""
    if segments(text + tail) <= MOST:
        return text + tail
    low, high = 0, len(text)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        if segments(text[:middle].rstrip() + "..." + tail) <= MOST:
            low = middle
        else:
            high = middle - 1
    cut = text[:low]
    space = max(cut.rfind(" "), cut.rfind("\n"))
    return (cut[:space] if space > low * 0.8 else cut).rstrip() + "..." + tail


def _is_gsm(text: str) -> bool:
    return all(letter in GSM or letter in GSM_TWICE for letter in text)


def _sizes(text: str) -> tuple[int, int]:
    return (SINGLE_GSM, PART_GSM) if _is_gsm(text) else (SINGLE_UCS2, PART_UCS2)


def _widths(text: str) -> list[int]:
    if _is_gsm(text):
        return [2 if letter in GSM_TWICE else 1 for letter in text]
    return [2 if ord(letter) > 0xFFFF else 1 for letter in text]
