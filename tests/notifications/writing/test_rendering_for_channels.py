"""The same message in the forms of channels that have no buttons, or read figures."""

from __future__ import annotations

import html
import re

import pytest

from arbedge.names import Channel
from notifications.channels import mails
from notifications.names import Topic
from notifications.writing import rendering
from notifications.writing.rendering import unsubscribable
from tests.notifications.factories import (
    DeliveryFactory,
    MessageFactory,
)
from tests.notifications.writing.reading import one

pytestmark = pytest.mark.django_db


def test_an_e_mail_has_text_and_page_with_the_same_links() -> None:
    content = one(DeliveryFactory(), Channel.EMAIL)
    assert content.title.startswith("WIF funding")
    for action in content.actions:
        assert action.url in content.body
        assert html.escape(action.url) in content.html


def test_an_e_mail_has_a_place_for_its_picture_before_the_buttons() -> None:
    before, mark, after = one(DeliveryFactory(), Channel.EMAIL).html.partition(mails.PICTURE_MARK)
    assert mark
    assert "OKX" in before
    assert "<a href" not in before
    assert "<a href" in after


def test_an_e_mail_says_how_to_end_all_mail() -> None:
    content = one(DeliveryFactory(language="fr"), Channel.EMAIL)
    assert rendering.UNSUBSCRIBE_MARK in content.html
    whole = unsubscribable(content, "https://arbedge.example/unsubscribe/x?a=1&b=2")
    assert whole.unsubscribe_url == "https://arbedge.example/unsubscribe/x?a=1&b=2"
    assert whole.body.endswith("Plus de courriels à cette adresse : " + whole.unsubscribe_url)
    assert 'href="https://arbedge.example/unsubscribe/x?a=1&amp;b=2"' in whole.html


@pytest.mark.parametrize(("topic", "label"), [(Topic.OPENED, "Open"), (Topic.DIGEST, "Board")])
def test_the_button_that_matters_most_is_filled(topic: Topic, label: str) -> None:
    items = [MessageFactory().pk] if topic is Topic.DIGEST else None
    row = DeliveryFactory(message=MessageFactory(topic=topic), items=items)
    filled = re.findall(r"background:#0b6b64[^>]*>([^<]+)<", one(row, Channel.EMAIL).html)
    assert filled == [label]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WEB_PUSH])
def test_where_there_is_room_for_one_link_it_opens_the_trade(channel: Channel) -> None:
    assert [action.name for action in one(DeliveryFactory(), channel).actions] == ["open"]


def test_a_text_message_ends_with_its_link() -> None:
    content = one(DeliveryFactory(), Channel.SMS)
    assert content.body.endswith(content.actions[0].url)
    assert content.body.isascii()


def test_a_link_that_proves_an_address_is_told_as_it_is() -> None:
    told = {"link": "https://arbedge.example/prove/abc", "minutes": 10}
    message = MessageFactory(topic=Topic.CODE, facts=told, opportunity_id=None)
    content = one(DeliveryFactory(message=message), Channel.EMAIL)
    assert "Press this address: https://arbedge.example/prove/abc" in content.body
    assert content.actions[0].url == "https://arbedge.example/prove/abc"


def test_a_webhook_gets_figures_and_no_counted_links() -> None:
    content = one(DeliveryFactory(), Channel.WEBHOOK)
    assert content.data["figures"]["net"] == pytest.approx(0.0042)
    assert content.actions == ()


def test_only_webhooks_get_figures() -> None:
    assert one(DeliveryFactory()).data == {}
