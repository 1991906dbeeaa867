"""Messages as their recipients read them: made once for all who share them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings
from structlog.testing import capture_logs

from accounts.models import Preferences
from arbedge.names import Channel
from notifications.codes import Code
from notifications.models import Delivery, Message
from notifications.names import Topic
from notifications.writing import links
from notifications.writing.content import Content
from notifications.writing.rendering import Press, render
from tests.accounts.factories import UserFactory
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    MessageFactory,
    facts,
)
from tests.notifications.writing.reading import SOON, one, plain

pytestmark = pytest.mark.django_db


def follow_up(topic: Topic, opening: Message, **changes: Any) -> Delivery:
    """A delivery of what came two hours after an opening."""
    told = facts(opportunity_id=opening.opportunity_id, **changes)
    message = MessageFactory(
        topic=topic, opening=opening, opportunity_id=opening.opportunity_id, facts=told,
        at=NOON + 2 * HOUR,
    )  # fmt: skip
    return DeliveryFactory(message=message)


def test_a_message_says_what_it_is_about_and_how_long_it_is_worth_sending() -> None:
    row = DeliveryFactory()
    content = one(row)
    assert plain(content.title) == "🟢 WIF funding +0.42 % net in 72 h"
    assert content.topic is Topic.OPENED
    assert content.at == NOON
    assert content.expires_at == NOON + 4 * HOUR
    assert content.priority == row.priority


def test_every_recipient_has_links_of_his_own_to_pages_of_this_site() -> None:
    message = MessageFactory()
    rows = [DeliveryFactory(message=message) for _ in range(2)]
    contents = render(rows, {}, SOON)
    for row in rows:
        content = contents[row.pk]
        assert isinstance(content, Content)
        assert [action.name for action in content.actions] == ["why", "chart", "mute", "open"]
        found = links.read(content.actions[-1].url.rsplit("/", 1)[1])
        assert (found.delivery_id, found.target) == (row.pk, f"/o/{message.opportunity_id}")


def test_in_a_private_chat_buttons_ask_the_bot() -> None:
    message = MessageFactory(asset="WIF")
    row = DeliveryFactory(message=message)
    content = render([row], {}, SOON)[row.pk]
    assert isinstance(content, Content)
    number = message.opportunity_id
    assert [action.callback for action in content.actions] == [
        f"+why {number}~{row.pk}", f"+picture {number}~{row.pk}", f"+mute $WIF 24~{row.pk}", "",
    ]  # fmt: skip
    assert [bool(action.url) for action in content.actions] == [False, False, False, True]


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SLACK, Channel.DISCORD])
def test_on_other_channels_the_same_buttons_open_pages(channel: Channel) -> None:
    row = DeliveryFactory(message=MessageFactory())
    content = render([row], {}, SOON, channel=channel)[row.pk]
    assert isinstance(content, Content)
    assert all(action.url and not action.callback for action in content.actions)


def test_a_line_longer_than_telegram_takes_is_a_page_instead() -> None:
    message = MessageFactory()
    Message.objects.filter(pk=message.pk).update(facts={**message.facts, "asset": "Ü" * 28})
    row = DeliveryFactory(message=message)
    content = render([row], {}, SOON)[row.pk]
    assert isinstance(content, Content)
    mute = next(action for action in content.actions if action.name == "mute")
    assert (bool(mute.url), mute.callback) == (True, "")


def test_a_text_is_made_once_for_all_who_share_it() -> None:
    message = MessageFactory()
    alike = [DeliveryFactory(message=message) for _ in range(5)]
    other = [
        DeliveryFactory(message=message, language="fr"),
        DeliveryFactory(message=message, notional_usd=5_000),
    ]
    press = Press([*alike, *other], {}, SOON)
    for row in (*alike, *other):
        press.of(row)
    assert len(press._built) == 3


def test_zones_share_a_text_that_names_no_moment() -> None:
    message = MessageFactory()
    zones = ["UTC", "Europe/Paris", "America/New_York"]
    rows = [DeliveryFactory(message=message, zone=zone) for zone in zones]
    press = Press(rows, {}, SOON)
    bodies = {press.of(row).body for row in rows}  # type: ignore[union-attr]
    assert len(bodies) == len(press._built) == 1


def test_each_zone_has_its_own_text_where_one_names_a_moment() -> None:
    far = (NOON + 30 * HOUR).isoformat()
    message = MessageFactory(facts=facts(long={"next_at": far}, short={"next_at": far}))
    rows = [DeliveryFactory(message=message, zone=zone) for zone in ("UTC", "Europe/Paris")]
    first, second = (one(row).body for row in rows)
    assert "18:00 UTC" in first
    assert "19:00 CET" in second
    both = render(rows, {}, SOON)
    assert {content.body for content in both.values()} == {first, second}  # type: ignore[union-attr]


def test_vip_levels_that_make_no_difference_share_a_text() -> None:
    message = MessageFactory()
    rows = [DeliveryFactory(message=message, vip_levels=bits) for bits in (0, 5)]  # binance only
    press = Press(rows, {}, SOON)
    for row in rows:
        press.of(row)
    assert len(press._built) == 1


def test_a_batch_takes_as_many_queries_as_a_single_message(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    opening = MessageFactory()
    rows: list[Any] = [DeliveryFactory(message=opening) for _ in range(3)]
    rows += [follow_up(Topic.IMPROVED, MessageFactory(), net=0.0055) for _ in range(3)]
    with django_assert_max_num_queries(4):
        render(rows, {}, SOON)


def test_messages_at_hand_are_not_read_again(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    row = DeliveryFactory()
    with django_assert_max_num_queries(2):
        render([row], {row.message.pk: row.message}, SOON)


def test_an_opening_that_waited_tells_the_figures_of_the_improvement() -> None:
    opening = MessageFactory()
    better = MessageFactory(
        topic=Topic.IMPROVED, opening=opening, facts=facts(net=0.0055), at=NOON + MINUTE
    )
    row = DeliveryFactory(message=opening, facts_of=better)
    assert plain(one(row).body).startswith("🟢 WIF funding +0.55 % net in 72 h\n▲")


def test_an_improvement_is_compared_with_what_was_announced_last() -> None:
    opening = MessageFactory()
    follow_up(Topic.IMPROVED, opening, net=0.0050)
    row = follow_up(Topic.IMPROVED, opening, net=0.0065)
    assert "↑ now +0.65 % (was +0.50 %)" in plain(one(row).body)


def test_a_closing_holds_the_last_promise_against_what_was_paid() -> None:
    opening = MessageFactory()
    follow_up(Topic.IMPROVED, opening, net=0.0050)
    row = follow_up(Topic.CLOSED, opening, net=0.0, paper_net=0.0031, close_reason="negative")
    words = plain(one(row).body)
    assert "closed after 2 h: promised +0.50 %, on paper so far +0.31 %" in words


def test_what_was_announced_of_another_trade_is_not_compared() -> None:
    MessageFactory()
    row = follow_up(Topic.FADING, MessageFactory(opportunity_id=77), net=0.001)
    Message.objects.filter(opportunity_id=77).update(topic=Topic.FADING)
    assert "Announced was" not in one(row).body


def test_a_group_s_post_has_nobody_s_own_figures_or_buttons() -> None:
    chat = ChatFactory()
    row = DeliveryFactory(recipient="chat", recipient_id=chat.pk)
    assert [action.name for action in one(row).actions] == ["why", "chart", "open"]
    assert "On capital" not in one(row, Channel.EMAIL).body


def test_posts_of_one_message_lead_to_the_bot_by_the_name_of_each_chat(settings: Settings) -> None:
    settings.BOT_NAME = "arbedge_bot"
    message, chats = MessageFactory(opportunity_id=1), [ChatFactory(), ChatFactory()]
    rows = [
        DeliveryFactory(message=message, recipient="chat", recipient_id=chat.pk) for chat in chats
    ]
    ends = [content.actions[-1].url for content in render(rows, {}, SOON).values()]  # type: ignore[union-attr]
    assert ends == [f"https://t.me/arbedge_bot?start=o1-c{chat.pk}" for chat in chats]


def test_numbers_are_written_as_each_person_chose() -> None:
    message = MessageFactory()
    comma, usual = UserFactory(), UserFactory()
    Preferences.objects.create(user=comma, number_format="comma")
    rows = [DeliveryFactory(message=message, recipient_id=user.pk) for user in (comma, usual)]
    contents = render(rows, {}, SOON)
    assert "+0,42" in contents[rows[0].pk].body  # type: ignore[union-attr]
    assert "+0.42" in contents[rows[1].pk].body  # type: ignore[union-attr]


def test_a_chat_is_not_taken_for_the_person_of_the_same_number() -> None:
    person = UserFactory()
    Preferences.objects.create(user=person, number_format="comma")
    message = MessageFactory()
    rows = [
        DeliveryFactory(message=message, recipient_id=person.pk),
        DeliveryFactory(message=message, recipient="chat", recipient_id=person.pk),
    ]
    assert "+0.42" in render(rows, {}, SOON)[rows[1].pk].body  # type: ignore[union-attr]


def test_an_unknown_language_is_answered_in_english_and_logged() -> None:
    row = DeliveryFactory(language="xx")
    with capture_logs() as logs:
        content = one(row)
    assert content.language == "en"
    assert [entry["event"] for entry in logs] == ["rendering.no_such_language"]


@pytest.mark.parametrize("missing", ["net", "asset", "long", "risk"])
def test_a_message_without_one_of_its_figures_is_bad_and_harms_no_other(missing: str) -> None:
    broken = {name: value for name, value in facts(cohorts=None).items() if name != missing}
    bad = DeliveryFactory(message=MessageFactory(facts=broken))
    good = DeliveryFactory()
    with capture_logs() as logs:
        contents = render([bad, good], {}, SOON)
    assert contents[bad.pk] is Code.BAD_MESSAGE
    assert isinstance(contents[good.pk], Content)
    assert logs[0]["event"] == "rendering.bad_message"


def test_a_message_that_is_gone_is_bad() -> None:
    row = DeliveryFactory()
    row.facts_of_id = 0
    assert render([row], {}, SOON)[row.pk] is Code.BAD_MESSAGE


def test_a_broadcast_that_leads_where_no_link_may_is_bad() -> None:
    words = {"title": "News", "texts": {"en": "x"}, "url": "https://evil.example/"}
    message = MessageFactory(topic=Topic.BROADCAST, facts=words, opportunity_id=None)
    row = DeliveryFactory(message=message)
    assert render([row], {}, SOON)[row.pk] is Code.BAD_MESSAGE


def test_a_digest_tells_its_items_best_first_with_a_link_each() -> None:
    items = [
        MessageFactory(),
        MessageFactory(facts=facts(opportunity_id=9, asset="SXP", net=0.009)),
    ]
    digest = MessageFactory(topic=Topic.DIGEST, facts={}, opportunity_id=None)
    row = DeliveryFactory(message=digest, items=[item.pk for item in items])
    content = one(row, now=NOON + 12 * MINUTE)
    found = re.findall(r'<a href="([^"]+)">(.*?)</a>', content.body)
    assert [label for _, label in found] == ["SXP funding", "WIF funding"]
    assert links.read(found[0][0].rsplit("/", 1)[1]).target == "/o/9"
    assert [action.name for action in content.actions] == ["board", "preferences"]


def test_digests_of_other_items_are_other_texts() -> None:
    digest = MessageFactory(topic=Topic.DIGEST, facts={}, opportunity_id=None)
    items = [MessageFactory().pk, MessageFactory(facts=facts(asset="SXP")).pk]
    rows = [DeliveryFactory(message=digest, items=[item]) for item in items]
    titles = [content.body for content in render(rows, {}, SOON).values()]  # type: ignore[union-attr]
    assert "WIF" in titles[0]
    assert "SXP" in titles[1]


def test_data_of_a_recording_age_by_its_own_clock(settings: Settings) -> None:
    settings.MARKET_MODE = "replay"
    message = MessageFactory(at=NOON - timedelta(days=30), facts=facts(long={"age_ms": 1_000.0}))
    Message.objects.filter(pk=message.pk).update(created_at=NOON)
    row = DeliveryFactory(message=message)
    assert "data 3 s old" in plain(one(row, now=NOON + timedelta(seconds=2)).body)


def test_live_data_age_by_the_wall_clock() -> None:
    at = datetime.now(UTC)
    row = DeliveryFactory(message=MessageFactory(at=at, facts=facts(long={"age_ms": 1_000.0})))
    assert "data 42 s old" in plain(one(row, now=at + timedelta(seconds=41)).body).lower()
