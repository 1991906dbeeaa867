"""What is known of the data's quality: venues, last scans, near misses and what was dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F

from arbedge.errors import NoData
from exchanges import quality, standing
from exchanges.models import VenueRecord
from opportunities import board
from opportunities.models import NearMiss, ScanRecord
from opportunities.reasons import MEANING

MISSES_SHOWN: Final = 50
KEPT: Final = timedelta(days=7)
LATE_SCAN: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows of one feed dropped for one reason in the last 24 hours."""

    venue: str
    feed: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Miss:
    """A near miss and the reasons that held it back: code and meaning."""

    stored: NearMiss
    reasons: list[tuple[str, str]]


def pulse(venues: Sequence[standing.Standing], problem: str) -> dict[str, Any]:
    """What every page's header says: the venues, those unwell, and the age of the oldest data."""
    ages = [venue.age_s for venue in venues]
    told = [age for age in ages if age is not None]
    return {
        "pulse": venues,
        "pulse_problem": problem,
        "pulse_age": max(told) if told and len(told) == len(ages) else None,
        "unwell": [venue for venue in venues if venue.word != "well"],
    }


def public(now: datetime) -> dict[str, Any]:
    """For everybody: how old every venue's data are, how reliable it is, what the last scan saw."""
    venues, problem = standing.known(now.timestamp() * 1000)
    scan = ScanRecord.objects.order_by("-as_of").first()
    moment = scan.as_of if scan and board.replaying() else now
    paused = {
        record.name: record for record in VenueRecord.objects.filter(name__in=settings.VENUES)
    }
    return {
        "now": moment,
        "venues": [(venue, paused.get(venue.name)) for venue in venues],
        "problem": problem,
        **pulse(venues, problem),
        "scan": scan,
        "scan_late": scan is not None and moment - scan.as_of > LATE_SCAN,
        "counts": _with_meaning(scan.counts) if scan else [],
        "misses": near_misses(moment),
    }


def internal(now: datetime) -> dict[str, Any]:
    """For staff: rows dropped by venue, feed and reason over 24 hours."""
    try:
        told = quality.dropped(settings.VENUES, now.timestamp() * 1000)
    except NoData as error:
        return {"dropped": [], "dropped_problem": str(error)}
    rows = [
        Dropped(venue, feed, reason, count)
        for venue, feeds in told.items()
        for feed, reasons in feeds.items()
        for reason, count in Counter(reasons).items()
    ]
    return {"dropped": sorted(rows, key=lambda row: -row.rows), "dropped_problem": ""}


def near_misses(now: datetime) -> list[Miss]:
    """The nearest misses of the last seven days: those that lacked least come first."""
    recent = NearMiss.objects.filter(last_seen__gte=now - KEPT)
    nearest = recent.order_by((F("best_net") - F("threshold")).desc())[:MISSES_SHOWN]
    return [Miss(one, board.rejecting(one.reasons)) for one in nearest]


def _with_meaning(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    words = {reason.code: text for reason, text in MEANING.items()}
    return [(code, words[code], count) for code, count in board.held_back(counts)]
