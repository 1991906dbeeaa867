"""Names that several floors must agree on. Values are stored and sent, so they never change."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


class Market(StrEnum):
    """What kind of instrument a venue trades."""

    SPOT = "spot"
    PERP = "perp"
    DATED = "dated"


class Kind(StrEnum):
    """Kinds of opportunity."""

    FUNDING = "funding"
    SPOT = "spot"
    BASIS = "basis"
    TECHNICAL = "technical"


class Shelf(StrEnum):
    """The ten shelves opportunities are sorted onto for people."""

    LOW_RISK = "low_risk"
    HIGH_CONFIDENCE = "high_confidence"
    BEGINNER = "beginner"
    TECHNICAL = "technical"
    HYBRID = "hybrid"
    AI = "ai"
    MOMENTUM = "momentum"
    MEAN_REVERSION = "mean_reversion"
    BREAKOUT = "breakout"
    ADVANCED = "advanced"


class Risk(StrEnum):
    """Risk class of an opportunity."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class State(StrEnum):
    """Where an opportunity stands in its life."""

    OPEN = "open"
    FADING = "fading"
    HELD = "held"
    CLOSED = "closed"


class Event(StrEnum):
    """What can happen to an opportunity; each is one event row."""

    OPENED = "opened"
    IMPROVED = "improved"
    FADING = "fading"
    RESTORED = "restored"
    HELD = "held"
    RESUMED = "resumed"
    RECOVERED = "recovered"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """Why an opportunity ended."""

    BELOW_HALF = "below_half"
    NEGATIVE = "negative"
    GATE = "gate"
    ENDED = "ended"
    NO_DATA = "no_data"


class Profile(StrEnum):
    """The two sets of limits an operator can run."""

    STRICT = "strict"
    PERMISSIVE = "permissive"


class Verdict(StrEnum):
    """What is believed of an instrument's coin."""

    SAME = "same"
    VERIFIED = "verified"
    PROVISIONAL = "provisional"
    DIVERGENT = "divergent"
    QUARANTINED = "quarantined"


class Network(StrEnum):
    """Whether a coin can move in or out of a venue."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Reason(IntEnum):
    """Why a candidate is held back or marked; the value is its bit in a reason mask.

    Bits below 40 reject. Bits from 40 on are notes: they lower trust, they do not reject.
    """

    STALE = 0
    LEG_SKEW = 1
    FUTURE = 2
    NO_PRICE = 3
    CROSSED = 4
    NO_RATE = 5
    INTERVAL_UNKNOWN = 6
    NO_FEE = 7
    QUOTE_MISMATCH = 8
    FROZEN = 9
    IMPLAUSIBLE = 10
    THIN_VOLUME = 11
    THIN_INTEREST = 12
    WIDE = 13
    THIN_DEPTH = 14
    NOT_TRADING = 15
    DELISTING = 16
    BREAKER = 17
    PAUSED = 18
    SETTLING = 19
    DEPEG = 20
    BELOW_THRESHOLD = 21
    NEEDS_BORROW = 22
    NETWORK_CLOSED = 23
    LEVERAGED = 24
    DIVERGENT = 25
    QUARANTINED = 26
    VOLATILE = 27
    HISTORY = 28
    RATE_AT_CAP = 40
    NO_HISTORY = 41
    NETWORK_UNKNOWN = 42
    PROVISIONAL = 43
    INSTRUMENT_INFERRED = 44
    GAP_EXCURSION = 45
    VOLUME_UNKNOWN = 46
    INTEREST_UNKNOWN = 47
    DEPTH_UNKNOWN = 48

    @property
    def code(self) -> str:
        """The lower-case code shown to people and programs."""
        return self.name.lower()

    @property
    def rejects(self) -> bool:
        """Whether this reason keeps a candidate from opening."""
        return self.value < FIRST_NOTE_BIT


FIRST_NOTE_BIT = 40
REJECTING_MASK = (1 << FIRST_NOTE_BIT) - 1


class Fault(StrEnum):
    """Kinds of failure of a venue's answer, named by what the caller should do."""

    RATE_LIMITED = "rate_limited"
    BANNED = "banned"
    FORBIDDEN = "forbidden"
    LOCATION = "location"
    SERVER = "server"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    REJECTED = "rejected"


class Channel(StrEnum):
    """Channels a message can take."""

    TELEGRAM = "telegram"
    EMAIL = "email"
    WEB_PUSH = "web_push"
    WEBHOOK = "webhook"
    SMS = "sms"
    SLACK = "slack"
    DISCORD = "discord"
    CUSTOM = "custom"


class Tier(StrEnum):
    """What a person pays for, in rising order."""

    FREE = "free"
    BASIC = "basic"
    PREMIUM = "premium"
    PRO = "pro"
    ENTERPRISE = "enterprise"

    @property
    def rank(self) -> int:
        """0 for free, higher for more; stored in the audience table."""
        return _TIERS.index(self)


_TIERS = list(Tier)


class Role(StrEnum):
    """What a person does for ArbEdge; it never follows from a tier."""

    USER = "user"
    SUPPORT = "support"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class AccountState(StrEnum):
    """Whether a person may use the account."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    BANNED = "banned"
    DEACTIVATED = "deactivated"


class Door(StrEnum):
    """Where somebody came in, or a write came from."""

    WEB = "web"
    TELEGRAM = "telegram"
    API = "api"
    CONSOLE = "console"
    TASK = "task"


class Language(StrEnum):
    """Languages people are spoken to in."""

    EN = "en"
    ES = "es"
    FR = "fr"


# Each as it calls itself.
LANGUAGES: Final = {Language.EN: "English", Language.ES: "Español", Language.FR: "Français"}
