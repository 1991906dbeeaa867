"""What texts about one opportunity may name: one method per variable, None for unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from arbedge.names import Kind, Market
from notifications.causes import cause
from notifications.writing.cohort_figures import Figures, even_at, figures_for
from notifications.writing.dialects import link, tame
from notifications.writing.languages import Style, finite, moment_of
from notifications.writing.reason_words import doubts, ending
from notifications.writing.values import Reader, Told
from opportunities.pages import venue

DOUBTS_SHOWN: Final = 2
OTHERS_SHOWN: Final = 2
LOOKED_FOR: Final = 4  # horizons within which the costs must be earned


class Trade:
    """The figures of an opportunity for the reader's own cohort."""

    def __init__(self, told: Told, reader: Reader) -> None:
        self.told = told
        self.reader = reader
        self.facts = told.facts
        self.style: Style = reader.style

    @cached_property
    def figures(self) -> Figures:
        """The reader's own."""
        return _own(self.facts, self.reader)

    @cached_property
    def announced(self) -> Figures | None:
        """The reader's own, as last announced to anybody."""
        return None if self.told.before is None else _own(self.told.before, self.reader)

    def asset(self) -> str:
        return tame(self.facts["asset"], 48)

    def kind(self) -> str:
        return self.style.word(Kind(self.facts["kind"]))

    def net(self) -> str:
        return self.style.percent(_number(self.figures.net))

    def horizon(self) -> str | None:
        hours = self.figures.horizon_hours
        return None if self._at_once or not hours else self.style.hours(hours)

    def apr(self) -> str | None:
        rate = finite(self.figures.apr_net)
        return None if rate is None else self.style.yearly(rate)

    def cost(self) -> str | None:
        cost = finite(self.figures.cost)
        return None if cost is None else self.style.share(cost)

    def gross(self) -> str | None:
        """The sum of net and costs as they are shown, so that the three add up by hand."""
        cost = finite(self.figures.cost)
        if cost is None:
            return None
        return self.style.percent(round(self.figures.net, 4) + round(cost, 4))

    def at_size(self) -> str | None:
        at_size = finite(self.figures.net_at_size)
        return None if at_size is None else self.style.percent(at_size)

    def size(self) -> str:
        return self.style.money(self.figures.notional_usd)

    def even_after(self) -> str | None:
        at = self._even_at
        if at is None:
            return None
        hours = (at - self.told.at).total_seconds() / 3600
        return self.style.hours(max(1, math.ceil(hours)))  # by then it is even, not before

    def even_limit(self) -> str | None:
        hours = self.figures.horizon_hours
        if self._at_once or not hours or self._even_at is not None or self.figures.cost is None:
            return None
        return self.style.hours(LOOKED_FOR * hours)

    def risk(self) -> str:
        return self.style.word(self.facts["risk"])

    def next_payment(self) -> str | None:
        due = self._next_at
        return None if due is None else self.style.when(due, self.told.now)

    def first(self) -> str | None:
        first = finite(self.facts.get("first"))
        return None if first is None or self._at_once else self.style.percent(first)

    def data_age(self) -> str | None:
        ages = [finite(leg.get("age_ms")) for leg in self._legs]
        if any(age is None for age in ages):
            return None
        waited = max(0.0, (self.told.now - self.told.at).total_seconds())
        return self.style.span(waited + max(age or 0.0 for age in ages) / 1000)

    def caution(self) -> str | None:
        found = doubts(self.style.language, self.facts.get("reasons") or 0)
        return "; ".join(found[:DOUBTS_SHOWN]) or None

    def others(self) -> str | None:
        pairs = [
            f"{venue_name(one['long_venue'])}/{venue_name(one['short_venue'])}"
            f" {self.style.percent(_number(one['net']))}"
            for one in (self.facts.get("also") or ())[:OTHERS_SHOWN]
        ]
        return ", ".join(pairs) or None

    def on_capital(self) -> str | None:
        share = finite(self.figures.return_on_capital)
        return self.style.percent(share) if self.reader.personal and share is not None else None

    def leverage(self) -> str | None:
        if not self.reader.personal or all(leg["market"] == Market.SPOT for leg in self._legs):
            return None
        return self.style.number(f"{self.reader.leverage:g}") + "×"

    def before(self) -> str | None:
        return None if self.announced is None else self.style.percent(self.announced.net)

    def long_side(self) -> str:
        return self._side("long", "buy")

    def long_venue(self) -> str:
        return self._venue(self.facts["long"])

    def long_terms(self) -> str | None:
        return self._terms(self.facts["long"], "ask")

    def short_side(self) -> str | None:
        return self._side("short", "sell") if self.facts.get("short") else None

    def short_venue(self) -> str | None:
        return self._venue(self.facts["short"]) if self.facts.get("short") else None

    def short_terms(self) -> str | None:
        return self._terms(self.facts["short"], "bid") if self.facts.get("short") else None

    # What is said of what has ended or is about to.

    def cause(self) -> str | None:
        if self.told.before is None:
            return None
        found = cause(self.told.before, self.facts)
        return None if found is None else self.style.word(found[0], venue_name(found[1]))

    def lived(self) -> str:
        opened = _moment(self.facts["opened_at"])
        return self.style.span((self.told.at - opened).total_seconds())

    def promised(self) -> str | None:
        if self.announced is not None:
            return self.style.percent(self.announced.net)
        old = finite(self.facts.get("old_net"))
        return None if old is None else self.style.percent(old)

    def paper(self) -> str | None:
        """The paper trade's, with the reader's own costs in place of the default cohort's."""
        paid = finite(self.facts.get("paper_net"))
        if paid is None:
            return None
        usual, own = finite(self.facts.get("cost")), finite(self.figures.cost)
        saved = 0.0 if usual is None or own is None else usual - own
        return self.style.percent(paid + saved)

    def reason(self) -> str | None:
        return ending(self.style.language, self.facts.get("close_reason") or "")

    # One line of a digest.

    def legs(self) -> str:
        return "/".join(venue_name(leg["venue"]) for leg in self._legs)

    def seen(self) -> str:
        return self.style.when(self.told.at, self.told.now)

    def line(self) -> str:
        return link(f"item{self.facts['opportunity_id']}", f"{self.asset()} {self.kind()}")

    @property
    def _at_once(self) -> bool:
        return bool(self.facts["kind"] == Kind.SPOT)

    @property
    def _legs(self) -> list[Mapping[str, Any]]:
        return [self.facts[side] for side in ("long", "short") if self.facts.get(side)]

    @cached_property
    def _even_at(self) -> datetime | None:
        return even_at(self.facts, self.figures, self.told.at)

    @property
    def _next_at(self) -> datetime | None:
        due = [moment_of(leg.get("next_at")) for leg in self._legs if leg["market"] != Market.SPOT]
        return min((at for at in due if at and at > self.told.now), default=None)

    def _side(self, side: str, trade: str) -> str:
        spot = self.facts[side]["market"] == Market.SPOT
        return self.style.word(trade if spot else side)

    def _venue(self, leg: Mapping[str, Any]) -> str:
        mixed = not self._at_once and leg["market"] == Market.SPOT
        name = venue_name(leg["venue"])
        return self.style.word("on_spot", name) if mixed else name

    def _terms(self, leg: Mapping[str, Any], price: str) -> str | None:
        if leg["market"] == Market.SPOT or self.facts["kind"] == Kind.TECHNICAL:
            value = finite(leg.get(price))
            return None if value is None else self.style.word("at", self.style.price(value))
        rate, hours = finite(leg.get("rate")), finite(leg.get("interval_hours"))
        if rate is None or hours is None:
            return None
        return f"{self.style.percent(rate, 4)} / {self.style.hours(hours)}"


def venue_name(name: str) -> str:
    """A venue as people write it."""
    return venue(tame(name, 32))


def _own(facts: Mapping[str, Any], reader: Reader) -> Figures:
    return figures_for(
        facts, reader.notional_usd, reader.horizon_hours, reader.vip_levels, reader.leverage
    )


def _number(value: Any) -> float:
    """A number there must be. Raises ValueError."""
    if (found := finite(value)) is None:
        raise ValueError(f"not a number: {value!r}")
    return found


def _moment(text: Any) -> datetime:
    """A moment there must be. Raises ValueError."""
    if (found := moment_of(text)) is None:
        raise ValueError(f"not a moment: {text!r}")
    return found
