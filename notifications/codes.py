"""Why somebody was not told, and why a message did not arrive: stable words, shown, counted."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Why(IntEnum):
    """Why somebody does not get a message: the first layer that fails. ELIGIBLE is no reason."""

    ELIGIBLE = 0
    # 1 session
    NO_SESSION = 10
    # 2 account, tier, permission
    ACCOUNT_STATE = 20
    TIER_KIND = 21
    TIER_SHELF = 22
    # 3 preferences
    SWITCHED_OFF = 30
    KIND_UNWANTED = 31
    SHELF_UNWANTED = 32
    VENUE_UNWANTED = 33
    ASSET_UNWANTED = 34
    NET_TOO_LOW = 35
    APR_TOO_LOW = 36
    RISK_TOO_HIGH = 37
    CONFIDENCE_TOO_LOW = 38
    NO_CHANNEL = 39
    # 4 limits
    COOLDOWN = 40
    HOUR_FULL = 41
    DAY_FULL = 42
    # 5 set-up
    KEYS_MISSING = 50
    AI_KEY_MISSING = 51
    # 6 context
    REGION_BLOCKED = 60
    CHAT_PAUSED = 61
    DO_NOT_DISTURB = 62
    # after the layers
    FOR_DIGEST = 70
    NOT_CHOSEN = 71
    TOLD_ALREADY = 72

    @property
    def code(self) -> str:
        """The lower-case word shown to people and programs."""
        return self.name.lower()


class Code(StrEnum):
    """What a channel or the queue says of a message that was not sent, or not yet."""

    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER = "server"
    MALFORMED = "malformed"
    BREAKER = "breaker"
    UNAUTHORISED = "unauthorised"
    BLOCKED = "blocked"
    GONE = "gone"
    MOVED = "moved"
    BAD_ADDRESS = "bad_address"
    PRIVATE_ADDRESS = "private_address"
    NO_ADDRESS = "no_address"
    UNVERIFIED = "unverified"
    SUPPRESSED = "suppressed"
    REFUSED = "refused"
    TOO_LONG = "too_long"
    BAD_MESSAGE = "bad_message"
    NOT_CONFIGURED = "not_configured"
    WORKER_LOST = "worker_lost"
    TOO_MANY_TRIES = "too_many_tries"
    HOUR_FULL = "hour_full"
    DAY_FULL = "day_full"
    SESSION_OVER = "session_over"
    SUPERSEDED = "superseded"
    OPENING_FAILED = "opening_failed"
    CLOSED = "closed"
    EXPIRED = "expired"
    DO_NOT_DISTURB = "do_not_disturb"
    STOPPED = "stopped"
