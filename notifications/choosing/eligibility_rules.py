"""The rules of eligibility, in the order of the six layers.

Each is SQL for the events it lets through, as bits, of a crowd `p`: people who are equal in all
that is compared. The first rule that stops an event is the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import Final

from accounts.audience import AWAKE, rank
from arbedge.choices import Frequency, Notice
from arbedge.names import Channel, Role, Tier
from notifications.codes import Why
from notifications.names import CHANNEL_NUMBERS


class Mark(IntFlag):
    """What is said of a person whatever the event."""

    NO_CHANNEL = 1
    DISTURBED = 2  # it is his quiet time
    KEEPS = 4  # and what comes then waits for the digest
    BUNDLED = 8
    HOUR_FULL = 16
    DAY_FULL = 32
    AI_KEY = 64
    BARRED = 128  # a chat whose registering person's account is not active
    PAUSED = 256
    SWITCHED_OFF = 512
    BY_TELEGRAM = 1024


OPENED: Final = 1 << list(Notice).index(Notice.OPENED)
_ADMIN: Final = list(Role).index(Role.ADMIN)
_DAILY: Final = list(Frequency).index(Frequency.DAILY)
ADMINS_COLUMN: Final = len(Tier)
HIGHEST: Final = len(Tier) - 1  # the rank whose slices are the admins' too

# The rank of the tier, and the column of the admins, from the named columns.
COLUMN_OF_TIER: Final = f"""
    CASE WHEN role >= {_ADMIN} THEN {ADMINS_COLUMN} ELSE {rank()} END
"""
# When a person `a` carries a mark, and the rules without which nobody asks.
MARKS: Final = {
    Mark.SWITCHED_OFF: f"a.notices & {OPENED} = 0",
    Mark.NO_CHANNEL: "a.channels[1] IS NULL",
    Mark.DISTURBED: f"NOT ({AWAKE})",
    Mark.KEEPS: f"a.quiet_to_digest OR a.frequency = {_DAILY}",
    Mark.BUNDLED: "a.frequency <> 0",
    Mark.HOUR_FULL: "a.who = ANY(%(hour)s::bigint[])",
    Mark.DAY_FULL: "a.who = ANY(%(day)s::bigint[])",
    Mark.AI_KEY: "a.ai_key",
    Mark.BARRED: "a.barred",
    Mark.PAUSED: "a.paused",
    Mark.BY_TELEGRAM: f"a.channels[1] = {CHANNEL_NUMBERS[Channel.TELEGRAM]}",
}
ASKED_BY: Final = {
    Mark.HOUR_FULL: Why.HOUR_FULL,
    Mark.DAY_FULL: Why.DAY_FULL,
    Mark.AI_KEY: Why.AI_KEY_MISSING,
}


def _unless(mark: Mark) -> str:
    return f"CASE p.marks & {mark.value} WHEN 0 THEN %(every)s::bigint ELSE 0 END"


# The rules in the order of the six layers, each with the events of a crowd `p` it lets through.
RULES: Final[Mapping[Why, str]] = {
    Why.ACCOUNT_STATE: _unless(Mark.BARRED),
    Why.TIER_KIND: "(%(tier_kinds)s::bigint[])[1 + p.tier]",
    Why.TIER_SHELF: "(%(tier_shelves)s::bigint[])[1 + p.tier]",
    Why.SWITCHED_OFF: _unless(Mark.SWITCHED_OFF),
    Why.KIND_UNWANTED: "(%(kinds)s::bigint[])[1 + p.kinds]",
    Why.SHELF_UNWANTED: "(%(shelves)s::bigint[])[1 + p.shelves]",
    Why.VENUE_UNWANTED: "p.venues",
    Why.ASSET_UNWANTED: "p.assets",
    Why.NET_TOO_LOW: "p.net",
    Why.APR_TOO_LOW: "p.apr",
    Why.RISK_TOO_HIGH: "(%(risks)s::bigint[])[1 + p.max_risk]",
    Why.CONFIDENCE_TOO_LOW: "p.confidence",
    Why.NO_CHANNEL: _unless(Mark.NO_CHANNEL),
    Why.DO_NOT_DISTURB: f"""CASE WHEN p.marks & {Mark.DISTURBED | Mark.KEEPS} = {Mark.DISTURBED}
        THEN 0 ELSE %(every)s::bigint END""",
    Why.COOLDOWN: "~p.cooling",
    Why.HOUR_FULL: _unless(Mark.HOUR_FULL),
    Why.DAY_FULL: _unless(Mark.DAY_FULL),
    Why.KEYS_MISSING: "p.keys",
    Why.AI_KEY_MISSING: f"""CASE WHEN p.marks & {Mark.AI_KEY.value} <> 0 THEN %(every)s::bigint
        ELSE ~%(needs_ai)s::bigint | (%(tier_ai)s::bigint[])[1 + p.tier] END""",
    Why.REGION_BLOCKED: "~p.region",
    Why.CHAT_PAUSED: _unless(Mark.PAUSED),
    Why.TOLD_ALREADY: "~p.told",
}
OPEN: Final = "(%(open)s::bigint[])[1 + p.tier]"
# Goes to the digest instead: what is bundled, and what quiet hours keep.
FOR_DIGEST: Final = f"""(p.marks & {Mark.BUNDLED.value} <> 0
    OR p.marks & {Mark.DISTURBED.value} <> 0)"""
