"""How the scan is doing, for the screen of `manage.py up`."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings

from arbedge.status import Level, Line
from opportunities.models import ScanRecord

LATE_S = 30


def lines() -> list[Line]:
    """When the last scan was and how long it took, and how many opportunities live."""
    last = ScanRecord.objects.order_by("-as_of").first()
    if last is None:
        return [Line("scan", Level.UNKNOWN, "none yet")]
    live = Line("live", Level.GOOD, f"{last.live} opportunities")
    took = f"took {last.took_ms:.0f} ms"
    if settings.MARKET_MODE == "replay":
        return [Line("scan", Level.GOOD, f"of {last.as_of:%F %T} UTC, {took}"), live]
    age_s = (datetime.now(UTC) - last.as_of).total_seconds()
    level = Level.GOOD if age_s < LATE_S else Level.WARN
    return [Line("scan", level, f"{age_s:.0f} s ago, {took}"), live]
