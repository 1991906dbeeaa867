"""What lives now for whoever asks: within his tier and delay, through his own filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifications.bot.asks import Ask
from notifications.bot.market import viewers
from opportunities import board
from opportunities.board import Row


@dataclass(frozen=True, slots=True)
class Living:
    """The best row of each family, best first; nothing of it counts as shown. `now` is the clock
    of the markets."""

    rows: Sequence[Row]
    now: datetime


def of(ask: Ask) -> Living:
    """What lives for the reader, in one query."""
    wish = viewers.wish(viewers.economics(ask), also=True)
    found = board.before_the_hour(wish, ask.now, viewers.reader(ask))
    keeps = viewers.filters(ask).keep
    kept = (row for row in found.rows if not row.closed and keeps(row))
    return Living(board.best_of_family(kept), found.now)
