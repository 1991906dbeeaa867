"""Verdicts in the database: written only where they change, audited where people decide."""
# ruff: noqa: S608  (statements are put together from this file's own names, never from data)

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple

import polars as pl
import structlog
from django.db import connection, transaction

from accounts import audit
from accounts.models import User
from arbedge import cache
from arbedge.errors import NoData
from arbedge.names import Verdict
from exchanges.columns import TEXT
from exchanges.memory import KEY, STATE, nothing
from exchanges.models import CoinVerdict
from exchanges.staging import fetch, milliseconds, moment, stage

READ_AGAIN_AFTER_S: Final = 60.0  # in case a writer could not tell the others
EVERY_MARKET: Final = ""

_TABLE: Final = "exchanges_coinverdict"
_STAGED: Final = {
    "venue": "text",
    "asset": "text",
    "market": "text",
    "verdict": "text",
    "source": "text",
    "ratio": "float8",
    "price": "float8",
    "since_ms": "float8",
    "agreed_since_ms": "float8",
    "reset_reason": "text",
}
_RESET: Final = {"venue": "text", "asset": "text", "market": "text", "reset_reason": "text"}

_log = structlog.get_logger(__name__)


class Reset(NamedTuple):
    """A coin on a venue's market whose proof is over, and why: relisted or renamed."""

    venue: str
    asset: str
    market: str
    reason: str


class _Held:
    """The verdicts as this process last read them, with the version they have in the cache."""

    frame: pl.DataFrame = nothing()
    version: bytes | None = None
    read_at_s: float = 0.0


def known() -> pl.DataFrame:
    """All verdicts (memory.STATE), from memory while nobody has written newer ones.

    Raises NoData when the cache, which tells whether somebody has, cannot be reached.
    """
    version = _version()
    lapsed = monotonic() - _Held.read_at_s > READ_AGAIN_AFTER_S
    if version != _Held.version or lapsed:
        _Held.frame, _Held.version, _Held.read_at_s = stored(), version, monotonic()
    return _Held.frame


def stored() -> pl.DataFrame:
    """All verdicts in the database (memory.STATE)."""
    times = {
        "since_ms": milliseconds("since"),
        "agreed_since_ms": milliseconds("agreed_since"),
    }
    selected = ", ".join(times.get(name, name) for name in STATE)
    with connection.cursor() as cursor:
        return fetch(cursor, f"SELECT {selected} FROM {_TABLE}", STATE)


def store(changes: pl.DataFrame, now_ms: float) -> int:
    """Writes changed verdicts (memory.STATE) in one statement and returns how many.

    A redenomination also takes back a person's confirmation of the coin.
    """
    if changes.is_empty():
        return 0
    columns = ("verdict", "source", "ratio", "price", "reset_reason")
    names = ", ".join(columns)
    taken = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*columns, "since", "agreed_since"))
    with transaction.atomic(), connection.cursor() as cursor:
        stage(cursor, "judged", _STAGED, changes)
        cursor.execute(
            f"""
            INSERT INTO {_TABLE}
                (venue, asset, market, {names}, since, agreed_since, note, updated_at)
            SELECT venue, asset, market, {names}, {moment("since_ms")},
                {moment("agreed_since_ms")}, '', GREATEST({moment("%s")}, {moment("since_ms")})
            FROM judged ORDER BY venue, asset, market
            ON CONFLICT (venue, asset, market) DO UPDATE
                SET {taken}, updated_at = EXCLUDED.updated_at
            """,
            [now_ms],
        )
        over = changes.filter(pl.col("reset_reason") == "redenominated")
        _take_back(over.select("venue", "asset").rows(), verdict=Verdict.SAME)
    transaction.on_commit(partial(_tell, changes if over.is_empty() else None))
    return changes.height


def reset(resets: Sequence[Reset], now_ms: float) -> int:
    """Takes back what was proven or decided about these coins; returns how many rows it met."""
    if not resets:
        return 0
    frame = pl.DataFrame(resets, schema=dict.fromkeys(_RESET, TEXT), orient="row").unique(KEY)
    with transaction.atomic(), connection.cursor() as cursor:
        stage(cursor, "reset", _RESET, frame)
        cursor.execute(
            f"""
            UPDATE {_TABLE} v SET verdict = 'provisional', source = 'alone', ratio = NULL,
                price = NULL, since = {moment("%(now)s")}, agreed_since = NULL,
                reset_reason = r.reset_reason, updated_at = {moment("%(now)s")}
            FROM reset r WHERE (v.venue, v.asset, v.market) = (r.venue, r.asset, r.market)
            """,
            {"now": now_ms},
        )
        met: int = cursor.rowcount
        met += _take_back(frame.select("venue", "asset").rows())
    transaction.on_commit(_tell)
    return met


def confirm(asset: str, venue: str, by: User, note: str = "") -> CoinVerdict:
    """A person's word that the coin is what the other venues mean by its name."""
    return _decide(asset, venue, by, Verdict.SAME, note)


def reject(asset: str, venue: str, by: User, note: str = "") -> CoinVerdict:
    """A person's word that the coin is another one: nothing with it opens on this venue."""
    return _decide(asset, venue, by, Verdict.QUARANTINED, note)


def withdraw(asset: str, venue: str, by: User) -> bool:
    """Takes a person's word back, so that evidence decides again; False if there was none."""
    with audit.doing(actor=by):
        taken = _take_back([(venue, asset)])
    transaction.on_commit(_tell)
    return taken > 0


def _decide(asset: str, venue: str, by: User, verdict: Verdict, note: str) -> CoinVerdict:
    now = datetime.now(tz=UTC)
    values = {
        "verdict": verdict,
        "source": "admin",
        "since": now,
        "decided_by": by,
        "note": note,
        "reset_reason": "",
        "updated_at": now,
    }
    with audit.doing(actor=by), transaction.atomic():
        decided, _ = CoinVerdict.objects.update_or_create(
            venue=venue, asset=asset, market=EVERY_MARKET, defaults=values
        )
    transaction.on_commit(_tell)
    return decided


def _take_back(coins: Iterable[tuple[Any, ...]], **which: str) -> int:
    """Deletes what people said of these (venue, asset); the audit log keeps it."""
    named = set(coins)
    if not named:
        return 0
    words = CoinVerdict.objects.filter(market=EVERY_MARKET, **which)
    over = [one for *coin, one in words.values_list("venue", "asset", "pk") if tuple(coin) in named]
    return CoinVerdict.objects.filter(pk__in=over).delete()[0]


def _version_key() -> str:
    return cache.key("verdicts", "version")


def _version() -> bytes:
    """The version all processes see; a cache without one gets a first one."""
    with cache.reachable("verdicts"):
        cache.client().set(_version_key(), _new_version(), nx=True)
        version: Any = cache.client().get(_version_key())
    return bytes(version)


def _new_version() -> bytes:
    return secrets.token_hex(8).encode()


def _tell(changes: pl.DataFrame | None = None) -> None:
    """Tells all processes that verdicts changed; this one takes the changes into its memory.

    Where the cache is gone nobody can scan either, and all read again when it is back.
    """
    version = _new_version()
    try:
        with cache.reachable("verdicts"):
            before: Any = cache.client().set(_version_key(), version, get=True)
    except NoData as gone:
        _log.warning("verdicts_not_told", cause=gone.message)
        before = None
    if changes is None or before is None or before != _Held.version:
        _Held.version = None
        return
    kept = _Held.frame.join(changes, on=KEY, how="anti")
    _Held.frame, _Held.version = pl.concat([kept, changes]), version
