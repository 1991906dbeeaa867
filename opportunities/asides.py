"""Links floors above add to an opportunity's page, for people who are logged in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_links: Final[dict[str, Callable[[int], str]]] = {}


def add(title: str, url: Callable[[int], str]) -> None:
    """Adds a link; `url` gives its address for an opportunity's number."""
    _links[title] = url


def links(number: int) -> list[tuple[str, str]]:
    """Every link's title and address for this opportunity."""
    return [(title, url(number)) for title, url in _links.items()]
