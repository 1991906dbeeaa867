"""Texts of messages as the product really writes them, from events to words."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from arbedge.names import Channel, Event, Kind
from notifications.models import Message
from notifications.names import CHANNELS, Topic
from notifications.writing.content import Content
from notifications.writing.rendering import render
from tests.notifications.events import born, event, opportunity, told
from tests.notifications.factories import HOUR, NOON, DeliveryFactory
from tests.notifications.writing.dialect_checks import balanced
from tests.notifications.writing.reading import LANGUAGES, plain
from tests.opportunities.factories import FollowedFactory, OutcomeFactory

pytestmark = pytest.mark.django_db
LATER = (Event.IMPROVED, Event.FADING, Event.RECOVERED, Event.CLOSED)


def life(**values: object) -> list[Message]:
    """The messages of a trade's whole life."""
    row = opportunity(**values)
    messages = [told(row, Event.OPENED)]
    for hours, kind in enumerate(LATER, start=1):
        at = NOON + hours * HOUR
        messages.append(told(row, kind, at=at, old={"net": 0.0042}))
    return messages


@pytest.mark.parametrize("kind", [Kind.FUNDING, Kind.SPOT, Kind.BASIS])
def test_a_whole_life_can_be_told_on_every_channel_in_every_language(kind: Kind) -> None:
    markets = {Kind.SPOT: ("spot", "spot"), Kind.BASIS: ("spot", "perp")}
    long, short = markets.get(kind, ("perp", "perp"))
    messages = life(kind=kind.value, long_market=long, short_market=short)
    assert [message.topic for message in messages] == ["opened", *[one.value for one in LATER]]
    rows = [
        DeliveryFactory(message=message, language=language)
        for message, language in itertools.product(messages, LANGUAGES)
    ]
    for channel in CHANNELS:
        contents = render(rows, {}, NOON + 5 * HOUR, channel=channel)
        assert all(isinstance(content, Content) for content in contents.values())


def test_what_telegram_gets_is_whole() -> None:
    for message in life(asset="<b>*_["):
        [content] = render([DeliveryFactory(message=message)], {}, message.at).values()
        assert isinstance(content, Content)
        assert balanced(content.body)
        assert "<b>*" not in content.body


def test_the_words_say_what_the_row_says() -> None:
    row = opportunity(net=0.0042)
    message = told(row, Event.OPENED)
    delivery = DeliveryFactory(message=message)
    [content] = render([delivery], {}, NOON + timedelta(seconds=4)).values()
    assert isinstance(content, Content)
    lines = plain(content.body).splitlines()
    assert lines[0] == f"🟢 {row.asset} funding +0.42 % net in 72 h"
    assert lines[1:3] == ["▲ Long OKX +0.0089 % / 4 h", "▼ Short Bybit +0.0900 % / 8 h"]
    assert lines[5:7] == ["Risk low · data 7 s old", "Next payment in 37 min"]


def test_the_data_of_a_webhook_are_the_row_s() -> None:
    row = opportunity()
    delivery = DeliveryFactory(message=told(row, Event.OPENED))
    [content] = render([delivery], {}, NOON, channel=Channel.WEBHOOK).values()
    assert isinstance(content, Content)
    assert content.data["opportunity_id"] == row.pk
    assert content.data["long"]["symbol"] == row.long_symbol
    assert content.data["figures"]["net"] == pytest.approx(row.net)


def test_an_end_tells_what_the_paper_trade_paid() -> None:
    row = opportunity()
    told(row, Event.OPENED)
    followed = FollowedFactory(opportunity=row)
    OutcomeFactory(followed=followed, total=0.0031, due_at=NOON + HOUR)
    ended = event(row, Event.CLOSED, at=NOON + 3 * HOUR, reason="negative")
    [message] = born(ended, now=NOON + 3 * HOUR)
    [content] = render([DeliveryFactory(message=message)], {}, message.at).values()
    assert isinstance(content, Content)
    assert "closed after 5 h: promised +0.42 %, on paper so far +0.31 %" in plain(content.body)


def test_a_blind_venue_is_told_as_it_was_written() -> None:
    message = Message.objects.create(
        topic=Topic.VENUE_BLIND, at=NOON,
        facts={"venue": "okx", "count": 2, "assets": ["WIF", "SXP"], "since": None},
    )  # fmt: skip
    [content] = render([DeliveryFactory(message=message)], {}, NOON).values()
    assert isinstance(content, Content)
    assert plain(content.body).splitlines()[0] == "ℹ OKX has sent no data"
