"""The outcome ledger: what every opened opportunity really paid, and what was held back would have.

Each followed trade is looked at after 1, 8 and 24 hours, at its own horizon, after 7 days and when
it closed. A checkpoint needs the legs' prices of that moment and every settlement up to it.
"""
# ruff: noqa: S608  (statements are put together from this app's own names, never from data)

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
from django.db import connection, transaction
from django.db.models import Count, Q

from exchanges.models import SettledFunding
from exchanges.snapshot import Snapshot
from opportunities import checkpoints, store
from opportunities.lifecycle import LOCK
from opportunities.models import Followed, Outcome
from opportunities.models.ledger import Checkpoint, Standing

BATCH: Final = 5_000
REMEMBER: Final = timedelta(days=30)  # success is judged by what was opened since
WEEK: Final = timedelta(days=7)

_HOURS: Final = {Checkpoint.HOUR: 1, Checkpoint.EIGHT_HOURS: 8, Checkpoint.DAY: 24}
_DUE: Final = {
    **{one: f"f.opened_at + interval '{hours} hours'" for one, hours in _HOURS.items()},
    Checkpoint.HORIZON: "f.opened_at + f.horizon_hours * interval '1 hour'",
    Checkpoint.WEEK: "f.opened_at + interval '7 days'",
    Checkpoint.CLOSE: "f.closed_at",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What one run of the ledger did: checkpoints that fell due, were judged, trades finished."""

    due: int
    judged: int
    finished: int


def follow(now_ms: float, prices: pl.DataFrame) -> Progress:
    """Look at every checkpoint that is due, with the prices of now (see checkpoints.mids).

    One transaction; it may run as often as one likes, and twice at once.
    """
    now = store.moment(float(round(now_ms)))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(
            "UPDATE opportunities_followed f"
            f" SET closed_at = {_DUE[Checkpoint.HORIZON]}"
            f" WHERE shadow AND closed_at IS NULL AND {_DUE[Checkpoint.HORIZON]} <= {now}"
        )
        due = _fall_due(cursor, now)
        judged = _judge(cursor, prices, now_ms)
        finished = _finish(cursor, now)
    return Progress(due, judged, finished)


def quotes(snapshot: Snapshot) -> pl.DataFrame:
    """The quotes of a snapshot as `follow` takes them: instrument_id, bid, ask, captured_at_ms."""
    wanted = ("instrument_id", "bid", "ask", "captured_at_ms")
    return pl.concat(
        frame.select(wanted) for frame in (snapshot.spot, snapshot.perp, snapshot.dated)
    )


def _fall_due(cursor: Any, now: str) -> int:
    """Add the checkpoints whose time has come; a second closing replaces the first."""
    times = ", ".join(f"('{one.value}', {due})" for one, due in _DUE.items())
    cursor.execute(
        "INSERT INTO opportunities_outcome AS o"
        " (followed_id, checkpoint, due_at, status, promised, cost)"
        f" SELECT f.id, c.name, c.due, '{Standing.PENDING}', f.promised_net, f.paper_cost"
        f" FROM opportunities_followed f CROSS JOIN LATERAL (VALUES {times}) c (name, due)"
        f" WHERE NOT f.complete AND c.due <= {now}"
        " ON CONFLICT (followed_id, checkpoint) DO UPDATE SET due_at = excluded.due_at,"
        f" status = '{Standing.PENDING}', gap_change = NULL, priced_at = NULL, settled = NULL,"
        " total = NULL, success = NULL, judged_at = NULL"
        " WHERE o.due_at < excluded.due_at"
    )
    return int(cursor.rowcount)


def _pending() -> str:
    """Outcomes not judged yet, with what has settled on each leg, as a table expression."""
    settled = " ".join(
        f"LEFT JOIN LATERAL (SELECT count(*) AS {side}_settlements,"
        f" sum(s.rate)::float8 AS {side}_settled_rate, max(s.settled_at) AS {side}_settled_at"
        f" FROM {store.table(SettledFunding)} s WHERE s.instrument_id = f.{side}_id"
        " AND s.settled_at > f.opened_at AND s.settled_at <= o.due_at) "
        f"{side}_leg ON true"
        for side in ("long", "short")
    )
    own = "o.id, o.due_at, o.cost, o.gap_change, o.priced_at"
    trade = ", ".join(
        f"f.{name}"
        for name in (
            *("fingerprint", "opened_at", "long_id", "short_id", "long_mid", "short_mid"),
            *("long_market", "short_market", "long_next_at", "short_next_at"),
            *("long_interval_hours", "short_interval_hours"),
        )
    )
    return (
        f"(SELECT {own}, {trade}, long_leg.*, short_leg.* FROM opportunities_outcome o"
        f" JOIN opportunities_followed f ON f.id = o.followed_id {settled}"
        f" WHERE o.status = '{Standing.PENDING}' ORDER BY o.due_at LIMIT {BATCH}) p"
    )


def _judge(cursor: Any, prices: pl.DataFrame, now_ms: float) -> int:
    pending = store.read(cursor, checkpoints.PENDING, _pending(), "true")
    if pending.is_empty():
        return 0
    judged = checkpoints.judge(checkpoints.price(pending, prices, now_ms), now_ms)
    columns = ("status", "settled", "gap_change", "priced_at_ms", "total", "success")
    store.stage(cursor, "judged", judged.select("id", *columns))
    cursor.execute(
        f"UPDATE opportunities_outcome o SET {store.settings(columns, 'j')},"
        f" judged_at = CASE WHEN j.status <> '{Standing.PENDING}'"
        f" THEN {store.moment(float(round(now_ms)))} END"
        " FROM judged j WHERE o.id = j.id"
    )
    return judged.filter(pl.col("status") != Standing.PENDING.value).height


def _finish(cursor: Any, now: str) -> int:
    """Trades whose every checkpoint has its outcome are followed no longer."""
    cursor.execute(
        "UPDATE opportunities_followed f SET complete = true"
        f" WHERE NOT complete AND closed_at IS NOT NULL AND {_DUE[Checkpoint.WEEK]} <= {now}"
        f" AND {_DUE[Checkpoint.HORIZON]} <= {now} AND NOT EXISTS (SELECT FROM"
        f" opportunities_outcome o WHERE o.followed_id = f.id AND o.status = '{Standing.PENDING}')"
    )
    return int(cursor.rowcount)


def awaited(limit: int = 200) -> list[tuple[int, str, str]]:
    """Perpetuals whose settled funding an outcome waits for: instrument id, venue, symbol."""
    waiting = Followed.objects.filter(outcomes__status=Standing.PENDING.value).order_by("opened_at")
    found: dict[tuple[int, str, str], None] = {}
    for side in ("long", "short"):
        legs = waiting.filter(**{f"{side}_market": "perp"}).values_list(
            f"{side}_id", f"{side}_venue", f"{side}_symbol"
        )
        found.update(dict.fromkeys(legs[:limit]))
    return list(found)


def success_rates(by: str = "family", *, now: datetime | None = None) -> pl.DataFrame:
    """Followed trades and successes at their own horizon, by a column of Followed.

    Columns: `by`, followed, successes. What was held back in shadow counts as well, so that a
    family can earn its way back; outcomes without data are no outcomes.
    """
    since = (now or datetime.now(UTC)) - REMEMBER
    judged = Q(outcomes__checkpoint=Checkpoint.HORIZON, outcomes__status=Standing.SETTLED)
    rows = (
        Followed.objects.filter(judged, opened_at__gte=since)
        .values_list(by)
        .annotate(
            followed=Count("outcomes", filter=judged),
            successes=Count("outcomes", filter=judged & Q(outcomes__success=True)),
        )
        .order_by(by)
    )
    schema = {by: pl.String, "followed": pl.Int64, "successes": pl.Int64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def success_by_family(*, now: datetime | None = None) -> dict[str, tuple[float, int]]:
    """Per family the share of successes and how many outcomes it rests on."""
    rates = success_rates(now=now).iter_rows()
    return {family: (successes / followed, followed) for family, followed, successes in rates}


def of(opportunity_id: int) -> list[Outcome]:
    """The outcomes of one opportunity so far, in the order they fell due."""
    return list(Outcome.objects.filter(followed__opportunity=opportunity_id).order_by("due_at"))
