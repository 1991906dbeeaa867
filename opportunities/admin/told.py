"""Small tables and words that the pages of opportunities share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from arbedge.desk import word
from arbedge.names import Risk, State
from opportunities.reasons import MEANING, from_mask

STATE_TONES = {State.OPEN: "good", State.FADING: "warn", State.HELD: "warn", State.CLOSED: "soft"}
RISK_TONES = {Risk.LOW: "good", Risk.MEDIUM: "warn", Risk.HIGH: "bad"}


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> SafeString:
    """A small table for a detail page."""
    titles = format_html_join("", "<th>{}</th>", ((title,) for title in head))
    lines = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((c,) for c in r)),) for r in rows)
    )
    return format_html('<table class="desk-table"><tr>{}</tr>{}</table>', titles, lines)


def meanings(mask: int) -> SafeString:
    """The reasons of a mask with their meaning; rejecting ones in red."""
    rows = [
        (word("bad" if one.rejects else "soft", one.code), MEANING[one]) for one in from_mask(mask)
    ]
    return table(("Code", "Meaning"), rows) if rows else SafeString("none")
