"""What Prometheus hears of alerts, bundles and broadcasts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter

ALERTS: Final = Counter("arbedge_alerts_fired", "Alerts that fired.", ["kind"])
ITEMS: Final = Counter(
    "arbedge_digest_items", "What waited for a bundle, by what became of it.", ["outcome"]
)
BUNDLES: Final = Counter("arbedge_digests", "Bundles of several opportunities written.")
BROADCAST: Final = Counter("arbedge_broadcast_deliveries", "Deliveries written for broadcasts.")


def fired(kinds: Iterable[str]) -> None:
    """Alerts that fired, by kind."""
    for kind in kinds:
        ALERTS.labels(kind).inc()


def bundled(bundles: int, items: int, ended: int, unreachable: int) -> None:
    """One run of bundling."""
    BUNDLES.inc(bundles)
    for outcome, number in (("sent", items), ("ended", ended), ("no_session", unreachable)):
        ITEMS.labels(outcome).inc(number)


def broadcast(written: int) -> None:
    """One step of a broadcast."""
    BROADCAST.inc(written)
