"""The names, numbers and times by which limits are kept in the cache."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accounts import tiers
from accounts.tiers import Allowance
from arbedge import cache
from arbedge.clock import HOUR_MS
from arbedge.names import Tier
from notifications.names import Recipient

COOLDOWN_MS: Final = round(4 * HOUR_MS)
REMEMBERED_MS: Final = round(27 * HOUR_MS)  # a local day has up to 25 hours
_TIERS: Final = list(Tier)


def limits(recipient: str, tier: int) -> tuple[int, int]:
    """Messages an hour and a day for a tier's rank, twice as many for a chat; -1 is no limit."""
    allowance: Allowance = tiers.table()[_TIERS[tier]]
    if recipient == Recipient.CHAT.value:
        allowance = tiers.doubled(allowance)
    day = allowance.pushes_per_day
    return allowance.opportunities_per_hour, -1 if day is None else day


def number(recipient: str, recipient_id: int) -> int:
    """A recipient as a number of his own."""
    return -recipient_id if recipient == Recipient.CHAT.value else recipient_id


def day_of(zone: str, now: datetime) -> tuple[int, int]:
    """When the day that `now` is in began and will end where the recipient lives, in ms."""
    return _day(zone, now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0))


@lru_cache(maxsize=2048)
def _day(zone: str, now: datetime) -> tuple[int, int]:
    """Zones differ by quarters of an hour, so that no day begins within one."""
    try:
        here = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        here = ZoneInfo("UTC")
    local = now.astimezone(here)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return ms(start), ms((start + timedelta(days=1)).replace(fold=0))


def ms(at: datetime) -> int:
    """A moment in ms since 1970 UTC."""
    return round(at.timestamp() * 1000)


def marker_key() -> str:
    """The key that says which server's memory is whole."""
    return cache.key("quota", "whole")


def full_key(name: str) -> str:
    """The key of who is full for the "hour" or "day", with the time they are free again."""
    return cache.key("quota", "full", name)


def told_key(who: str) -> str:
    """The key of what a recipient was told: deliveries by time."""
    return cache.key("quota", "told", who)


def cooldown_key(fingerprint: str) -> str:
    """The key of who was told a fingerprint, with the end of the cooldown."""
    return cache.key("quota", "cooldown", fingerprint)
