"""/status and /subscription: how one stands here, and what the tier gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.urls import reverse

from accounts import audience, mutes, tiers, usage
from accounts.models import User
from arbedge.recent import Recent
from exchanges import standing as venues
from notifications import channel_health
from notifications.bot import registry
from notifications.bot.asks import Ask
from notifications.bot.preferences import tier_lines
from notifications.bot.registry import Command, Section
from notifications.bot.replies import Button, Reply, rows
from notifications.bot.staff import load
from notifications.writing.trade_values import venue_name

SLOW_S: Final = 30
_AWAKE: Final = f"SELECT {audience.AWAKE} FROM accounts_audience a WHERE a.user_id = %(who)s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Service:
    """How venues, messages and bot do; `messages_s` and `answers_s` are the longest waits."""

    venues: Sequence[venues.Standing]
    no_venues: bool
    messages_s: float
    answers_s: float


def status(ask: Ask) -> Reply:
    """How the person stands, how old the venues' data is, how bot and messages do."""
    parts = [_mine(ask), _venues(ask), _service(ask)]
    buttons = [
        Button(ask.say("account.refresh"), "status"),
        Button(ask.say("account.tier"), "subscription"),
    ]
    return Reply("\n\n".join("\n".join(part) for part in parts), rows(buttons))


def subscription(ask: Ask) -> Reply:
    """The tier, what is used of it, and what the next ones would add."""
    who = ask.standing
    assert who is not None
    have = tiers.of(who, now=ask.now)
    parts = [[*tier_lines.tier(ask)], [*tier_lines.used(ask, have)]]
    parts += tier_lines.offers(ask, have)
    parts.append([ask.say("account.subscription.how", url=_page())])
    return Reply("\n\n".join("\n".join(part) for part in parts if part),
                 ((Button(ask.say("account.points"), "referral"),),))  # fmt: skip


def awake(person: User, now: datetime) -> bool | None:
    """Whether the person may be disturbed now, by the very rule messages are held back by; None:
    nobody can be reached without a session."""
    clock = audience.clock_of(person.time_zone, now)
    with connection.cursor() as cursor:
        cursor.execute(_AWAKE, {"who": person.pk, "clocks": clock})
        found = cursor.fetchone()
    return None if found is None else bool(found[0])


# /status


def _mine(ask: Ask) -> Iterator[str]:
    who, style = ask.standing, ask.style()
    assert who is not None
    until = datetime.fromtimestamp(who.session_until_ms / 1000, UTC)
    yield ask.say("account.status.session", until=style.when(until, ask.now))
    yield from tier_lines.tier(ask)
    limit = tiers.of(who, now=ask.now).pushes_per_day
    sent = usage.used("pushes_per_day", who.user_id, ask.now)
    yield ask.say("account.status.messages", used=tier_lines.of(ask, sent, limit))
    muted = mutes.number(who.user_id, ask.now)
    if muted:
        yield ask.say("account.status.mutes", number=muted)
    disturbed = awake(ask.user, ask.now)
    if disturbed is not None:
        yield ask.say("account.status.awake" if disturbed else "account.status.quiet")


def _venues(ask: Ask) -> Iterator[str]:
    service = SERVICE.at(ask.now)
    yield ask.say("account.status.venues")
    if service.no_venues:
        yield ask.say("account.status.no_venues")
    for one in service.venues:
        age = "" if one.age_s is None else ask.style().span(one.age_s)
        yield ask.say(f"account.venue.{one.word}", venue=venue_name(one.name), age=age)


def _service(ask: Ask) -> Iterator[str]:
    service = SERVICE.at(ask.now)
    for what, waits_s in (("messages", service.messages_s), ("bot", service.answers_s)):
        how = "late" if waits_s > SLOW_S else "well"
        yield ask.say(f"account.status.{what}_{how}", age=ask.style().span(waits_s))


def _looked(now: datetime) -> _Service:
    found, why = venues.known(now.timestamp() * 1000)
    return _Service(
        venues=found,
        no_venues=bool(why),
        messages_s=channel_health.queue_age_s(now) or 0.0,
        answers_s=load.oldest_s(now) or 0.0,
    )


def _page() -> str:
    return f"{str(settings.SITE_URL).rstrip('/')}{reverse('accounts:account')}"


SERVICE: Final = Recent(_looked, within_s=1.0)

registry.add(
    Command("status", status, topic="account", reads=True, section=Section.ACCOUNT),
    Command("subscription", subscription, topic="account", reads=True, section=Section.ACCOUNT),
)
