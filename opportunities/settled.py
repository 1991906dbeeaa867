"""What a perpetual has settled, brought to 8 hours whatever its interval was then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from exchanges.models import SettledFunding
from opportunities.announced import EIGHT_HOURS

INTERVALS_HOURS: Final = frozenset({1, 2, 4, 8})
HOUR: Final = timedelta(hours=1)


def per_eight_hours(
    rows: Sequence[SettledFunding], interval_hours: float
) -> list[tuple[datetime, float]]:
    """When each was exchanged, and its rate per 8 h, a fraction; `rows` are one perpetual's in
    their order.

    A settlement pays for the time since the one before, for venues change intervals; the first is
    taken to pay for as long as the second. `interval_hours` is the interval now: it counts where
    that distance is no interval, as where history has a hole.
    """
    apart = [round((later.settled_at - row.settled_at) / HOUR) for row, later in pairwise(rows)]
    told = []
    for row, since in zip(rows, [*(apart[:1] or [0]), *apart], strict=False):
        hours = since if since in INTERVALS_HOURS else interval_hours
        told.append((row.settled_at, float(row.rate) / hours * EIGHT_HOURS))
    return told
