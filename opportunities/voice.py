"""Whose eyes a picture is for: its words, and how figures and times are written in it.

Pages and the console speak English in UTC; whoever has readers of other languages brings words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from arbedge import writing

WORDS: Final[Mapping[str, str]] = {
    "no_data": "No data yet",
    "unknown": "unknown",
    "day": "%d %b",
    "waterfall": "From funding to net, % of the position",
    "waterfall_spot": "From gap to net, % of the position",
    "net": "Net over time, % of the position",
    "net_line": "net",
    "net_announced": "as announced",
    "needed": "needed",
    "funding": "Funding of both legs, % per 8 h (dots: settled)",
    "gap": "Price gap between the legs, %",
    "gap_line": "short over\nlong",
    "source": "ArbEdge from {venues}, {moment}, fees {fees}",
    "and": "and",
    "opened": "opened",
    "improved": "improved",
    "fading": "fading",
    "held": "held",
    "recovered": "recovered",
    "closed": "closed",
    "coin_settled": "{coin}: funding settled in 7 days, % per 8 h",
    "coin_announced": "{coin}: funding announced now, % per 8 h",
    "coin_source": "ArbEdge, {moment}; last point: announced",
    "announced_source": "ArbEdge, {moment}",
    "differences": "Widest funding, % per 8 h: ▲ long, ▼ short",
}


@dataclass(frozen=True, slots=True)
class Voice:
    """Words by their keys (and of the net's parts, `part_…`), and how times and figures are
    written. `name` tells one voice from another where drawings are kept."""

    name: str = "en"
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)
    zone: str = "UTC"
    moment: Callable[[datetime], str] = writing.moment
    percent: Callable[[float, int], str] = writing.percent
    decimals: Callable[[str], str] = str

    def __call__(self, key: str, **values: str) -> str:
        """A text with its values filled in. Raises KeyError for one it does not know."""
        return self.words[key].format(**values)

    def part(self, label: str) -> str:
        """What a part of the net is called; the label itself where there are no words for it."""
        return self.words.get(f"part_{slug(label)}", label)


def slug(label: str) -> str:
    """A label as a key: `Fee, long entry` becomes `fee_long_entry`."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


ENGLISH: Final = Voice()
