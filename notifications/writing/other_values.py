"""What texts that are not about one opportunity may name: one method per variable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from arbedge.names import Language
from notifications.names import TriggerKind
from notifications.writing.dialects import paragraphs, slot, tame
from notifications.writing.languages import Style, finite, moment_of
from notifications.writing.trade_values import Trade, venue_name
from notifications.writing.values import Reader, Told

ITEMS_SHOWN: Final = 10
ASSETS_SHOWN: Final = 8
_FRACTIONS: Final = (TriggerKind.NET_ABOVE, TriggerKind.BALANCE_CHANGE)
_PRICES: Final = (TriggerKind.PRICE_ABOVE, TriggerKind.PRICE_BELOW)
_VENUES: Final = (
    TriggerKind.VENUE_BLIND, TriggerKind.BALANCE_CHANGE, TriggerKind.PROFIT_AND_LOSS,
)  # fmt: skip


class _Other:
    def __init__(self, told: Told, reader: Reader) -> None:
        self.told = told
        self.reader = reader
        self.facts = told.facts
        self.style: Style = reader.style

    def _since(self) -> str | None:
        since = moment_of(self.facts.get("since"))
        return None if since is None else self.style.span(self._seconds(since))

    def _seconds(self, since: datetime) -> float:
        return max(0.0, (self.told.now - since).total_seconds())


class Blind(_Other):
    """A venue that sends nothing."""

    def venue(self) -> str:
        return venue_name(self.facts["venue"])

    def silent(self) -> str | None:
        return self._since()

    def count(self) -> str | None:
        count = self.facts.get("count")
        return str(int(count)) if count else None

    def assets(self) -> str | None:
        names = [tame(one, 48) for one in self.facts.get("assets") or ()]
        more = ["…"] if len(names) > ASSETS_SHOWN else []
        return ", ".join(names[:ASSETS_SHOWN] + more) or None


class Alert(_Other):
    """A trigger that fired."""

    @cached_property
    def set_to(self) -> Mapping[str, Any]:
        """The trigger as it stood."""
        found: Mapping[str, Any] = self.facts["trigger"]
        return found

    @cached_property
    def what(self) -> TriggerKind:
        """Its kind."""
        return TriggerKind(self.set_to["kind"])

    def trigger(self) -> str:
        return self.what.value

    def subject(self) -> str:
        subject = tame(self.set_to["subject"], 80)
        return venue_name(subject) if self.what in _VENUES else subject

    def venue(self) -> str | None:
        pair = [self.facts.get("long_venue"), self.facts.get("short_venue")]
        if any(pair):
            return "/".join(venue_name(one) for one in pair if one)
        name = self.set_to.get("venue") or self.facts.get("at")
        return venue_name(name) if name else None

    def value(self) -> str | None:
        return self._in_its_unit(self.facts.get("value"))

    def level(self) -> str | None:
        return self._in_its_unit(self.set_to.get("level"))

    def label(self) -> str | None:
        return tame(self.set_to.get("label") or "", 60) or None

    def horizon(self) -> str | None:
        hours = finite(self.facts.get("horizon_hours"))
        return None if hours is None else self.style.hours(hours)

    def interval(self) -> str | None:
        hours = finite(self.facts.get("interval_hours"))
        return None if hours is None else self.style.hours(hours)

    def silent(self) -> str | None:
        return self._since()

    def data_age(self) -> str | None:
        age_ms = finite(self.facts.get("age_ms"))
        if age_ms is None:
            return None
        return self.style.span(age_ms / 1000 + self._seconds(self.told.at))

    def _in_its_unit(self, number: Any) -> str | None:
        value = finite(number)
        if value is None:
            return None
        if self.what in _PRICES:
            return self.style.price(value)
        if self.what in _FRACTIONS:
            return self.style.percent(value)
        if self.what is TriggerKind.FUNDING_ABOVE:
            return self.style.share(value, 4)
        return self.style.exact_money(value)


class Digest(_Other):
    """Several opportunities in one message, what pays the reader most first."""

    @cached_property
    def trades(self) -> list[Trade]:
        """All of them."""
        found = [
            Trade(Told(facts, at, self.told.now), self.reader) for at, facts in self.told.items
        ]
        return sorted(found, key=lambda one: -one.figures.pays)

    def items(self) -> list[Trade] | None:
        return self.trades[:ITEMS_SHOWN] or None

    def count(self) -> str:
        return str(len(self.trades))

    def more(self) -> str | None:
        left = len(self.trades) - ITEMS_SHOWN
        return str(left) if left > 0 else None


class Broadcast(_Other):
    """The operators' own words, in English where the reader's language was not written."""

    def title(self) -> str:
        return tame(self.facts["title"], 120)

    def text(self) -> str:
        texts = self.facts["texts"]
        return paragraphs(texts.get(self.style.language) or texts[Language.EN])


class Proof(_Other):
    """A code to type, or a link to press; one of them there must be."""

    def code(self) -> str | None:
        code = self.facts.get("code")
        if not code and not self.facts.get("link"):
            raise ValueError("neither code nor link")
        return tame(code, 24) if code else None

    def link(self) -> str | None:
        return slot("proof") if self.facts.get("link") else None

    def minutes(self) -> str:
        return str(int(self.facts["minutes"]))


class Trial(_Other):
    """Nothing but that it arrives."""

    def channel(self) -> str | None:
        name = self.facts.get("channel")
        return tame(str(name), 32) if name else None
