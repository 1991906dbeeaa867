"""What alerts about a coin are compared with: the best live opportunity each person may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from accounts import audience, tiers
from accounts.tiers import ADMINS, HAVE_ADMINS_COLUMN, Allowance
from arbedge.choices import VENUE_BITS
from arbedge.names import Role, State, Tier
from notifications.names import TriggerKind
from notifications.writing.cohort_figures import figures_for
from opportunities import readers
from opportunities.models import Opportunity

NOTHING: Final = float("-inf")  # what a coin without an opportunity pays
_ROLES: Final = tuple(Role)
_TIERS: Final = tuple(Tier)

_WATCHERS: Final = f"""
    SELECT t.id, t.subject, a.role, a.venues, a.notional_usd, a.horizon_hours, a.vip_levels,
           a.leverage, {audience.rank("a.")} AS tier
    FROM notifications_alerttrigger t JOIN accounts_audience a USING (user_id)
    WHERE t.kind = %(kind)s AND t.active AND a.session_until > %(now)s
"""  # noqa: S608  (put together from this program's own words, never from data)


@dataclass(frozen=True, slots=True)
class Own:
    """What one alert is compared with; `more` is what the message tells beside it."""

    trigger_id: int
    value: float
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Watcher:
    trigger_id: int
    subject: str
    role: int
    venues: int
    notional_usd: int
    horizon_hours: int
    vip_levels: int
    leverage: float
    tier: int

    def allowance(self, table: Mapping[Tier, Allowance]) -> Allowance:
        if _ROLES[self.role] in HAVE_ADMINS_COLUMN:
            return ADMINS
        return table[_TIERS[self.tier]]


def nets(now: datetime) -> list[Own]:
    """For every alert about a coin of somebody with a session: what its best opportunity pays him.

    His cohort's net, at size where that is known, among what his tier shows him at `now` at his
    venues; NOTHING where there is none. Three queries whatever the number of alerts.
    """
    watchers = _watchers(now)
    if not watchers:
        return []
    live = defaultdict(list)
    for row in _live({one.subject for one in watchers}):
        live[row.asset].append((row, _facts(row)))
    table = tiers.table()
    return [_best(one, one.allowance(table), live[one.subject], now) for one in watchers]


def _watchers(now: datetime) -> list[_Watcher]:
    told: dict[str, Any] = {"now": now, "kind": TriggerKind.NET_ABOVE.value}
    with connection.cursor() as cursor:
        cursor.execute(_WATCHERS, told)
        return [_Watcher(*row) for row in cursor.fetchall()]


def _live(coins: set[str]) -> list[Opportunity]:
    """What lives and is not blind now."""
    return list(
        Opportunity.objects.filter(
            asset__in=coins, state__in=(State.OPEN, State.FADING), live_key__isnull=False
        ).only(
            "asset", "kind", "shelves", "opened_at", "long_venue", "short_venue", "long_market",
            "short_market", "net", "net_at_size", "horizon_hours", "cost", "cohorts",
        )
    )  # fmt: skip


def _facts(row: Opportunity) -> dict[str, Any]:
    """As much of a message's facts as its figures are computed from."""
    short = {"venue": row.short_venue, "market": row.short_market} if row.short_venue else None
    return {
        "kind": row.kind,
        "long": {"venue": row.long_venue, "market": row.long_market},
        "short": short,
        "net": row.net,
        "net_at_size": row.net_at_size,
        "horizon_hours": row.horizon_hours,
        "cost": row.cost,
        "cohorts": row.cohorts,
    }


def _best(
    one: _Watcher,
    may: Allowance,
    rows: Sequence[tuple[Opportunity, Mapping[str, Any]]],
    now: datetime,
) -> Own:
    best = Own(one.trigger_id, NOTHING)
    for row, facts in rows:
        if not _shown(row, one.venues, may, now):
            continue
        figures = figures_for(
            facts, one.notional_usd, one.horizon_hours, one.vip_levels, one.leverage
        )
        if figures.pays > best.value:
            more = {
                "opportunity_id": row.pk,
                "opportunity_kind": row.kind,
                "long_venue": row.long_venue,
                "short_venue": row.short_venue,
                "horizon_hours": figures.horizon_hours,
            }
            best = Own(one.trigger_id, figures.pays, more)
    return best


def _shown(row: Opportunity, venues: int, may: Allowance, now: datetime) -> bool:
    """Whether the tier shows it, its delay is over, and both venues are the person's."""
    within = readers.KIND_BIT[row.kind] & may.kinds and readers.shelves_of(row) & may.shelves
    over = row.opened_at + timedelta(seconds=may.delay_s) <= now
    legs = [venue for venue in (row.long_venue, row.short_venue) if venue]
    own = venues == -1 or all(venues >> VENUE_BITS.get(venue, 63) & 1 for venue in legs)
    return bool(within and over and own)
