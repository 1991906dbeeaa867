"""What people may have watched: which coin, pair or venue, and up to which level."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.conf import settings

from accounts import preferences
from accounts.models import StoredKey
from accounts.models.key import KeyKind, KeyState
from arbedge.choices import VENUES, unmask
from arbedge.errors import BadInput
from exchanges.models import Instrument
from notifications.names import TriggerKind

LABEL_LENGTH: Final = 60
LONGEST_SUBJECT: Final = 80
_PARTS: Final = re.compile(r"[\s/:_-]+")


class Unit(StrEnum):
    """What a level is measured in."""

    PRICE = "price"  # quote currency for one coin
    NET = "net"  # fraction of the long leg's entry value, over the person's own horizon
    PER_8_H = "per_8_h"  # funding as a fraction, brought to a settlement every 8 hours
    SHARE = "share"  # fraction of what the account was worth when last told
    USDT = "usdt"
    NONE = ""


FRACTIONS: Final = frozenset({Unit.NET, Unit.PER_8_H, Unit.SHARE})


class About(StrEnum):
    """What a subject names."""

    PAIR = "pair"
    COIN = "coin"
    VENUE = "venue"
    KEY = "key"  # a venue where the person has a key


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind: what its subject names, what its level may be, and when it is armed again.

    `sign` is -1 where the figure has to fall to the level; `slack` is the share of the level that
    the figure has to move back before the alert is armed again, so that a figure that trembles
    about its level tells once.
    """

    title: str
    about: About
    unit: Unit
    lowest: float = 0.0
    highest: float = 0.0
    sign: int = 1
    slack: float = 0.0
    at_a_venue: bool = False


RULES: Final[Mapping[TriggerKind, Rule]] = {
    TriggerKind.PRICE_ABOVE: Rule(
        "Price rises to", About.PAIR, Unit.PRICE, 1e-12, 1e12, slack=0.001, at_a_venue=True
    ),
    TriggerKind.PRICE_BELOW: Rule(
        "Price falls to", About.PAIR, Unit.PRICE, 1e-12, 1e12, -1, slack=0.001, at_a_venue=True
    ),
    TriggerKind.NET_ABOVE: Rule(
        "Opportunity pays at least", About.COIN, Unit.NET, 0.0001, 10.0, slack=0.05
    ),
    TriggerKind.FUNDING_ABOVE: Rule(
        "Funding reaches", About.COIN, Unit.PER_8_H, 0.00001, 1.0, slack=0.05, at_a_venue=True
    ),
    TriggerKind.VENUE_BLIND: Rule("Venue stops answering", About.VENUE, Unit.NONE),
    TriggerKind.BALANCE_CHANGE: Rule("Balance moves by", About.KEY, Unit.SHARE, 0.001, 10.0),
    TriggerKind.PROFIT_AND_LOSS: Rule(
        "Profit or loss reaches", About.KEY, Unit.USDT, 1.0, 1e12, slack=0.05
    ),
}


OF_ACCOUNTS: Final = tuple(kind for kind, rule in RULES.items() if rule.about is About.KEY)


@dataclass(frozen=True, slots=True)
class Spec:
    """A wish for an alert that was checked."""

    kind: TriggerKind
    subject: str
    venue: str = ""
    level: float | None = None
    label: str = ""


def spec(
    kind: str,
    subject: str,
    venue: str = "",
    level: float | None = None,
    label: str = "",
    *,
    venues: Collection[str],
    keys: Collection[str],
) -> Spec:
    """The wish, checked and written as it is kept: PAIR as "BTC/USDT", the rest in their own names.

    `venues` are those the person follows, `keys` those he has a key of. Raises BadInput with the
    `field`, and the `limit` where there is one.
    """
    if kind not in set(TriggerKind):
        text = f"There is no alert called {kind[:32]!r}."
        raise BadInput(text, code="alert_kind_unknown", field="kind")
    known = TriggerKind(kind)
    rule = RULES[known]
    place = _venue(venue) if rule.at_a_venue and venue.strip() else ""
    name = _subject(rule.about, subject, place, venues, keys)
    return Spec(known, name, place, _level(known, rule, level), _label(label))


def venues_followed(user_id: int) -> list[str]:
    """The venues whose silence concerns a person: those of his preferences, of all that are read;
    and those he has a key of."""
    chosen, read = preferences.of(user_id).venues, watched()
    keys = venues_with_key(user_id)
    return [one for one in read if chosen is None or one in unmask(chosen, VENUES) or one in keys]


