"""What opportunities add to the first page of the console, and to its navigation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Max
from django.http import HttpRequest
from django.urls import reverse

from arbedge import console, dashboard, writing
from arbedge.names import State
from opportunities import board
from opportunities.admin.told import STATE_TONES
from opportunities.models import (
    Opportunity,
    ScanRecord,
)
from opportunities.pages import venue

LATE_SCAN = timedelta(minutes=2)


def broken(request: HttpRequest) -> Iterable[dashboard.Line]:  # noqa: ARG001
    """Whether scans still come."""
    url = reverse("admin:opportunities_scanrecord_changelist")
    last = ScanRecord.objects.aggregate(last=Max("as_of"))["last"]
    now = datetime.now(UTC)
    if last is None:
        yield dashboard.Line("warn", "No scan has finished yet", "", url)
    elif now - last > LATE_SCAN and not board.replaying():
        yield dashboard.Line("bad", "Scans have stopped", writing.relative(last, now), url)


def found(request: HttpRequest) -> Iterable[dashboard.Line]:  # noqa: ARG001
    """What is live, what was opened today by kind, and the best five."""
    url = reverse("admin:opportunities_opportunity_changelist")
    live = list(
        Opportunity.objects.filter(live_key__isnull=False)
        .defer("cohorts", "score_parts")
        .order_by("-net")[:200]
    )
    since = datetime.now(UTC) - timedelta(hours=24)
    opened = (
        Opportunity.objects.filter(opened_at__gte=since)
        .values("kind")
        .annotate(number=Count("pk"))
        .order_by("kind")
    )
    if live or opened:
        told = ", ".join(f"{row['number']:,} {row['kind']}" for row in opened) or "none"
        yield dashboard.Line("soft", f"Opened in 24 h: {told}", f"{len(live)} live", url)
    for one in live[:5]:
        target = reverse("admin:opportunities_opportunity_change", args=[one.pk])
        tone = STATE_TONES[State(one.state)]
        legs = f"▲ {venue(one.long_venue)}"
        legs += f" ▼ {venue(one.short_venue)}" if one.short_venue else ""
        text = f"{one.asset} {one.kind} {legs}"
        yield dashboard.Line(tone, text, writing.percent(one.net), target)


dashboard.answer("broken", broken)
dashboard.answer("found", found)
for section, title, name, icon in (
    ("Opportunities", "Opportunities", "opportunity", "swap_horiz"),
    ("Opportunities", "Near misses", "nearmiss", "near_me"),
    ("Opportunities", "Scans", "scanrecord", "radar"),
    ("Opportunities", "Outcomes", "outcome", "fact_check"),
    ("Opportunities", "Limit profiles", "limitprofile", "tune"),
    ("Opportunities", "Limits", "limitsetting", "rule"),
    ("Operation", "Prune runs", "prunerun", "delete_sweep"),
):
    console.link(
        section, title, f"admin:opportunities_{name}_changelist", icon, f"opportunities.view_{name}"
    )
