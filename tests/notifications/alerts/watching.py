"""What tests of alerts share: markets at a price, and somebody who watches them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from exchanges.snapshot import Snapshot, VenueState
from notifications.alerts import trigger_firing
from notifications.alerts.trigger_firing import Fired
from notifications.alerts.trigger_sources import Reading
from notifications.models import AlertTrigger, Delivery
from notifications.names import Topic, TriggerKind
from tests.exchanges import markets
from tests.notifications.factories import NOON, reachable_person

SECOND = timedelta(seconds=1)
NOW_MS = NOON.timestamp() * 1000


def quoted(venue: str, coin: str, price: float, **more: Any) -> dict[str, Any]:
    """A spot market that trades around `price`."""
    return {"status": "trading", **markets.instrument(venue, coin, price), **more}


def funded(venue: str, coin: str, rate: float, hours: float = 8.0, **more: Any) -> dict[str, Any]:
    """A perpetual around 2.0 with this announced rate."""
    row = markets.perpetual(venue, coin, 2.0, rate=rate, interval_hours=hours)
    return {"status": "trading", **row, **more}


def snapshot(*rows: dict[str, Any], ages_ms: dict[str, float | None] | None = None) -> Snapshot:
    """The book at noon; `ages_ms` are the venues' oldest needed answers."""
    states = {
        name: VenueState(name, captured_at_ms=None if age is None else NOW_MS - age)
        for name, age in (ages_ms or {}).items()
    }
    return Snapshot(
        now_ms=NOW_MS,
        spot=markets.market([row for row in rows if row["market"] == "spot"]),
        perp=markets.market([row for row in rows if row["market"] == "perp"]),
        venues=states,
    )


def alert(user: User | None = None, **wishes: Any) -> AlertTrigger:
    """An armed alert about BTC rising to 100, of somebody who can be reached."""
    person = user or reachable_person()
    usual = {"kind": TriggerKind.PRICE_ABOVE.value, "subject": "BTC/USDT", "level": 100.0}
    return AlertTrigger.objects.create(user=person, **usual | wishes)


def look(
    price: float, at: datetime = NOON, kind: TriggerKind = TriggerKind.PRICE_ABOVE
) -> list[Fired]:
    """One evaluation with BTC at this price everywhere."""
    return trigger_firing.by_subject(kind, [Reading("BTC/USDT", "", price)], at)


def alerts_told(user: User) -> list[Delivery]:
    """The alerts written to a person."""
    rows = Delivery.objects.filter(recipient="user", recipient_id=user.pk, topic=Topic.ALERT)
    return list(rows.select_related("message").order_by("pk"))
