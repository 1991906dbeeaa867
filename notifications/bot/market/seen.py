"""One opportunity as the person or group that asks sees it: its own figures, or why not now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from django.conf import settings
from django.urls import reverse

from accounts import sessions
from arbedge.errors import NotFound
from arbedge.names import State, Tier
from notifications.bot import grammar
from notifications.bot.asks import Ask
from notifications.bot.market import viewers
from notifications.bot.market.figures import STALE_S, name
from notifications.bot.replies import Button, Reply, fitting, in_rows
from notifications.writing import facts_now
from notifications.writing.languages import Style
from notifications.writing.message_links import label
from notifications.writing.trade_values import Trade
from notifications.writing.values import Told
from opportunities import board, listing, readers
from opportunities.models import Opportunity
from opportunities.readers import Held, Hold

WHICH: Final = "NUMBER|COIN"  # how a usage writes what find takes
_NUMBER: Final = re.compile(r"\d{1,18}")
_REFUSED: Final = {Hold.SHELVES: "why_not", Hold.DELAY: "too_early", Hold.HOUR: "hour_full"}


@dataclass(frozen=True)
class Seen:
    """One opportunity as the reader sees it at `now`, the moment of its market."""

    ask: Ask
    one: Opportunity
    now: datetime

    @cached_property
    def style(self) -> Style:
        """How figures are written."""
        return self.ask.style()

    @cached_property
    def trade(self) -> Trade:
        """Its figures for the reader's cohort, as texts."""
        told = Told(facts_now.of(self.one), self.one.as_of, self.now)
        return Trade(told, viewers.eyes(self.ask, self.style))

    @property
    def closed(self) -> bool:
        """Whether it is history."""
        return self.one.state == State.CLOSED

    @property
    def age_s(self) -> float:
        """The age of its older leg's data, seconds."""
        oldest = max(self.one.long_age_ms or 0.0, self.one.short_age_ms or 0.0) / 1000
        return max(0.0, (self.now - self.one.as_of).total_seconds()) + oldest

    @property
    def stale(self) -> bool:
        """Whether its figures are too old to act on."""
        return not self.closed and not board.replaying() and self.age_s >= STALE_S

    def say(self, key: str, **values: object) -> str:
        """A text of these commands."""
        return self.ask.say(f"opportunities.{key}", **values)


def number_or_coin(word: str) -> int | str:
    """A reader: an opportunity's number, else a coin. Raises BadInput (bad_coin)."""
    return int(word) if _NUMBER.fullmatch(word) else grammar.coin(word)


def find(ask: Ask, asked: int | str | None) -> Seen | Reply:
    """The opportunity of a number, or a coin's best, or why the reader sees none of it now; without
    either how to say which.

    Raises NotFound (opportunity_unknown).
    """
    if isinstance(asked, int):
        return look_up(ask, asked)
    ways = [Button(ask.say("market.opportunities"), "opportunities all")]
    if asked is None:
        command = ask.command.name if ask.command else ""
        return Reply(ask.say("opportunities.which", command=command), in_rows(ways))
    best = listing.best_of_coin(asked, ask.now, viewers.reader(ask))
    if best is not None:
        return look_up(ask, best.pk)
    if held := listing.of_coin(asked):
        return look_up(ask, held[0].pk)
    ways += fitting(ask.say("market.funding_button"), "funding", asked)
    return Reply(ask.say("opportunities.none_of_coin", coin=name(asked)), in_rows(ways))


def look_up(ask: Ask, opportunity_id: int) -> Seen | Reply:
    """The opportunity, which counts as seen, or what the reader is told instead. Raises NotFound
    (opportunity_unknown)."""
    stored = Opportunity.objects.select_related("long", "short")
    found = stored.filter(pk=opportunity_id).first()
    if found is None:
        text = "There is no such opportunity."
        raise NotFound(text, code="opportunity_unknown", id=opportunity_id)
    now = found.as_of if board.replaying() else ask.now
    held = readers.held(viewers.reader(ask), found, now)
    if held is not None:
        return Reply(refusal(ask, held))
    if ask.place.private and ask.person is not None:
        sessions.seen(ask.person.pk, ask.now)
    return Seen(ask, found, now)


def refusal(ask: Ask, held: Held) -> str:
    """Why the reader may not see one now, and what to do about it."""
    style = ask.style()
    return of_tier(
        ask, _REFUSED[held.why], held.tier, limit=held.limit,
        delay=style.span(held.delay_s), left=style.span(held.left_s),
    )  # fmt: skip


def of_tier(ask: Ask, key: str, tier: Tier | None, **values: object) -> str:
    """What a tier shows or holds back. In a group that is told of the group: whose tier counts
    there is nobody's business, and the group has twice of it."""
    if not ask.place.private:
        return ask.say(f"opportunities.group.{key}", **values)
    name_ = (tier or Tier.FREE).value.capitalize()
    return ask.say(f"opportunities.{key}", tier=name_, **values)


def page_button(seen: Seen) -> Button:
    """The way to its page."""
    path = reverse("opportunities:opportunity", args=[seen.one.pk])
    return Button(label(seen.ask.language, "open"), url=f"{settings.SITE_URL.rstrip('/')}{path}")


def headline(seen: Seen) -> str:
    """Its coin, kind and net; struck through where nobody should act on it."""
    trade, one = seen.trade, seen.one
    sign = "■" if seen.closed else "🟢" if one.state == State.OPEN and not seen.stale else "⚠"
    told = seen.say("net", net=trade.net())
    hours, apr = trade.horizon(), trade.apr()
    told += "" if hours is None else seen.say("over", hours=hours)
    told += "" if apr is None else seen.say("yearly", apr=apr)
    told = f"<s>{told}</s>" if seen.stale or one.state == State.HELD else f"<b>{told}</b>"
    coin = seen.say("coin", coin=name(one.asset))
    return f"{sign} {coin} {trade.kind()} {told}"
