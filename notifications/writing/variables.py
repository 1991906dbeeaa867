"""What texts may name: the variables of every topic, with type and example, and the facts behind.

A message's facts are JSON; `Facts` classes below are their shapes for the topics that are not about
one opportunity (those are written by facts.py). Texts never see facts, only these variables,
written out in the reader's language and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NotRequired, TypedDict

from notifications.names import Topic


class Type(StrEnum):
    """How a variable is written."""

    TEXT = "text"
    RATE = "per cent with a sign"
    SHARE = "per cent without a sign"
    MONEY = "dollars"
    NUMBER = "number"
    SPAN = "length of time"
    MOMENT = "moment"
    COUNT = "count"
    PARAGRAPHS = "paragraphs"
    ITEMS = "list"


@dataclass(frozen=True, slots=True)
class Variable:
    """One name that texts of a topic may use. An optional one is written "unknown" where nobody
    knows it, and is false in `{% if %}`; a message without one that is not optional is not sent.
    """

    name: str
    type: Type
    about: str
    example: str
    optional: bool = False
    items: tuple[Variable, ...] = ()


class TriggerFacts(TypedDict):
    """The trigger as it stood when it fired."""

    id: int
    kind: str  # names.TriggerKind
    subject: str
    venue: str
    level: float | None
    label: str


class AlertFacts(TypedDict):
    """A trigger that fired. `value` is in the kind's own unit: a price, a fraction (net, funding
    per settlement, change of balance), or dollars (profit and loss); None for a blind venue.
    """

    trigger: TriggerFacts
    value: float | None
    opportunity_id: NotRequired[int | None]
    horizon_hours: NotRequired[float | None]  # of a net
    interval_hours: NotRequired[float | None]  # of a funding rate
    at: NotRequired[str]  # where a funding rate was found, when it is watched everywhere
    long_venue: NotRequired[str]  # of the trade that a net belongs to
    short_venue: NotRequired[str]
    since: NotRequired[str | None]  # ISO, of a blind venue
    age_ms: NotRequired[float | None]  # of the value when it was seen


class DigestFacts(TypedDict):
    """A bundle; its lines come from the messages in the delivery's `items`."""

    frequency: NotRequired[str]  # choices.Frequency


class BroadcastFacts(TypedDict):
    """A text of the operators by language; English must be there."""

    title: str
    texts: Mapping[str, str]
    url: NotRequired[str]


class CodeFacts(TypedDict):
    """A proof of an address: a code to type, or a link to press."""

    code: NotRequired[str]
    link: NotRequired[str]
    minutes: int


class TestFacts(TypedDict):
    """A test message; `channel` is where it was asked for."""

    channel: NotRequired[str]


class BlindFacts(TypedDict):
    """A venue that sends nothing; what was open there is closed without figures."""

    venue: str
    since: NotRequired[str | None]
    count: NotRequired[int]
    assets: NotRequired[list[str]]


def _text(name: str, about: str, example: str, *, optional: bool = False) -> Variable:
    return Variable(name, Type.TEXT, about, example, optional)


def _rate(name: str, about: str, example: str, *, optional: bool = False) -> Variable:
    return Variable(name, Type.RATE, about, example, optional)


def _span(name: str, about: str, example: str, *, optional: bool = True) -> Variable:
    return Variable(name, Type.SPAN, about, example, optional)


