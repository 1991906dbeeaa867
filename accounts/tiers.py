"""What each tier may: the one table of product §3, with what operators changed in it.

`table` answers from the process; at most once a second it asks the cache whether a newer version
was saved, and only then the database. Without the cache it asks the database, as seldom.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from django.db import transaction

from accounts import memory
from accounts.models import TierSetting
from accounts.standing import Standing, effective_tier
from arbedge import cache
from arbedge.choices import mask
from arbedge.names import Kind, Role, Shelf, Tier

CHECK_S: Final = 1.0
REREAD_S: Final = 60.0  # even where nobody told of a change
PERMISSION: Final = "permission:"


class Permission(StrEnum):
    """Everything that is allowed or not; what is not named here is denied."""

    OPPORTUNITIES_VIEW = "opportunities.view"
    OPPORTUNITIES_TECHNICAL = "opportunities.technical"
    OPPORTUNITIES_AI = "opportunities.ai"
    TRADING_MANUAL = "trading.manual"
    TRADING_AUTOMATED = "trading.automated"
    ANALYTICS_VIEW = "analytics.view"
    ANALYTICS_PREMIUM = "analytics.premium"
    AI_USE = "ai.use"
    GROUPS_MANAGE = "groups.manage"
    USERS_MANAGE = "users.manage"
    SYSTEM_CONFIGURE = "system.configure"
    SYSTEM_BROADCAST = "system.broadcast"
    SYSTEM_VIEW = "system.view"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one tier may. None is no cap; masks hold a bit per name in the order of the enum.

    `weight` is that of the rotation when demand exceeds capacity; None stands outside of it.
    """

    opportunities_per_hour: int
    pushes_per_day: int | None
    delay_s: int
    api_per_minute: int
    api_per_hour: int
    executions_per_hour: int
    ai_platform_per_day: int | None
    ai_own_per_day: int | None
    kinds: int
    shelves: int
    permissions: frozenset[Permission]
    weight: float | None
    price_usd: Decimal


COUNTED: Final = (
    "opportunities_per_hour", "pushes_per_day", "api_per_minute", "api_per_hour",
    "executions_per_hour", "ai_platform_per_day", "ai_own_per_day",
)  # fmt: skip

_ARBITRAGE: Final = mask((Kind.FUNDING, Kind.SPOT, Kind.BASIS), Kind)
_ALL_KINDS: Final = mask(Kind, Kind)
_BEGINNER: Final = mask((Shelf.LOW_RISK, Shelf.HIGH_CONFIDENCE, Shelf.BEGINNER), Shelf)
_ALL_ARBITRAGE: Final = _BEGINNER | mask((Shelf.ADVANCED,), Shelf)
_WITH_SIGNALS: Final = _ALL_ARBITRAGE | mask((Shelf.TECHNICAL, Shelf.HYBRID, Shelf.AI), Shelf)
_ALL_SHELVES: Final = mask(Shelf, Shelf)

_EVERYBODY: Final = frozenset({
    Permission.OPPORTUNITIES_VIEW, Permission.TRADING_MANUAL, Permission.AI_USE,
    Permission.GROUPS_MANAGE,
})  # fmt: skip
_PREMIUM: Final = _EVERYBODY | {
    Permission.OPPORTUNITIES_TECHNICAL, Permission.OPPORTUNITIES_AI,
    Permission.TRADING_AUTOMATED, Permission.ANALYTICS_PREMIUM,
}  # fmt: skip
_PRO: Final = _PREMIUM | {Permission.ANALYTICS_VIEW}

# opportunities/h, pushes/day, delay s, API/min, API/h, executions/h, AI/day platform and own,
# kinds, shelves, permissions, weight, price
DEFAULTS: Final[Mapping[Tier, Allowance]] = MappingProxyType({
    Tier.FREE: Allowance(
        5, 20, 300, 10, 100, 3, 0, 5, _ARBITRAGE, _BEGINNER, _EVERYBODY, 1.0, Decimal(0)),
    Tier.BASIC: Allowance(
        10, 50, 60, 20, 300, 5, 5, 20, _ARBITRAGE, _ALL_ARBITRAGE, _EVERYBODY, 1.5, Decimal(9)),
    Tier.PREMIUM: Allowance(
        20, 200, 10, 30, 500, 10, 100, 100, _ALL_KINDS, _WITH_SIGNALS, _PREMIUM, 2.0, Decimal(29)),
    Tier.PRO: Allowance(
        50, 500, 0, 60, 1_000, 25, 500, 500, _ALL_KINDS, _ALL_SHELVES, _PRO, 2.5, Decimal(49)),
    Tier.ENTERPRISE: Allowance(
        100, None, 0, 120, 5_000, 100, None, None, _ALL_KINDS, _ALL_SHELVES, _PRO, 3.0,
        Decimal(99)),
})  # fmt: skip
ADMINS: Final = Allowance(
    100, None, 0, 120, 5_000, 100, None, None, _ALL_KINDS, _ALL_SHELVES, _PRO, None, Decimal(0)
)

