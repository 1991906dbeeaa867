"""Readers and things told, for tests of texts; a test names only what it is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from arbedge.names import Channel
from notifications.models import Delivery
from notifications.names import Topic
from notifications.writing.content import Content
from notifications.writing.languages import Style
from notifications.writing.rendering import render
from notifications.writing.texts import Text, written
from notifications.writing.values import Reader, Told
from tests.notifications.factories import HOUR, NOON, facts

FOUR_SECONDS = timedelta(seconds=4)
SOON = NOON + FOUR_SECONDS
LANGUAGES = ("en", "es", "fr")
NARROW = "\u202f"

TRADE = facts()
FACTS: dict[Topic, dict[str, Any]] = {
    Topic.OPENED: TRADE,
    Topic.IMPROVED: facts(net=0.0055),
    Topic.RECOVERED: TRADE,
    Topic.FADING: facts(net=0.0012, short={"rate": 0.0004}),
    Topic.CLOSED: facts(net=-0.0001, paper_net=0.0031, close_reason="negative"),
    Topic.VENUE_BLIND: {
        "venue": "okx",
        "since": (NOON - timedelta(minutes=10)).isoformat(),
        "count": 3,
        "assets": ["WIF", "SXP", "APT"],
    },
    Topic.ALERT: {
        "trigger": {
            "id": 1, "kind": "price_above", "subject": "WIF/USDT", "venue": "okx", "level": 2.5,
            "label": "breakout",
        },
        "value": 2.5312,
        "age_ms": 1_000.0,
    },
    Topic.DIGEST: {"frequency": "hourly"},
    Topic.BROADCAST: {
        "title": "Maintenance on Sunday",
        "texts": {"en": "Back at 10:00 UTC.", "es": "De vuelta a las 10:00 UTC."},
        "url": "/status",
    },
    Topic.CODE: {"code": "418203", "minutes": 10},
    Topic.TEST: {"channel": "webhook"},
}  # fmt: skip
ITEMS = ((NOON, facts(opportunity_id=7)), (NOON, facts(opportunity_id=8, asset="SXP", net=0.009)))


def reader(language: str = "en", **changes: Any) -> Reader:
    """Somebody with the default cohort."""
    style = Style(language, changes.pop("zone", "UTC"), changes.pop("numbers", "point"))
    usual: dict[str, Any] = {
        "notional_usd": 1_000, "horizon_hours": 72, "vip_levels": 0, "leverage": 2.0,
        "personal": True,
    }  # fmt: skip
    return Reader(**{**usual, **changes}, style=style)


def told(topic: Topic, **changes: Any) -> Told:
    """What there is to tell of a topic, four seconds after it was so."""
    before = TRADE if topic in {Topic.IMPROVED, Topic.FADING, Topic.CLOSED} else None
    late = 5 * HOUR + timedelta(minutes=12) if topic is Topic.CLOSED else timedelta(0)
    usual: dict[str, Any] = {
        "facts": FACTS[topic],
        "at": NOON + late,
        "now": NOON + late + FOUR_SECONDS,
        "before": before,
        "items": ITEMS if topic is Topic.DIGEST else (),
    }
    return Told(**(usual | changes))


def text(
    topic: Topic,
    channel: Channel = Channel.TELEGRAM,
    who: Reader | None = None,
    **changes: Any,
) -> Text:
    """The text of a topic as everybody with the reader's cohort gets it."""
    return written(topic, channel, told(topic, **changes), who or reader())


def plain(words: str) -> str:
    """With blanks one can type, and without marks of strong words."""
    return words.replace(NARROW, " ").replace("<b>", "").replace("</b>", "")


def later(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def one(row: Delivery, channel: Channel = Channel.TELEGRAM, now: datetime = SOON) -> Content:
    """The content of one delivery, which must be there."""
    content = render([row], {}, now, channel=channel)[row.pk]
    assert isinstance(content, Content)
    return content
