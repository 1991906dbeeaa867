"""What the AI says where an installation has one, and what the rules say of risk everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from accounts.permissions import Permission
from arbedge.names import Kind, Risk
from notifications.bot import features, grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.features import Feature
from notifications.bot.grammar import Arg
from notifications.bot.market import living, viewers
from notifications.bot.market.figures import name
from notifications.bot.market.seen import look_up
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, Rows, html
from notifications.writing import reason_words
from opportunities import listing
from opportunities.board import Row
from opportunities.breakdown import legs
from opportunities.models import Opportunity
from opportunities.reasons import from_mask

WIDE_GAP: Final = 0.003
WIDE_SPREAD: Final = 0.001
DOUBTS_SHOWN: Final = 5
_LONGEST_NUMBER: Final = 15


def risk_assessment(ask: Ask) -> Reply:
    """The risk of one opportunity by rules, or of all the reader may see."""
    about = ask.args["about"]
    if about is None:
        return _of_all(ask)
    if about.isdecimal() and len(about) <= _LONGEST_NUMBER:
        return _of_one(ask, int(about))
    coin = grammar.coin(about)
    best = listing.best_of_coin(coin, ask.now, viewers.reader(ask))
    if best is None:
        return Reply(ask.say("ai.nothing_of", coin=coin), _list(ask))
    return _of_one(ask, best.pk)


def _of_one(ask: Ask, number: int) -> Reply:
    """What the reader's own figures are and what weighs on them; of history only that it is."""
    seen = look_up(ask, number)
    if isinstance(seen, Reply):
        return Reply(seen.text, _list(ask))
    one, trade = seen.one, seen.trade
    if seen.closed:
        button = Button(ask.say("ai.button.details"), f"opportunity {one.pk}")
        return Reply(ask.say("ai.closed", coin=name(one.asset), kind=trade.kind()), ((button,),))
    names = " / ".join(venue for venue in (trade.long_venue(), trade.short_venue()) if venue)
    head = ask.say("ai.risk.head", asset=name(one.asset), kind=trade.kind(), legs=names,
                   net=trade.net(), risk=trade.risk())  # fmt: skip
    lines = "\n".join(ask.say("ai.risk.line", text=html(text)) for text in _risks(ask, one))
    button = Button(ask.say("ai.button.why"), f"why {one.pk}")
    return Reply(f"{head}\n\n{lines}\n\n{ask.say('ai.rules')}", ((button,),))


def _risks(ask: Ask, one: Opportunity) -> Iterator[str]:
    """What is known of this row, then what holds for every trade, as HTML."""
    style = ask.style()
    for reason in from_mask(one.reasons):
        meant = reason_words.meaning(ask.language, reason)
        yield ask.say("ai.risk.reason", meaning=f"{meant[0].upper()}{meant[1:]}")
    if one.gap is not None and abs(one.gap) > WIDE_GAP:
        yield ask.say("ai.risk.gap", gap=style.share(abs(one.gap)))
    widest = max(leg.spread for leg in legs(one))
    if widest > WIDE_SPREAD:
        yield ask.say("ai.risk.spread", spread=style.share(widest))
    if one.risk == Risk.HIGH:
        yield ask.say("ai.risk.high")
    if one.ends_at is not None:
        yield ask.say("ai.risk.ends", when=style.when(one.ends_at, ask.now))
    yield ask.say("ai.risk.closing" if one.kind == Kind.SPOT else "ai.risk.later")
    if one.kind != Kind.SPOT:
        yield ask.say("ai.risk.both_legs")


def _of_all(ask: Ask) -> Reply:
    """How what lives for the reader is rated, and what weighs on it most."""
    rows = living.of(ask).rows
    if not rows:
        return Reply(f"{ask.say('ai.all.nothing')}\n\n{ask.say('ai.rules')}")
    told = [_rated(ask, rows)]
    if doubts := _doubts(ask, rows):
        told.append(doubts)
    told.append(ask.say("ai.all.one"))
    told.append(ask.say("ai.rules"))
    return Reply("\n\n".join(told), _list(ask))


def _list(ask: Ask) -> Rows:
    return ((Button(ask.say("ai.button.list"), "opportunities"),),)


def _rated(ask: Ask, rows: Sequence[Row]) -> str:
    style, counts = ask.style(), Counter(row.stored.risk for row in rows)
    lines = [ask.say("ai.all.head", count=str(len(rows)))]
    lines += [
        ask.say("ai.all.class", risk=style.word(one.value), count=str(counts[one.value]))
        for one in Risk
    ]
    return "\n".join(lines)


def _doubts(ask: Ask, rows: Sequence[Row]) -> str:
    counts = Counter(reason for row in rows for reason in from_mask(row.stored.reasons))
    if not counts:
        return ""
    lines = [ask.say("ai.all.doubts")]
    lines += [
        ask.say("ai.all.doubt", count=str(count), text=reason_words.meaning(ask.language, reason))
        for reason, count in counts.most_common(DOUBTS_SHOWN)
    ]
    return "\n".join(lines)


registry.add(
    Command("ai_insights", features.through("ai_insights", Feature.AI), topic="ai",
            section=Section.TRADING, permission=Permission.AI_USE, outside=True,
            args=(Arg("about", grammar.text, optional=True, rest=True, shown="NUMBER|COIN"),)),
    Command("risk_assessment", risk_assessment, topic="ai", section=Section.TRADING,
            permission=Permission.OPPORTUNITIES_VIEW,
            args=(Arg("about", grammar.text, optional=True, shown="NUMBER|COIN"),)),
)  # fmt: skip