# What a role adds, whatever the tier.
BY_ROLE: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType({
    Role.USER: frozenset(),
    Role.SUPPORT: frozenset({Permission.SYSTEM_VIEW}),
    Role.ADMIN: frozenset({
        Permission.SYSTEM_VIEW, Permission.USERS_MANAGE, Permission.SYSTEM_BROADCAST,
    }),
    Role.SUPER_ADMIN: frozenset({
        Permission.SYSTEM_VIEW, Permission.USERS_MANAGE, Permission.SYSTEM_BROADCAST,
        Permission.SYSTEM_CONFIGURE,
    }),
})  # fmt: skip
OF_ROLES: Final = frozenset().union(*BY_ROLE.values())
HAVE_ADMINS_COLUMN: Final = frozenset({Role.ADMIN, Role.SUPER_ADMIN})


@dataclass(frozen=True)
class _Held:
    """The tables of one version (and epoch; None: unknown): for people, and doubled for groups."""

    version: tuple[bytes | None, ...] | None
    people: Mapping[Tier, Allowance]
    groups: Mapping[Tier, Allowance]
    read_at: float


def doubled(allowance: Allowance) -> Allowance:
    """Twice of everything that is counted, for a group."""
    twice: dict[str, Any] = {}
    for name in COUNTED:
        count = getattr(allowance, name)
        twice[name] = None if count is None else 2 * count
    return replace(allowance, **twice)


_GROUP_OF_ADMINS: Final = doubled(ADMINS)


def table() -> Mapping[Tier, Allowance]:
    """What every tier may now; a change is known here within a second of its commit."""
    return _now().people


def of(standing: Standing, *, group: bool = False, now: datetime) -> Allowance:
    """What this person may at `now`, or a group this person registered."""
    if standing.role in HAVE_ADMINS_COLUMN:
        return _GROUP_OF_ADMINS if group else ADMINS
    held = _now()
    return (held.groups if group else held.people)[effective_tier(standing, now)]


def saved(**_: Any) -> None:
    """A setting was saved or removed: after the commit every process reads the table again."""
    transaction.on_commit(_announce, robust=True)


def _announce() -> None:
    _copy.checked_at = 0.0
    if memory.ask("tiers", lambda client: client.incr(_version_key())) is None:
        memory.missed()


@dataclass
class _Copy:
    """This process's copy, and when its version was last compared (monotonic)."""

    held: _Held | None = None
    checked_at: float = 0.0


_copy: Final = _Copy()
_reading: Final = threading.Lock()


def _now() -> _Held:
    """While one thread looks for a newer table, the others use the one at hand."""
    held = _copy.held
    fresh = time.monotonic() - _copy.checked_at < CHECK_S
    if held is not None and (fresh or not memory.settled()):
        return held
    if not _reading.acquire(blocking=held is None):
        return held  # type: ignore[return-value]  # without one at hand the lock was waited for
    try:
        if _copy.held is None or time.monotonic() - _copy.checked_at >= CHECK_S:
            _copy.held = _looked_after(_copy.held)
            _copy.checked_at = time.monotonic()
        return _copy.held
    finally:
        _reading.release()


def _looked_after(held: _Held | None) -> _Held:
    """The same table where nothing was saved since. The version is read before the rows, so that
    a save in between is seen at the next look."""
    keys = (_version_key(), memory.epoch_key())
    answer: Any = memory.ask("tiers", lambda client: client.mget(keys))
    version = None if answer is None else tuple(answer)
    recent = held is not None and time.monotonic() - held.read_at < REREAD_S
    if held is not None and recent and version is not None and held.version == version:
        return held
    people = with_settings(TierSetting.objects.values_list("tier", "name", "value"))
    groups = {tier: doubled(one) for tier, one in people.items()}
    return _Held(version, people, MappingProxyType(groups), time.monotonic())


def _version_key() -> str:
    return cache.key("tiers", "version")


def with_settings(rows: Iterable[tuple[str, str, Decimal | None]]) -> Mapping[Tier, Allowance]:
    """The table with these (tier, name, value) in place of the defaults; unknown names count for
    nothing."""
    changes: dict[Tier, dict[str, Any]] = {tier: {} for tier in Tier}
    for tier, name, value in rows:
        if name.startswith(PERMISSION):
            _set_permission(Tier(tier), changes[Tier(tier)], name.removeprefix(PERMISSION), value)
        elif name in _READ:
            changes[Tier(tier)][name] = None if value is None else _READ[name](value)
    return MappingProxyType({tier: replace(DEFAULTS[tier], **changes[tier]) for tier in Tier})


def _set_permission(tier: Tier, change: dict[str, Any], name: str, value: Decimal | None) -> None:
    """Roles give what is theirs; a tier never does."""
    if name not in set(Permission) - OF_ROLES:
        return
    held: frozenset[Permission] = change.get("permissions", DEFAULTS[tier].permissions)
    one = frozenset({Permission(name)})
    change["permissions"] = held | one if value else held - one


_READ: Final[Mapping[str, Callable[[Decimal], Any]]] = MappingProxyType(
    dict.fromkeys((*COUNTED, "delay_s"), int) | {"weight": float, "price_usd": Decimal}
)
