"""One answer to "may this person?", with the reason and the next step, for every door.

Denied is what nothing allows, an unknown permission first of all. The first of these is told:
unknown permission, state of the account, session (where the door needs one), role or tier or beta
that is over, missing key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from accounts import tiers
from accounts.standing import Standing, effective_tier
from accounts.tiers import Permission
from arbedge.errors import Forbidden
from arbedge.names import AccountState, Tier

__all__ = ["Answer", "Permission", "Why", "may", "need"]


class Why(StrEnum):
    """Why not."""

    UNKNOWN_PERMISSION = "unknown_permission"
    SUSPENDED = "suspended"
    BANNED = "banned"
    DEACTIVATED = "deactivated"
    NO_SESSION = "no_session"
    MISSING_ROLE = "missing_role"
    MISSING_TIER = "missing_tier"
    BETA_OVER = "beta_over"
    KEY_MISSING = "key_missing"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it is allowed; else why not, in words for the person, and the tier that would do."""

    allowed: bool
    reason: Why | None = None
    message: str = ""
    need: Tier | None = None


def _no(reason: Why, message: str, tier: Tier | None = None) -> Answer:
    return Answer(allowed=False, reason=reason, message=message, need=tier)


YES: Final = Answer(allowed=True)

_STATES: Final = {
    AccountState.SUSPENDED: _no(
        Why.SUSPENDED, "Your account is suspended. Ask support why, and what lifts it."
    ),
    AccountState.BANNED: _no(Why.BANNED, "Your account is banned. Ask support why."),
    AccountState.DEACTIVATED: _no(
        Why.DEACTIVATED, "This account was closed. Ask support to open it again."
    ),
}
_NO_SESSION: Final = _no(Why.NO_SESSION, "You have no active session. Send /start to begin one.")
_SHOWS: Final = {
    Permission.OPPORTUNITIES_VIEW: "shows opportunities",
    Permission.OPPORTUNITIES_TECHNICAL: "shows technical signals",
    Permission.OPPORTUNITIES_AI: "shows what the AI recommends",
    Permission.TRADING_MANUAL: "trades on your own keys",
    Permission.TRADING_AUTOMATED: "trades by itself on your keys",
    Permission.ANALYTICS_VIEW: "has the analytics dashboard",
    Permission.ANALYTICS_PREMIUM: "has the deeper analytics",
    Permission.AI_USE: "asks the AI for you",
    Permission.GROUPS_MANAGE: "serves your groups",
}
_FOR_ROLE: Final = {
    Permission.SYSTEM_VIEW: "Only the staff of ArbEdge sees this. Ask support.",
    Permission.USERS_MANAGE: "Only administrators change people's accounts. Ask one of them.",
    Permission.SYSTEM_BROADCAST: "Only administrators write to everybody. Ask one of them.",
    Permission.SYSTEM_CONFIGURE: "Only super-administrators change settings. Ask one of them.",
}
_TRADES: Final = frozenset({Permission.TRADING_MANUAL, Permission.TRADING_AUTOMATED})
_NO_TRADING_KEY: Final = _no(
    Why.KEY_MISSING,
    "Trading needs an exchange key of yours that may trade. You have none yet. /setup_exchange",
)


def may(
    standing: Standing,
    permission: str,
    *,
    now: datetime,
    group: bool = False,
    session: bool = False,
) -> Answer:
    """Whether the person, or in `group` a group the person registered, may do this at `now`.

    A group has what the person's tier has and nothing that comes from a role. With `session` an
    active session is asked for too (bot and pushes; a group needs none).
    """
    if permission not in _NAMES:
        shown = permission[:48]
        return _no(Why.UNKNOWN_PERMISSION, f"Nothing here is called “{shown}”.")
    if standing.state is not AccountState.ACTIVE:
        return _STATES[standing.state]
    if session and not group and not standing.has_session(now):
        return _NO_SESSION
    wanted = Permission(permission)
    if wanted in tiers.OF_ROLES:
        held = not group and wanted in tiers.BY_ROLE[standing.role]
        return YES if held else _no(Why.MISSING_ROLE, _FOR_ROLE[wanted])
    allowance = tiers.of(standing, group=group, now=now)
    if wanted not in allowance.permissions:
        return _tier_refusal(standing, wanted, now)
    return _key_answer(standing, wanted, allowance, now)


def need(
    standing: Standing,
    permission: str,
    *,
    now: datetime,
    group: bool = False,
    session: bool = False,
) -> None:
    """Raises Forbidden with the reason as its code where `may` refuses."""
    answer = may(standing, permission, now=now, group=group, session=session)
    if answer.allowed:
        return
    details = {"permission": permission, "need": answer.need}
    raise Forbidden(answer.message, code=str(answer.reason), **details)


_NAMES: Final = frozenset(one.value for one in Permission)


def _key_answer(
    standing: Standing, wanted: Permission, allowance: tiers.Allowance, now: datetime
) -> Answer:
    if wanted in _TRADES and not standing.trading_keys:
        return _NO_TRADING_KEY
    if wanted is Permission.AI_USE and not standing.ai_keys and allowance.ai_platform_per_day == 0:
        tier = next((t for t, one in tiers.table().items() if one.ai_platform_per_day != 0), None)
        here = _name(effective_tier(standing, now))
        message = f"On {here} the AI works with a key of yours. You have none yet. /setup_ai"
        return _no(Why.KEY_MISSING, message, tier)
    return YES


def _tier_refusal(standing: Standing, wanted: Permission, now: datetime) -> Answer:
    """The lowest tier that has it, and whether the person had it while the beta ran."""
    table = tiers.table()
    tier = next((tier for tier, one in table.items() if wanted in one.permissions), None)
    here = f"You are on {_name(effective_tier(standing, now))}{_until(standing, now)}."
    if tier is None:
        return _no(Why.MISSING_TIER, f"No tier has this at present. {here}")
    has = f"{_name(tier)} {_SHOWS[wanted]}."
    ended = standing.beta_until_ms
    if (
        ended is not None
        and not standing.in_beta(now)
        and wanted in table[Tier.PREMIUM].permissions
    ):
        over = f"Your beta ended on {_day(ended, standing, now)}."
        return _no(Why.BETA_OVER, f"{over} {has} {here} /subscription", tier)
    return _no(Why.MISSING_TIER, f"{has} {here} /subscription", tier)


def _name(tier: Tier) -> str:
    return tier.value.capitalize()


def _until(standing: Standing, now: datetime) -> str:
    """ " until 3 March", where the tier that counts is one with an end."""
    ends = standing.tier_until_ms
    if ends is None or effective_tier(standing, now) is not standing.tier:
        return ""
    return f" until {_day(ends, standing, now)}"


def _day(at_ms: int, standing: Standing, now: datetime) -> str:
    """The day in the person's own zone, with its year where that is not the running one."""
    zone = ZoneInfo(standing.time_zone)
    day = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    year = "" if day.year == now.astimezone(zone).year else f" {day.year}"
    return f"{day.day} {day:%B}{year}"
