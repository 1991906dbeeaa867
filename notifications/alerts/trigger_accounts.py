"""Alerts about people's own money: accounts are read for those who set one, every five minutes.

An account's worth is what its coins and the equity of its perpetuals come to in USDT at the median
prices of the book. Where one coin has no price the worth is unknown: nothing fires, and the alert
says so. Money paid in or out changes the worth as profit does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F

from accounts import vault
from accounts.credentials import KeyRefused, Secret
from accounts.models import KeyState, StoredKey
from accounts.models.key import KeyKind
from arbedge import sealing
from arbedge.errors import ArbEdgeError
from exchanges import balances, book
from exchanges.balances import Holdings
from notifications import asked_counters
from notifications.alerts import trigger_firing, trigger_sources, trigger_told
from notifications.alerts.trigger_firing import Fired
from notifications.alerts.trigger_nets import Own
from notifications.alerts.trigger_rules import OF_ACCOUNTS
from notifications.models import AlertTrigger
from notifications.names import TriggerKind

AT_ONCE: Final = 50  # accounts asked for side by side
NAMED: Final = 3
LONGEST: Final = 200

_WATCHERS: Final = """
    SELECT t.id, t.user_id, t.kind, t.subject, t.base
    FROM notifications_alerttrigger t JOIN accounts_audience a USING (user_id)
    WHERE t.kind = ANY(%(kinds)s) AND t.active AND a.session_until > %(now)s
    ORDER BY t.user_id, t.subject, t.id
