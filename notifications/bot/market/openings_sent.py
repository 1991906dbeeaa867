"""The openings that reached a person: which, what became of them on paper, which still live.

Each counts once, however it came: as a message of its own, as the improvement or the return by
which he first heard of it, or as a line of a bundle. What a bundle only counted did not reach him.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Avg, Count, Min, Q, QuerySet, Sum

from accounts.models import Session
from notifications.models import Delivery, DeliveryLog, Message
from notifications.names import ARRIVED, OPENINGS, Recipient, Topic
from notifications.writing.other_values import ITEMS_SHOWN
from opportunities.models import Followed, Opportunity, Outcome
from opportunities.models.ledger import Checkpoint, Standing

LIVES_AT_MOST: Final = timedelta(days=14)  # openings older than this are looked for no more


@dataclass(frozen=True, slots=True)
class Best:
    """One trade and what it came to on paper, a fraction."""

    asset: str
    total: float


@dataclass(frozen=True, slots=True)
class Record:
    """What openings came to at their own horizon, on paper and after costs; fractions."""

    followed: int
    judged: int
    paid: int
    no_data: int
    promised: float | None = None
    total: float | None = None
    best: Best | None = None
    worst: Best | None = None
    next_at: datetime | None = None

    @property
    def share(self) -> float | None:
        """Those that paid, of all judged; None before the first."""
        return self.paid / self.judged if self.judged else None

    @property
    def running(self) -> int:
        """Those whose horizon is not over, or not judged yet."""
        return self.followed - self.judged - self.no_data


@dataclass(frozen=True, slots=True)
class Payment:
    """The next settlement of a live trade's leg."""

    asset: str
    venue: str
    at: datetime


def number(user_id: int, since: datetime) -> int:
    """How many openings reached the person since then."""
    return len(_ids(user_id, since))


def acted_on(user_id: int, since: datetime) -> int:
    """How many the person acted on, as his sessions counted it."""
    rows = Session.objects.filter(user_id=user_id, seen_at__gte=since)
    return int(rows.aggregate(sum=Sum("opportunities_acted"))["sum"] or 0)


def record(user_id: int, since: datetime) -> Record:
    """What became of the openings the person was sent since then."""
    return _record(Followed.objects.filter(opportunity_id__in=_ids(user_id, since), shadow=False))


def record_of_all(since: datetime) -> Record:
    """What became of everything that was opened since then, whoever was sent it."""
    return _record(Followed.objects.filter(opened_at__gte=since, shadow=False))


def live(user_id: int, now: datetime) -> list[Opportunity]:
    """Those that still live, best first."""
    ids = _ids(user_id, now - LIVES_AT_MOST)
    return list(Opportunity.objects.filter(pk__in=ids, live_key__isnull=False).order_by("-net"))


def payments(rows: Sequence[Opportunity], now: datetime) -> list[Payment]:
    """The next settlements of these trades, the soonest first."""
    due = [
        Payment(row.asset, venue, at)
        for row in rows
        for venue, at in (
            (row.long_venue, row.long_next_at),
            (row.short_venue, row.short_next_at),
        )
        if at is not None and at > now
    ]
    return sorted(due, key=lambda one: one.at)


def _ids(user_id: int, since: datetime) -> set[int]:
    """A delivery is in the queue, later in the log, for a moment in both."""
    found: set[int] = set()
    bundled: set[int] = set()
    for table in (Delivery, DeliveryLog):
        rows: Any = table
        reached = rows.objects.filter(
            recipient=Recipient.USER, recipient_id=user_id, state__in=ARRIVED, settled_at__gte=since
        )
        openings = reached.filter(topic__in=OPENINGS, opening_id__isnull=True)
        found |= {number for number in openings.values_list("opportunity_id", flat=True) if number}
        bundles = reached.filter(topic=Topic.DIGEST)
        for items in bundles.values_list("items", flat=True):
            bundled.update((items or ())[:ITEMS_SHOWN])
    return found | _told_of(bundled)


def _told_of(message_ids: Iterable[int]) -> set[int]:
    """The opportunities a bundle's lines are about, which tell the latest figures there were;
    alerts wait for bundles too, and open nothing."""
    rows = Message.objects.filter(pk__in=message_ids, topic__in=(*OPENINGS, Topic.FADING))
    return {number for number in rows.values_list("opportunity_id", flat=True) if number}


def _record(trades: QuerySet[Followed]) -> Record:
    outcomes = Outcome.objects.filter(followed__in=trades, checkpoint=Checkpoint.HORIZON)
    judged = outcomes.filter(status=Standing.SETTLED)
    told = judged.aggregate(
        judged=Count("id"),
        paid=Count("id", filter=Q(success=True)),
        promised=Avg("promised"),
        total=Avg("total"),
    )
    open_ones = trades.exclude(outcomes__in=outcomes.exclude(status=Standing.PENDING))
    return Record(
        followed=trades.count(),
        judged=told["judged"],
        paid=told["paid"],
        no_data=outcomes.filter(status=Standing.NO_DATA).count(),
        promised=told["promised"],
        total=told["total"],
        best=_extreme(judged, "-total"),
        worst=_extreme(judged, "total"),
        next_at=_next_end(open_ones),
    )


def _next_end(trades: QuerySet[Followed]) -> datetime | None:
    """When the first of these is at its horizon."""
    ends = [
        opened_at + timedelta(hours=hours)
        for hours, opened_at in trades.values_list("horizon_hours").annotate(Min("opened_at"))
    ]
    return min(ends, default=None)


def _extreme(judged: QuerySet[Outcome], order: str) -> Best | None:
    row = judged.order_by(order, "id").values_list("followed__asset", "total").first()
    return None if row is None or row[1] is None else Best(row[0], row[1])
