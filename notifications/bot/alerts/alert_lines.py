"""Alerts in the bot's words: what each waits for, where it stands, what is asked to set one."""

from __future__ import annotations

from datetime import datetime

from django.utils.safestring import SafeString

from arbedge.errors import BadInput
from notifications.alerts import alert_words
from notifications.alerts.alert_words import venue_name
from notifications.alerts.trigger_rules import RULES, About
from notifications.bot.alerts import levels
from notifications.bot.asks import Ask
from notifications.bot.replies import html
from notifications.models import AlertTrigger
from notifications.names import TriggerKind


def sentence(ask: Ask, row: AlertTrigger) -> SafeString:
    """What it waits for, as HTML: "BTC/USDT rises to 70,000 on OKX"."""
    rule = RULES[TriggerKind(row.kind)]
    by_venue = rule.about in {About.VENUE, About.KEY}
    subject = venue_name(row.subject) if by_venue else row.subject
    where = ask.say("alerts.where", venue=venue_name(row.venue)) if row.venue else ""
    level = levels.shown(row, ask.style())
    told = {"subject": subject, "level": level, "where": html(where)}
    return html(ask.say(f"alerts.waits.{row.kind}", **told))


def standing(ask: Ask, row: AlertTrigger, now: datetime) -> SafeString:
    """Where it stands, in a few words, as HTML."""
    found = alert_words.state(row, now)
    left = ask.style().span(alert_words.cooling_s(row, now))
    return html(ask.say(f"alerts.states.{found.value}", problem=row.problem, left=left))


def kind_title(ask: Ask, kind: TriggerKind) -> str:
    """What can be waited for, as a button says it."""
    return ask.say(f"alerts.kinds.{kind.value}")


def asked_subject(ask: Ask, kind: TriggerKind) -> str:
    """The question for what an alert of this kind is about."""
    return ask.say(f"alerts.ask_{RULES[kind].about.value}")


def asked_level(ask: Ask, kind: TriggerKind) -> str:
    """The question for its level, in the unit of the kind."""
    return ask.say(f"alerts.ask_{RULES[kind].unit.value}")


def bounds(ask: Ask, kind: TriggerKind) -> BadInput:
    """The error of a level that lies outside of what its kind takes."""
    rule, style = RULES[kind], ask.style()
    low, high = (levels.written(one, rule.unit, style) for one in (rule.lowest, rule.highest))
    return BadInput(
        f"The figure must lie between {low} and {high}.", code="level_bounds", field="level",
        low=low, high=high,
    )  # fmt: skip
