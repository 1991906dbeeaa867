"""The form of preferences: sections and fields with their limits and words.

Forms, the bot and the API render from it, and what is written is read by it, so that no door allows
what another refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from arbedge.choices import (
    CURRENCIES,
    HORIZONS_HOURS,
    NOTIONALS_USD,
    VENUES,
    VIP_LEVELS,
    Automation,
    Experience,
    Focus,
    Frequency,
    Notice,
    NumberFormat,
    PublicName,
    Spread,
    Switch,
)
from arbedge.names import Channel, Kind, Risk, Shelf

MOST_ASSETS: Final = 50
LONGEST_ASSET: Final = 20


class Shape(StrEnum):
    """How a value looks, and so which control shows it."""

    CHOICE = "choice"
    SEVERAL = "several"  # of the options; None is all
    ORDERED = "ordered"  # of the options, in the person's order
    FRACTION = "fraction"
    NUMBER = "number"
    FLAG = "flag"
    TIME = "time"
    ASSETS = "assets"
    LEVELS = "levels"  # a number for each option
    SWITCHES = "switches"  # one of `positions` for each option


@dataclass(frozen=True)
class Field:
    """One preference; `lowest` and `highest` are inclusive, `optional` takes None."""

    name: str
    section: str
    title: str
    help: str
    shape: Shape
    options: tuple[str | int, ...] = ()
    positions: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    most: int | None = None
    unit: str = ""
    optional: bool = False


SECTIONS: Final = {
    "filters": "What you see",
    "economics": "Your figures",
    "style": "How you trade",
    "messages": "Messages",
    "display": "Display",
}


def _names(known: Iterable[str | int]) -> tuple[str | int, ...]:
    return tuple(one.value if isinstance(one, StrEnum) else one for one in known)


def _several(name: str, title: str, hint: str, known: Iterable[str]) -> Field:
    return Field(
        name, "filters", title, hint, Shape.SEVERAL, options=_names(known), optional=True
    )  # fmt: skip


def _assets(name: str, title: str, hint: str) -> Field:
    return Field(name, "filters", title, hint, Shape.ASSETS, most=MOST_ASSETS)


def _fraction(name: str, title: str, hint: str, lowest: float, highest: float) -> Field:
    return Field(
        name, "filters", title, hint, Shape.FRACTION, lowest=lowest, highest=highest, unit="%"
    )


def _choice(section: str, name: str, title: str, hint: str, known: Iterable[str | int]) -> Field:
    return Field(name, section, title, hint, Shape.CHOICE, options=_names(known))


def _flag(section: str, name: str, title: str, hint: str) -> Field:
    return Field(name, section, title, hint, Shape.FLAG)


def _time(name: str, title: str, hint: str, *, optional: bool = True) -> Field:
    return Field(name, "messages", title, hint, Shape.TIME, optional=optional)


_ALL: Final = (
    _several("kinds", "Kinds", "Empty: all your tier has.", Kind),
    _several("shelves", "Shelves", "Empty: those that suit your experience.", Shelf),
    _several("venues", "Venues", "Both legs on these. Empty: all.", VENUES),
    _assets("assets_in", "Only these coins", "Empty: every coin."),
    _assets("assets_out", "Never these coins", "Hidden, and never sent to you."),
    _fraction("min_net", "Least net", "After every cost, over your horizon.", -0.1, 0.5),
    _fraction("min_apr", "Least net APR", "The net, per year.", -1.0, 10.0),
    _choice("filters", "max_risk", "Highest risk", "Risk class to be shown at most.", Risk),
    _fraction("min_confidence", "Least confidence", "How sure the figures are.", 0.0, 1.0),
    _flag("filters", "executable_only", "Only what I can trade",
          "Both venues must be among your exchange keys."),
    Field("notional_usd", "economics", "Size", "Per leg; costs are counted for it.", Shape.CHOICE,
          options=NOTIONALS_USD, unit="USD"),
    Field("horizon_hours", "economics", "Horizon", "How long you mean to hold.", Shape.CHOICE,
          options=HORIZONS_HOURS, unit="h"),
    Field("leverage", "economics", "Leverage", "On perpetual legs; 1 is none.", Shape.NUMBER,
          lowest=1.0, highest=125.0, unit="×"),
    Field("vip_levels", "economics", "VIP levels", "Your fee level at each venue; 0 is the public.",
          Shape.LEVELS, options=_names(VENUES), lowest=VIP_LEVELS[0], highest=VIP_LEVELS[-1]),
    _choice("style", "focus", "Focus", "What comes first in lists.", Focus),
    _choice("style", "experience", "Experience", "Decides which shelves you begin with.",
            Experience),
    _choice("style", "automation", "Automation",
            "Semi asks you before each trade and needs intermediate experience; full needs "
            "advanced and a tier with automated trading.", Automation),
    Field("switches", "messages", "Kinds of messages", "On, silent (without a sound) or off.",
          Shape.SWITCHES, options=_names(Notice), positions=tuple(one.value for one in Switch)),
    Field("channels", "messages", "Channels", "In your order. Empty: the one you came by.",
          Shape.ORDERED, options=_names(Channel), most=len(Channel)),
    _choice("messages", "spread", "Use of channels",
            "First: the next channel only where one fails. All: every one.", Spread),
    _choice("messages", "frequency", "How often", "At once, or bundled.", Frequency),
    _time("digest_at_min", "Daily digest at", "Your own time.", optional=False),
    _time("active_from_min", "Active from", "Messages come only from then …"),
    _time("active_to_min", "Active to", "… to then. Both empty: at any hour."),
    _time("quiet_from_min", "Quiet from", "Do not disturb, also across midnight."),
    _time("quiet_to_min", "Quiet to", "Both empty: never quiet."),
    _flag("messages", "quiet_to_digest", "Keep for the digest",
          "What comes in quiet hours waits for the digest and is not dropped."),
    _choice("display", "currency", "Currency", "Amounts are shown in it.", CURRENCIES),
    _choice("display", "number_format", "Numbers", "1,234.5 or 1.234,5 or 1 234,5.", NumberFormat),
    _choice("display", "public_name", "Name on leaderboards",
            "Short: its first two letters. Hidden: none at all.", PublicName),
)  # fmt: skip
FIELDS: Final = {one.name: one for one in _ALL}
