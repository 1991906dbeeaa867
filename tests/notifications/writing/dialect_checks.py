"""Whether a channel's form is well made."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class Balance(HTMLParser):
    """Fails at a tag that is ended before it began; `open` are those never ended."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def balanced(words: str) -> bool:
    """Whether every tag is ended, in order."""
    reader = Balance()
    reader.feed(words)
    reader.close()
    return not reader.open