_SHARED: Final = (
    _text("asset", "the coin", "WIF"),
    _text("kind", "what pays", "funding"),
    _rate("net", "net over the reader's horizon", "+0.42 %"),
    _span("horizon", "the reader's horizon; none for spot", "72 h"),
)
_LEGS: Final = (
    _text("long_side", "what to do with the first leg", "Long"),
    _text("long_venue", "where", "OKX"),
    _text("long_terms", "its rate per settlement, or its price", "+0.0089 % / 4 h", optional=True),
    _text("short_side", "what to do with the second leg", "Short", optional=True),
    _text("short_venue", "where", "Bybit", optional=True),
    _text("short_terms", "its rate per settlement, or its price", "+0.0900 % / 8 h", optional=True),
)
_TRADE: Final = (
    *_SHARED,
    *_LEGS,
    Variable("apr", Type.SHARE, "net as a yearly rate; none for spot", "51 %", optional=True),
    Variable("cost", Type.SHARE, "all costs", "0.23 %", optional=True),
    _rate("gross", "expected before costs: gross less cost is net", "+0.65 %", optional=True),
    _rate("at_size", "net through the order books", "+0.40 %", optional=True),
    Variable("size", Type.MONEY, "the reader's size", "$1 k"),
    _span("even_after", "until receipts reach the costs", "24 h"),
    _span("even_limit", "where they do not: how far it was looked", "288 h"),
    _text("risk", "the risk class", "low"),
    Variable(
        "next_payment", Type.MOMENT, "the next settlement of a leg", "in 38 min", optional=True
    ),
    _rate("first", "what the first payments bring", "+0.08 %", optional=True),
    _span("data_age", "age of the oldest figure now", "4 s"),
    _text("caution", "what lowers trust in it", "transfer networks unknown", optional=True),
    _text("others", "further pairs of the coin", "OKX/Binance +0.31 %", optional=True),
    _rate("on_capital", "net on the capital tied up; never in groups", "+0.84 %", optional=True),
    _text("leverage", "of the margined legs; never in groups", "2×", optional=True),
    _rate("before", "the net as last announced", "+0.42 %", optional=True),
)
_FADING: Final = (
    *_SHARED,
    _text("cause", "what changed most", "Bybit's rate fell", optional=True),
    _rate("before", "the net as last announced", "+0.42 %", optional=True),
    _span("data_age", "age of the oldest figure now", "4 s"),
)
_CLOSED: Final = (
    *_SHARED[:2],
    _span("lived", "from opened to closed", "5 h 12 min", optional=False),
    _rate("promised", "the net as last announced", "+0.42 %", optional=True),
    _rate("paper", "what the paper trade has paid so far", "+0.31 %", optional=True),
    _text("reason", "why it ended", "no longer pays after costs", optional=True),
)
_BLIND: Final = (
    _text("venue", "who sends nothing", "OKX"),
    _span("silent", "for how long", "10 min"),
    Variable("count", Type.COUNT, "what was closed without figures", "3", optional=True),
    _text("assets", "their coins", "WIF, SXP, APT", optional=True),
)
_ALERT: Final = (
    _text("trigger", "its kind, a word of names.TriggerKind", "price_above"),
    _text("subject", "coin, pair or venue", "WIF/USDT"),
    _text("venue", "where", "OKX", optional=True),
    _text("value", "what was seen, in its unit", "2.5312", optional=True),
    _text("level", "the limit that was set, in its unit", "2.5", optional=True),
    _text("label", "the name given to it", "WIF breakout", optional=True),
    _span("horizon", "of a net", "72 h"),
    _span("interval", "of a funding rate", "8 h"),
    _span("silent", "of a blind venue", "2 min"),
    _span("data_age", "age of the value now", "4 s"),
)
_ITEM: Final = (
    *_SHARED,
    _text("legs", "the venues", "OKX/Bybit"),
    _text("risk", "the risk class", "low"),
    Variable("seen", Type.MOMENT, "when the figures were so", "12 min ago"),
    _text("line", "coin and kind, to press where the channel can", "WIF funding"),
)
_DIGEST: Final = (
    Variable("items", Type.ITEMS, "best first, ten at most", "", items=_ITEM),
    Variable("count", Type.COUNT, "all of them", "4"),
    Variable("more", Type.COUNT, "those that are not shown", "0", optional=True),
)
_BROADCAST: Final = (
    _text("title", "the heading", "Maintenance on Sunday"),
    Variable("text", Type.PARAGRAPHS, "the words in the reader's language", "Back at 10:00 UTC."),
)
_CODE: Final = (
    _text("code", "the code to type", "418 203", optional=True),
    _text("link", "the address to press", "https://…", optional=True),
    Variable("minutes", Type.COUNT, "how long it is good for", "10"),
)
_TEST: Final = (_text("channel", "where it was asked for", "webhook", optional=True),)

VARIABLES: Final[Mapping[Topic, tuple[Variable, ...]]] = {
    Topic.OPENED: _TRADE,
    Topic.IMPROVED: _TRADE,
    Topic.RECOVERED: _TRADE,
    Topic.FADING: _FADING,
    Topic.CLOSED: _CLOSED,
    Topic.VENUE_BLIND: _BLIND,
    Topic.ALERT: _ALERT,
    Topic.DIGEST: _DIGEST,
    Topic.BROADCAST: _BROADCAST,
    Topic.CODE: _CODE,
    Topic.TEST: _TEST,
}


def named(topic: Topic) -> dict[str, Variable]:
    """The variables of a topic by name."""
    return {one.name: one for one in VARIABLES[topic]}
