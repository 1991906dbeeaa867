"""What a person wishes, by names: the row of Preferences without its masks and empty marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final

from accounts.models import Preferences
from arbedge.choices import (
    VENUES,
    Automation,
    Experience,
    Focus,
    Frequency,
    Notice,
    NumberFormat,
    PublicName,
    Spread,
    Switch,
    mask,
    unmask,
)
from arbedge.names import Channel, Kind, Risk, Shelf

HOUR_MIN: Final = 60


@dataclass(frozen=True)
class Wish:
    """All preferences of a person; the defaults are those of whoever never chose.

    None means "all of the tier" for kinds, "those of the experience" for shelves, "all" for venues
    and "no such hours" for times, which are minutes of the person's own day. Net, APR and
    confidence are fractions. Notices that are not switched are on, venues without a level are at
    VIP 0, and no channels at all means the one the person came by.
    """

    kinds: tuple[Kind, ...] | None = None
    shelves: tuple[Shelf, ...] | None = None
    venues: tuple[str, ...] | None = None
    assets_in: tuple[str, ...] = ()
    assets_out: tuple[str, ...] = ()
    min_net: float = 0.0
    min_apr: float = 0.0
    max_risk: Risk = Risk.HIGH
    min_confidence: float = 0.0
    executable_only: bool = False

    notional_usd: int = 1_000
    horizon_hours: int = 72
    leverage: float = 2.0
    vip_levels: Mapping[str, int] = field(default_factory=dict)

    focus: Focus = Focus.ARBITRAGE
    experience: Experience = Experience.BEGINNER
    automation: Automation = Automation.MANUAL

    switches: Mapping[Notice, Switch] = field(default_factory=dict)
    channels: tuple[Channel, ...] = ()
    spread: Spread = Spread.FIRST
    frequency: Frequency = Frequency.IMMEDIATE
    digest_at_min: int = 8 * HOUR_MIN
    active_from_min: int | None = None
    active_to_min: int | None = None
    quiet_from_min: int | None = None
    quiet_to_min: int | None = None
    quiet_to_digest: bool = False

    currency: str = "USD"
    number_format: NumberFormat = NumberFormat.POINT
    public_name: PublicName = PublicName.SHORT


@dataclass(frozen=True)
class Economics:
    """What a person's own figures are computed for: the cohort that is his."""

    notional_usd: int
    horizon_hours: int
    leverage: float
    vip_levels: tuple[tuple[str, int], ...]


DEFAULT: Final = Wish()
NAMES: Final = tuple(one.name for one in fields(Wish))
TIMES: Final = tuple(name for name in NAMES if name.endswith("_min"))
_MASKS: Final[Mapping[str, Iterable[str]]] = {"kinds": Kind, "shelves": Shelf, "venues": VENUES}
_ENUMS: Final[Mapping[str, type[StrEnum]]] = {
    "kinds": Kind, "shelves": Shelf, "channels": Channel, "max_risk": Risk, "focus": Focus,
    "experience": Experience, "automation": Automation, "spread": Spread, "frequency": Frequency,
    "number_format": NumberFormat, "public_name": PublicName,
}  # fmt: skip


def wish(row: Preferences) -> Wish:
    """Returns what this row says."""
    return Wish(**{name: _told(name, getattr(row, name)) for name in NAMES})


def with_values(old: Wish, values: Mapping[str, Any]) -> Wish:
    """Returns the wish with these values, read by accounts.wish_values, in place of its own."""
    return replace(old, **{name: _typed(name, value) for name, value in values.items()})


def columns(wanted: Wish) -> dict[str, Any]:
    """Returns the columns of the row that says this."""
    return {name: _stored(name, getattr(wanted, name)) for name in NAMES}


def economics(row: Preferences) -> Economics:
    """Returns the cohort of this row; people who wish the same share one and the same figures."""
    levels = tuple(sorted((venue, level) for venue, level in row.vip_levels.items() if level))
    return Economics(row.notional_usd, row.horizon_hours, row.leverage, levels)


def plain(name: str, value: Any) -> Any:
    """Returns a value as JSON has it and as a change takes it back: lists, and times as "23:00"."""
    if name in TIMES and value is not None:
        return clock_time(value)
    if isinstance(value, tuple):
        return [str(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _text(one) for key, one in value.items()}
    return _text(value)


def plainly(wanted: Wish) -> dict[str, Any]:
    """Returns every value of a wish as JSON has it."""
    return {name: plain(name, getattr(wanted, name)) for name in NAMES}


def clock_time(minute: int) -> str:
    """Returns a minute of the day as "23:00"."""
    return f"{minute // HOUR_MIN:02}:{minute % HOUR_MIN:02}"


def _text(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _told(name: str, stored: Any) -> Any:
    if name in _MASKS and stored is not None:
        stored = unmask(stored, _MASKS[name])
    return _typed(name, tuple(stored) if isinstance(stored, list) else stored)


def _typed(name: str, value: Any) -> Any:
    """The value with its enum's members in place of their texts."""
    if name == "switches":
        return {Notice(notice): Switch(switch) for notice, switch in value.items()}
    if name == "vip_levels":
        return dict(value)
    if value is None or name not in _ENUMS:
        return value
    kind = _ENUMS[name]
    return tuple(kind(one) for one in value) if isinstance(value, tuple) else kind(value)


def _stored(name: str, told: Any) -> Any:
    if name in _MASKS:
        return None if told is None else mask(told, _MASKS[name])
    return plain(name, told) if name not in TIMES else told
