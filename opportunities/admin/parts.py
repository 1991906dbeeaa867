"""Parts of an opportunity's console page that floors above bring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from opportunities.models import Opportunity

Part = Callable[[Opportunity], SafeString]
_parts: Final[dict[str, Part]] = {}


def add(title: str, part: Part) -> None:
    """Adds a part under this title, after those that were added before."""
    _parts[title] = part


def shown(one: Opportunity) -> SafeString:
    """All parts, each under its title."""
    if not _parts:
        return format_html('<p class="desk-soft">{}</p>', "Nothing yet.")
    return format_html_join(
        "",
        '<h3 class="desk-part">{}</h3>{}',
        ((title, part(one)) for title, part in _parts.items()),
    )
