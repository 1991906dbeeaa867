"""A scan of the running product: read the book, search, read order books, conclude, hand on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import polars as pl
import structlog
from django.conf import settings

from arbedge import aio, cache, clock
from exchanges import book, depth, encoding, fees, history, identity, rounds, verdicts
from exchanges.snapshot import Snapshot
from opportunities import cohorts, depths, gates, lifecycle, offline, outcomes, scan, stored_policy
from opportunities.detect import Found
from opportunities.policy import Policy
from opportunities.rules import Rules

log = structlog.get_logger(__name__)

SCORE_VERSION = "rules-1"
LAST_SCAN = "scan:last"


@dataclass(frozen=True, slots=True)
class Look:
    """One scan's result with the policy it was made under and the changes of identity it saw."""

    result: scan.Result
    policy: Policy
    beliefs: pl.DataFrame
    snapshot: Snapshot
    took_ms: float


def run() -> lifecycle.Advance:
    """Scan once and move every opportunity on. Raises NoData when the book cannot be read."""
    seen = look(observe=True)
    verdicts.store(seen.beliefs, seen.result.as_of_ms)
    candidates = sum(part.size for part in seen.result.found.parts())
    advance = lifecycle.advance(
        seen.result.rows,
        as_of_ms=seen.result.as_of_ms,
        answered=seen.snapshot.answered,
        fee_version=seen.result.fee_version,
        policy_version=seen.result.policy_version,
        score_version=SCORE_VERSION,
        rules=Rules.of(seen.policy),
        counts=seen.result.counts,
        near_misses=seen.result.misses,
        took_ms=seen.took_ms,
        candidates=candidates,
    )
    publish(seen.result)
    log.info(
        "scanned",
        took_ms=round(seen.took_ms),
        candidates=candidates,
        passing=seen.result.opportunities.height,
        live=advance.live,
        changed={event: len(ids) for event, ids in advance.changed.items()},
    )
    return advance


def look(overrides: Iterable[str] = (), *, observe: bool = False) -> Look:
    """Scan the book without telling anybody; `overrides` are NAME=VALUE limits for this look.

    `observe` is for the one scan that counts: only it carries the count of unchanged quotes on and
    asks venues for order books and settled funding.
    """
    began = time.perf_counter()
    policy = stored_policy.current().with_settings(overrides)
    snapshot = book.load(paused=rounds.paused(clock.now_ms()), observe=observe)
    judged = identity.judge(
        snapshot.spot, snapshot.perp, verdicts.known(), snapshot.networks, snapshot.now_ms
    )
    # Recorded markets are older than any schedule we know: they are priced at the fees of today.
    schedule = fees.current(datetime.fromtimestamp(clock.now_ms() / 1000, UTC))
    reading = scan.Reading(
        snapshot=snapshot,
        schedule=schedule,
        levels=sorted({0} | {rate.vip_level for rate in schedule.rates}),
        policy=policy,
        world=_world(snapshot, judged.frame),
        previous=_previous(),
        live=lifecycle.live_keys(),
    )
    found = scan.search(reading)
    reading = replace(
        reading, books=_books(found, policy, _next_number(observe=observe), ask=observe)
    )
    result = scan.conclude(found, reading)
    if observe:
        history.want(_needed_history(result), clock.now_ms())
    took_ms = (time.perf_counter() - began) * 1000
    return Look(result, policy, judged.changes, snapshot, took_ms)


def publish(result: scan.Result) -> None:
    """Keep every candidate with its reasons in the book, for explanations and the next scan."""
    book.publish(LAST_SCAN, encoding.columns_to_bytes(everything(result)))


def everything(result: scan.Result) -> pl.DataFrame:
    """All candidates of a scan: kind, asset, both instruments, figures and the reason mask."""
    frame = result.found.universe.frame
    ids, names = frame.get_column("instrument_id"), frame.get_column("asset")
    parts = [
        pl.DataFrame(
            {
                "asset": names.gather(part.long),
                "long_id": ids.gather(part.long),
                "short_id": ids.gather(part.short),
                "net": part.net,
                "net_announced": part.net_announced,
                "cost": part.cost,
                "gap": part.gap,
                "reasons": part.reasons,
            },
            nan_to_null=True,
        ).with_columns(kind=pl.lit(part.kind.value))
        for part in result.found.parts()
    ]
    return pl.concat(parts)


def _previous() -> dict[scan.LiveKey, float]:
    """The nets of the last scan of what stood near enough to matter."""
    raw = book.fetch(LAST_SCAN)
    if raw is None:
        return {}
    last = encoding.columns_from_bytes(raw).filter(pl.col("net") > 0)
    return {
        (kind, long, short): net
        for kind, long, short, net in last.select("kind", "long_id", "short_id", "net").iter_rows()
    }


def _world(snapshot: Snapshot, judged: pl.DataFrame) -> gates.World:
    states = snapshot.venues.values()
    return gates.World(
        quotes=(settings.QUOTE,),
        breaker_open=frozenset(state.name for state in states if state.breaker_open),
        paused=frozenset(state.name for state in states if state.paused),
        coin_reasons=judged.get_column("reasons").to_numpy(),
        floor_risk=offline.floor_risk(judged),
        reliability={
            state.name: state.reliability for state in states if state.reliability is not None
        },
        success=outcomes.success_by_family(),
    )


def _next_number(*, observe: bool) -> int:
    """The running number of scans, by which attention is shared out; a mere look counts as none."""
    if not observe:
        return 0
    with cache.reachable("scan number"):
        return int(cache.client().incr(cache.key("scan", "number")))


def _books(
    found: Found, policy: Policy, scan_number: int, *, ask: bool
) -> dict[int, depths.Slippage]:
    """Slippage by instrument id of the short list; instruments without a fresh book are absent."""
    positions = scan.wanted_books(found, policy, scan_number)
    if not positions:
        return {}
    columns = ("instrument_id", "venue", "market", "symbol", "contract_size")
    rows = found.universe.frame.select(columns)[positions].rows(named=True)
    named = {(row["venue"], row["market"], row["symbol"]): row for row in rows}
    return {
        named[name]["instrument_id"]: depths.slippage(
            ladder, cohorts.NOTIONALS_USD, named[name]["contract_size"] or 1.0
        )
        for name, ladder in aio.run(depth.fetch(list(named), ask=ask)).items()
    }


def _needed_history(result: scan.Result) -> list[history.Wanted]:
    """Perpetuals whose settled funding decides something, most promising first."""
    near = result.misses.filter(pl.col("net_announced") >= pl.col("threshold"))
    carries = pl.concat([result.rows, near]).filter(pl.col("kind") != "spot")
    ordered: dict[history.Wanted, None] = {}
    for side in ("long", "short"):
        legs = carries.filter(pl.col(f"{side}_market") == "perp")
        rows = legs.select(f"{side}_id", f"{side}_venue", f"{side}_symbol").iter_rows()
        ordered.update(dict.fromkeys(history.Wanted(*row) for row in rows))
    return list(ordered)
