"""A person's day at a glance, and what became of the openings he was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from accounts import sessions, tiers, usage
from accounts.permissions import Permission
from notifications.alerts import triggers
from notifications.bot import grammar, registry
from notifications.bot.asks import Ask
from notifications.bot.grammar import Arg
from notifications.bot.market import figures, living, openings_sent, viewers
from notifications.bot.market.openings_sent import Record
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows
from notifications.choosing import quota_keys
from notifications.writing.trade_values import venue_name
from opportunities import readers
from opportunities.board import Row

USUAL_DAYS: Final = 30
MOST_DAYS: Final = 90
PAYMENTS_SHOWN: Final = 3
_USED: Final = ("opportunities_per_hour", "pushes_per_day")


def dashboard(ask: Ask) -> Reply:
    """The person's day in one message."""
    told = [ask.say("trading.day.head"), _market(ask), _own(ask), _payments(ask)]
    buttons = [
        Button(ask.say("trading.button.list"), "opportunities"),
        Button(ask.say("trading.button.again"), "dashboard"),
    ]
    return Reply("\n\n".join(one for one in told if one), rows(buttons))


def _market(ask: Ask) -> str:
    """How many live for the reader, and the best of them, which counts in his hour."""
    found = living.of(ask)
    told = ask.say("trading.day.live", count=str(len(found.rows)))
    if not found.rows:
        return told
    best = found.rows[0]
    if best.stored.pk not in readers.admit(viewers.reader(ask), [best.stored.pk], found.now):
        return f"{told}\n{ask.say('trading.day.beyond')}"
    sessions.seen(ask.user.pk, ask.now)
    return f"{told}\n{_best(ask, best)}"


def _best(ask: Ask, row: Row) -> str:
    style, one = ask.style(), row.stored
    legs = " / ".join(venue_name(name) for name in (one.long_venue, one.short_venue) if name)
    return ask.say("trading.day.best", net=style.percent(row.net), asset=figures.name(one.asset),
                   kind=style.word(one.kind), legs=legs, number=str(one.pk),
                   risk=style.word(one.risk))  # fmt: skip


def _own(ask: Ask) -> str:
    """What the person was sent today, what is used of his limits, his alerts."""
    today = _midnight(ask)
    lines = [ask.say("trading.day.sent", count=str(openings_sent.number(ask.user.pk, today)))]
    assert ask.standing is not None, "a session has a standing"
    allowance = tiers.of(ask.standing, now=ask.now)
    lines += [
        ask.say(f"trading.day.{line.name}", used=_used(ask, line))
        for line in usage.lines(ask.user.pk, allowance, ask.now)
        if line.name in _USED
    ]
    alerts = [one for one in triggers.own(ask.user.pk) if one.active]
    lines.append(ask.say("trading.day.alerts", count=str(len(alerts))))
    return "\n".join(lines)


def _used(ask: Ask, line: usage.Line) -> str:
    used = ask.style().unknown if line.used is None else str(line.used)
    if line.limit is None:
        return ask.say("trading.day.uncapped", used=used)
    return ask.say("trading.day.of", used=used, limit=str(line.limit))


def _payments(ask: Ask) -> str:
    """The next settlements of what the person was sent and what still lives."""
    held = openings_sent.live(ask.user.pk, ask.now)
    if not held:
        return ask.say("trading.day.none_live")
    due = openings_sent.payments(held, ask.now)[:PAYMENTS_SHOWN]
    lines = [ask.say("trading.day.still_live", count=str(len(held)))]
    lines += [
        ask.say("trading.day.payment", asset=figures.name(one.asset), venue=venue_name(one.venue),
                when=ask.style().when(one.at, ask.now))
        for one in due
    ]  # fmt: skip
    return "\n".join(lines)


def _midnight(ask: Ask) -> datetime:
    """When the person's own day began, as the limits of a day count it."""
    began_ms, _ = quota_keys.day_of(ask.zone, ask.now)
    return datetime.fromtimestamp(began_ms / 1000, UTC)


def performance(ask: Ask) -> Reply:
    """What became of the openings the person was sent."""
    days = ask.args["days"] or USUAL_DAYS
    since = ask.now - timedelta(days=days)
    sent = openings_sent.number(ask.user.pk, since)
    acted = openings_sent.acted_on(ask.user.pk, since)
    told = [ask.say("trading.record.head", days=str(days)), _sent(ask, sent, acted)]
    if sent:
        told.append(_record(ask, openings_sent.record(ask.user.pk, since)))
    told.append(_all(ask, openings_sent.record_of_all(since)))
    other = [
        Button(ask.say("trading.button.days", days=str(one)), f"performance {one}")
        for one in (7, 30, 90)
        if one != days
    ]
    return Reply("\n\n".join(told), rows(other))


def _sent(ask: Ask, sent: int, acted: int) -> str:
    if not sent:
        return ask.say("trading.record.nothing")
    told = ask.say("trading.record.sent", count=str(sent))
    return f"{told}\n{ask.say('trading.record.acted', count=str(acted))}" if acted else told


def _record(ask: Ask, found: Record) -> str:
    style = ask.style()
    if not found.judged:
        if found.next_at is None:
            return ask.say("trading.record.unjudged")
        return ask.say("trading.record.first", when=style.when(found.next_at, ask.now))
    lines = [
        ask.say("trading.record.mean", total=style.percent(found.total or 0.0)),
        ask.say("trading.record.promised", promised=style.percent(found.promised or 0.0)),
        ask.say("trading.record.paid", paid=str(found.paid), judged=str(found.judged),
                share=style.share(found.paid / found.judged, 0)),
    ]  # fmt: skip
    for name, one in (("best", found.best), ("worst", found.worst)):
        if one is not None and found.judged > 1:
            total = style.percent(one.total)
            lines.append(
                ask.say(f"trading.record.{name}", asset=figures.name(one.asset), total=total)
            )
    if found.running:
        lines.append(ask.say("trading.record.running", count=str(found.running)))
    if found.no_data:
        lines.append(ask.say("trading.record.no_data", count=str(found.no_data)))
    return "\n".join([*lines, ask.say("trading.record.paper")])


def _all(ask: Ask, found: Record) -> str:
    share = found.share
    if share is None:
        return ask.say("trading.record.all_unjudged")
    shown = ask.style().share(share, 0)
    return ask.say("trading.record.all", share=shown, judged=str(found.judged))


registry.add(
    Command("performance", performance, topic="trading", reads=True, section=Section.TRADING,
            args=(Arg("days", grammar.whole(1, MOST_DAYS), optional=True),),
            permission=Permission.OPPORTUNITIES_VIEW),
    Command("dashboard", dashboard, topic="trading", reads=True, section=Section.TRADING,
            permission=Permission.OPPORTUNITIES_VIEW),
)  # fmt: skip
