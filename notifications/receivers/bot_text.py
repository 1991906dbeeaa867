"""How Telegram reads HTML: which tags it knows, what it says of the rest, how long a text is.

Source of tags and limits: core.telegram.org/bots/api#html-style.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any, Final

KINDS: Final = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
_MARK: Final = re.compile(r"<(/?)([a-zA-Z0-9-]*)([^<>]*)(>?)|&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);")
_LINK: Final = re.compile(r"""\shref=(?:"([^"]*)"|'([^']*)'|([^\s>]+))""")


class Unparsable(Exception):
    """The text is no valid HTML for Telegram; the words are Telegram's."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text without its tags, and its entities with offsets in UTF-16 units."""

    text: str
    entities: list[dict[str, Any]]


def units(text: str) -> int:
    """How long Telegram takes a text to be: in units of UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def parse(text: str, mode: str) -> Parsed:
    """Reads a text. Raises Unparsable; also for Markdown, which this receiver cannot read."""
    if not mode:
        return Parsed(text, [])
    if mode.lower() != "html":
        raise Unparsable(f"unsupported parse_mode {mode}")
    return _Reader(text).read()


class _Reader:
    """One pass over a text: what was read, and the tags that are still open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain: list[str] = []
        self.length = 0
        self.open: list[tuple[str, int, str]] = []
        self.entities: list[dict[str, Any]] = []

    def read(self) -> Parsed:
        at = 0
        for mark in _MARK.finditer(self.text):
            self._take(self.text[at : mark.start()])
            at = mark.end()
            if mark[0].startswith("&"):
                self._take(html.unescape(mark[0]))
            elif mark[1]:
                self._end(mark)
            else:
                self._begin(mark)
        self._take(self.text[at:])
        if self.open:
            tag = self.open[-1][0]
            raise Unparsable(f'Can\'t find end tag corresponding to start tag "{tag}"')
        self.entities.sort(key=lambda one: (one["offset"], -one["length"]))
        return Parsed("".join(self.plain), self.entities)

    def _take(self, piece: str) -> None:
        if piece:
            self.plain.append(piece)
            self.length += units(piece)

    def _begin(self, mark: re.Match[str]) -> None:
        tag = mark[2].lower()
        if tag not in KINDS:
            raise Unparsable(f'Unsupported start tag "{tag}" at byte offset {self._byte(mark)}')
        if not mark[4]:
            raise Unparsable(f"Unclosed start tag at byte offset {self._byte(mark)}")
        link = _LINK.search(mark[3]) if tag == "a" else None
        url = html.unescape(next((part for part in link.groups() if part), "")) if link else ""
        self.open.append((tag, self.length, url))

    def _end(self, mark: re.Match[str]) -> None:
        tag = mark[2].lower()
        if not self.open:
            raise Unparsable(f"Unexpected end tag at byte offset {self._byte(mark)}")
        begun, start, url = self.open.pop()
        if tag and tag != begun:
            raise Unparsable(
                f"Unmatched end tag at byte offset {self._byte(mark)},"
                f' expected "</{begun}>", found "</{tag}>"'
            )
        kind = KINDS[begun]
        if self.length == start or (kind == "text_link" and not url):
            return
        entity = {"type": kind, "offset": start, "length": self.length - start}
        self.entities.append({**entity, "url": url} if url else entity)

    def _byte(self, mark: re.Match[str]) -> int:
        return len(self.text[: mark.start()].encode())
