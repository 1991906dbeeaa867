"""My messages: what I was told, what I was not and why, and nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from arbedge.names import Role
from notifications.names import DeliveryState, Recipient, Topic
from notifications.sending import received
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, log_in
from tests.notifications.factories import (
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    SliceFactory,
)
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db
PAGE = "/account/messages/"


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    fresh_cache()


@pytest.fixture
def me() -> User:
    person: User = UserFactory(role=Role.ADMIN, is_staff=True)  # no tier's delay, no limit
    return person


@pytest.fixture
def browser(client: Client, me: User) -> Client:
    log_in(client, me)
    return client


def lines(person: User) -> list[received.Line]:
    return received.lately(person.pk, "UTC", NOON)


def test_queue_and_log_are_one_list_the_newest_first(me: User) -> None:
    DeliveryLogFactory(recipient_id=me.pk, created_at=NOON - 9 * MINUTE)
    DeliveryFactory(recipient_id=me.pk, created_at=NOON - MINUTE, topic=Topic.IMPROVED)
    assert [line.about for line in lines(me)] == ["WIF funding: improved", "WIF funding: opened"]


@pytest.mark.parametrize(
    ("state", "code", "tone", "words"),
    [
        (DeliveryState.SENT, "", "good", ""),
        (DeliveryState.PENDING, "", "off", "It waits to be sent"),
        (DeliveryState.FAILED, "blocked", "warn", "you blocked the bot"),
        (DeliveryState.CANCELLED, "hour_full", "warn", "/subscription"),
    ],
)
def test_a_message_says_how_it_ended_and_what_to_do(
    me: User, state: DeliveryState, code: str, tone: str, words: str
) -> None:
    DeliveryFactory(recipient_id=me.pk, state=state, code=code)
    [line] = lines(me)
    assert line.tone == tone
    assert words in line.why


def test_messages_of_others_are_not_mine(me: User) -> None:
    DeliveryFactory()
    DeliveryFactory(recipient=Recipient.CHAT, recipient_id=me.pk)
    ChatFactory()
    assert lines(me) == []


def test_the_list_is_bounded_and_asks_three_times(
    me: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(received.SHOWN + 5):
        DeliveryFactory(recipient_id=me.pk, created_at=NOON + timedelta(seconds=number))
    with django_assert_num_queries(3):
        assert len(lines(me)) == received.SHOWN


def test_the_page_is_for_whoever_is_logged_in(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_the_page_shows_what_was_sent(browser: Client, me: User) -> None:
    DeliveryFactory(recipient_id=me.pk, state=DeliveryState.SENT)
    text = body(browser.get(PAGE))
    assert "WIF funding: opened" in text
    assert "● sent" in text


def test_an_opportunity_tells_what_became_of_it_for_me(browser: Client, me: User) -> None:
    one = OpportunityFactory()
    message = MessageFactory(opportunity_id=one.pk, at=datetime.now(UTC))
    SliceFactory(message=message, tier=4, due_at=datetime.now(UTC) + timedelta(hours=1))
    text = body(browser.get(f"{PAGE}?about={one.pk}"))
    assert f"{one.asset} {one.kind} and you" in text
    assert "You have no active session" not in text
    assert 'class="lead"' in text


def test_an_opportunity_nobody_was_told_of(browser: Client) -> None:
    one = OpportunityFactory()
    assert "Nobody was told" in body(browser.get(f"{PAGE}?about={one.pk}"))


@pytest.mark.parametrize("asked", ["", "x", "-1", "1e9", "9" * 40, "12345678", "²"])
def test_a_strange_question_is_no_error(browser: Client, asked: str) -> None:
    assert browser.get(PAGE, {"about": asked}).status_code == 200


def test_an_opportunitys_page_leads_to_the_answer(browser: Client) -> None:
    one = OpportunityFactory()
    page = browser.get(reverse("opportunities:opportunity", args=[one.pk]))
    assert f"{PAGE}?about={one.pk}" in body(page)


def test_visitors_are_not_asked_about_themselves(client: Client) -> None:
    one = OpportunityFactory()
    page = client.get(reverse("opportunities:opportunity", args=[one.pk]))
    assert one.asset in body(page)
    assert PAGE not in body(page)