"""
# The first figure that is known is what later ones are compared with. Reading takes seconds: what
# was seen of one account is nothing to an alert that is about another by now.
_SEEN: Final = """
    UPDATE notifications_alerttrigger t
    SET seen = v.seen, problem = v.problem, seen_at = %(now)s, base = coalesce(t.base, v.seen)
    FROM unnest(%(ids)s::bigint[], %(kinds)s::text[], %(venues)s::text[], %(seen)s::float8[],
                %(problems)s::text[]) AS v(id, kind, venue, seen, problem)
    WHERE t.id = v.id AND t.kind = v.kind AND t.subject = v.venue
    RETURNING t.id
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """An alert about an account, with what its figure is compared with."""

    trigger_id: int
    user_id: int
    kind: TriggerKind
    venue: str
    base: float | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What an account is worth in USDT, or why that is not known."""

    usdt: float | None
    problem: str = ""


def check(now: datetime) -> int:
    """Reads the accounts alerts are about, and tells of those that fire. Returns how many fired.

    Raises NoData when there are no prices at all. Takes seconds: no transaction may be open.
    """
    watched = _watched(now)
    if not watched:
        return 0
    quotes = _quotes()
    fired = 0
    accounts = sorted({(one.user_id, one.venue) for one in watched})
    for start in range(0, len(accounts), AT_ONCE):
        some = accounts[start : start + AT_ONCE]
        worths = _worths(some, quotes)
        mine = [one for one in watched if (one.user_id, one.venue) in worths]
        fired += _settle(mine, worths, now)
    return fired


def worth(holdings: Holdings, quotes: Mapping[str, float]) -> Worth:
    """What coins come to at these prices of one coin in USDT."""
    priced = {**quotes, trigger_sources.UNIT: 1.0}
    unknown = sorted(coin for coin in holdings if coin not in priced)
    if unknown:
        more = len(unknown) - NAMED
        names = ", ".join(unknown[:NAMED]) + (f" and {more} more" if more > 0 else "")
        return Worth(None, f"The worth is unknown: no price of {names}."[:LONGEST])
    return Worth(sum(amount * priced[coin] for coin, amount in holdings.items()))


def change(one: Watched, usdt: float) -> Own | None:
    """The figure an alert is compared with; None while there is nothing to compare.

    A balance changes up or down: its size is compared, with its sign it is told.
    """
    if one.base is None:
        return None
    if one.kind is TriggerKind.PROFIT_AND_LOSS:
        return Own(one.trigger_id, usdt - one.base)
    if one.base <= 0:
        return None
    share = usdt / one.base - 1
    return Own(one.trigger_id, abs(share), {"value": share})


def _watched(now: datetime) -> list[Watched]:
    told: dict[str, Any] = {"kinds": [kind.value for kind in OF_ACCOUNTS], "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_WATCHERS, told)
        rows = [Watched(*row) for row in cursor.fetchall()]
    return [replace(row, kind=TriggerKind(row.kind)) for row in rows]


def _quotes() -> dict[str, float]:
    """The median price of every coin in USDT."""
    return {coin: one.value for coin, one in trigger_sources.in_usdt(book.load()).items()}


def _worths(
    accounts: Sequence[tuple[int, str]], quotes: Mapping[str, float]
) -> dict[tuple[int, str], Worth]:
    """What each account is worth; where a person has several keys at a venue, by the first."""
    opened: dict[tuple[int, str], Secret] = {}
    worths: dict[tuple[int, str], Worth] = {}
    keys = _keys(accounts)
    for account in accounts:
        try:
            opened[account] = _open(keys.get(account))
        except (KeyRefused, sealing.Unsealable) as error:
            worths[account] = Worth(None, error.message[:LONGEST])
    told = balances.of(opened.values()) if opened else []
    for account, said in zip(opened, told, strict=True):
        if isinstance(said, ArbEdgeError):
            worths[account] = Worth(None, said.message[:LONGEST])
        else:
            worths[account] = worth(said, quotes)
    return worths


def _keys(accounts: Sequence[tuple[int, str]]) -> dict[tuple[int, str], StoredKey]:
    rows = StoredKey.objects.filter(
        user_id__in={user_id for user_id, _ in accounts}, kind=KeyKind.EXCHANGE,
        state=KeyState.ACTIVE, can_read=True,
    ).select_related("user").order_by("testnet", "slot")  # fmt: skip
    found: dict[tuple[int, str], StoredKey] = {}
    for row in rows:
        found.setdefault((row.user_id, row.provider), row)
    return found


def _open(key: StoredKey | None) -> Secret:
    if key is None:
        raise KeyRefused("There is no key of yours any more that may read this account.")
    return vault.open_exchange(key.pk, key.user)


def _settle(
    watched: Sequence[Watched], worths: Mapping[tuple[int, str], Worth], now: datetime
) -> int:
    """Keeps what was seen, fires, and tells, in one transaction."""
    seen = {one.trigger_id: worths[one.user_id, one.venue] for one in watched}
    with transaction.atomic():
        kept = _keep(watched, seen, now)
        mine = [one for one in watched if one.trigger_id in kept]
        fired: list[Fired] = []
        for kind in OF_ACCOUNTS:
            fired += trigger_firing.by_id(kind, list(_changes(kind, mine, seen)), now)
        _begin_again(fired)
        trigger_told.tell(fired, now)
    asked_counters.fired(one.kind for one in fired)
    return len(fired)


def _changes(
    kind: TriggerKind, watched: Sequence[Watched], seen: Mapping[int, Worth]
) -> Iterator[Own]:
    for one in watched:
        usdt = seen[one.trigger_id].usdt
        if one.kind is kind and usdt is not None:
            figure = change(one if one.base is not None else replace(one, base=usdt), usdt)
            if figure is not None:
                yield figure


def _keep(watched: Sequence[Watched], seen: Mapping[int, Worth], now: datetime) -> set[int]:
    """Notes what was seen, and returns whose alert it was: those still about the same account."""
    told: dict[str, Any] = {
        "ids": [one.trigger_id for one in watched],
        "kinds": [one.kind.value for one in watched],
        "venues": [one.venue for one in watched],
        "seen": [seen[one.trigger_id].usdt for one in watched],
        "problems": [seen[one.trigger_id].problem for one in watched],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, told)
        return {number for (number,) in cursor.fetchall()}


def _begin_again(fired: Sequence[Fired]) -> None:
    """A balance that was told is what the next change is compared with."""
    told = [one.trigger_id for one in fired if one.kind is TriggerKind.BALANCE_CHANGE]
    if told:
        AlertTrigger.objects.filter(pk__in=told).update(base=F("seen"))