def venues_with_key(user_id: int) -> list[str]:
    """The venues a person has a working key of."""
    rows = StoredKey.objects.filter(
        user_id=user_id, kind=KeyKind.EXCHANGE, state=KeyState.ACTIVE, can_read=True
    )
    return sorted(set(rows.values_list("provider", flat=True)))


def watched() -> list[str]:
    """The venues that are read here."""
    return [*settings.VENUES, *settings.EXTRA_VENUES]


def _subject(
    about: About, subject: str, place: str, venues: Collection[str], keys: Collection[str]
) -> str:
    if about is About.PAIR:
        return _pair(subject, place)
    if about is About.COIN:
        return _coin(subject, place)
    name = _venue(subject, field="subject")
    if about is About.KEY and name not in keys:
        text = f"Your account at {name} can be watched once you have added a key that may read it."
        raise BadInput(text, field="subject", code="account_not_readable", value=name)
    if about is About.VENUE and name not in venues:
        text = f"{name} is not among your venues. Choose it in your preferences first."
        raise BadInput(text, field="subject", code="venue_not_followed", value=name)
    return name


def _venue(text: str, field: str = "venue") -> str:
    name = text.strip().lower()
    if name not in watched():
        raise BadInput(
            f"{text.strip()[:32] or 'Nothing'} is no venue that is read here."
            f" There are {', '.join(watched())}.",
            code="venue_not_read", field=field, value=text.strip()[:32],
            choices=watched(),
        )  # fmt: skip
    return name


def _pair(subject: str, place: str) -> str:
    parts = [part for part in _PARTS.split(subject.strip()) if part]
    if not 1 <= len(parts) <= 2 or len(subject) > LONGEST_SUBJECT:
        text = f"Write a coin or a pair, such as BTC or BTC/{settings.QUOTE}."
        raise BadInput(text, code="bad_pair", field="subject", quote=settings.QUOTE)
    quote = parts[1].upper() if len(parts) == 2 else settings.QUOTE
    return f"{_listed(parts[0], place, quote)}/{quote}"


def _coin(subject: str, place: str) -> str:
    name = subject.strip()
    if not name or len(name) > LONGEST_SUBJECT:
        raise BadInput("Write a coin, such as BTC.", code="coin_missing", field="subject")
    return _listed(name, place)


def _listed(coin: str, place: str, quote: str = "") -> str:
    """The coin as the venues' lists have it."""
    rows = Instrument.objects.filter(asset__in={coin, coin.upper()}, current=True)
    rows = rows.filter(quote=quote) if quote else rows
    found = set((rows.filter(venue=place) if place else rows).values_list("asset", flat=True))
    if found:
        return coin if coin in found else coin.upper()
    what = f"{coin[:32].upper()}/{quote}" if quote else coin[:32].upper()
    where = f"{place} does not list" if place else "No venue here lists"
    text = f"{where} {what}. Check how the coin is called."
    raise BadInput(text, field="subject", code="subject_unknown", value=what)


def _level(kind: TriggerKind, rule: Rule, level: float | None) -> float | None:
    if rule.unit is Unit.NONE:
        return None
    if level is None or not math.isfinite(level):
        text = "Say at which figure you want to be told."
        raise BadInput(text, code="level_missing", field="level")
    size = abs(level) if kind is TriggerKind.PROFIT_AND_LOSS else level
    if not rule.lowest <= size <= rule.highest:
        low, high = _words(rule, rule.lowest), _words(rule, rule.highest)
        text = f"The figure must lie between {low} and {high}."
        raise BadInput(text, code="level_out_of_bounds", field="level",
                       limit=(rule.lowest, rule.highest))  # fmt: skip
    return level


def _words(rule: Rule, figure: float) -> str:
    if rule.unit in FRACTIONS:
        return f"{figure * 100:,g}\u2009%"
    return f"{figure:,g}\u2009{settings.QUOTE if rule.unit is Unit.PRICE else 'USDT'}"


def _label(label: str) -> str:
    text = " ".join(label.split())
    if len(text) > LABEL_LENGTH:
        limit = f"at most {LABEL_LENGTH} characters"
        told = f"The note may have {limit}."
        raise BadInput(told, code="too_long", field="label", limit=LABEL_LENGTH)
    return text
