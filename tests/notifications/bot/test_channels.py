"""/channels: the order messages are tried in, what is used, and a test message."""

from __future__ import annotations

import pytest

from accounts import preferences
from accounts.models import User
from arbedge.choices import Spread
from arbedge.names import Channel
from notifications.addressing import order
from notifications.models import Attempt, Delivery
from notifications.names import AddressState, Recipient, Topic
from tests.accounts.factories import UserFactory
from tests.notifications.addressing.places import HOOK, kept
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.factories import MINUTE, NOON

pytestmark = pytest.mark.django_db

TELEGRAM, WEBHOOK = Channel.TELEGRAM, Channel.WEBHOOK


@pytest.fixture
def ada() -> User:
    return member(name="Ada")


@pytest.fixture
def both(ada: User) -> User:
    """Ada with Telegram first and a webhook after it."""
    kept(ada, WEBHOOK, HOOK)
    press(ada, "channel_do webhook use")
    return ada


def attempt(user: User, code: str) -> None:
    Attempt.objects.create(
        delivery_id=1, recipient=Recipient.USER.value, recipient_id=user.pk,
        channel=TELEGRAM.value, outcome="failed" if code else "sent", code=code,
        at=NOON - MINUTE,
    )  # fmt: skip


def test_who_came_by_telegram_has_telegram(ada: User) -> None:
    said = ask(ada, "/channels")

    assert "1. Telegram\n" in said.text
    assert "from your account" in said.text
    assert said.buttons["Telegram"] == "channel telegram"


def test_addresses_are_added_on_the_web_page(ada: User) -> None:
    assert "/account/channels/" in ask(ada, "/channels").html


def test_a_channel_with_an_address_can_be_used(ada: User) -> None:
    kept(ada, WEBHOOK, HOOK)
    assert "Webhook (not used)" in ask(ada, "/channels").text

    said = press(ada, press(ada, "channel webhook").buttons["Use it"])

    assert order.of(ada) == (TELEGRAM, WEBHOOK)
    assert "Webhook is used from now on" in said.text


def test_a_channel_without_an_address_cannot(ada: User) -> None:
    said = press(ada, "channel_do webhook use")

    assert "no address on this channel" in said.toast
    assert order.of(ada) == (TELEGRAM,)
    assert "You have no address on Webhook yet" in press(ada, "channel webhook").text


def test_the_order_is_changed_both_ways(both: User) -> None:
    press(both, press(both, "channel webhook").buttons["Move up"])
    assert order.of(both) == (WEBHOOK, TELEGRAM)

    press(both, press(both, "channel webhook").buttons["Move down"])
    assert order.of(both) == (TELEGRAM, WEBHOOK)


def test_the_first_cannot_move_up_nor_the_last_down(both: User) -> None:
    assert "Move up" not in press(both, "channel telegram").buttons
    assert "Move down" not in press(both, "channel webhook").buttons


def test_a_channel_is_used_no_more(both: User) -> None:
    said = press(both, press(both, "channel webhook").buttons["Do not use it"])

    assert order.of(both) == (TELEGRAM,)
    assert "Its address is kept" in said.text


def test_the_only_channel_is_not_offered_to_be_left(ada: User) -> None:
    assert "Do not use it" not in press(ada, "channel telegram").buttons
    assert "this is the one that is used" in press(ada, "channel_do telegram leave").toast


def test_a_test_message_goes_through_the_queue(ada: User) -> None:
    said = press(ada, press(ada, "channel telegram").buttons["Send a test"])

    [delivery] = Delivery.objects.filter(recipient_id=ada.pk)
    assert delivery.topic == Topic.TEST
    assert "on its way by Telegram" in said.text


def test_five_tests_an_hour_and_no_more(ada: User) -> None:
    answers = [press(ada, "channel_do telegram test") for _ in range(6)]

    assert "Five test messages an hour" in answers[-1].toast
    assert Delivery.objects.count() == 5


def test_messages_go_to_the_first_or_to_all(both: User) -> None:
    said = press(both, ask(both, "/channels").buttons["Send by all of them"])
    assert preferences.of(both.pk).spread == Spread.ALL
    assert "by all of these channels" in said.text

    press(both, said.buttons["Send by the first that works"])
    assert preferences.of(both.pk).spread == Spread.FIRST


@pytest.mark.parametrize(
    ("code", "told"),
    [("", "sent."), ("blocked", "you blocked it"), ("day_full", "not sent: day full")],
)
def test_what_became_of_the_last_message_is_told(ada: User, code: str, told: str) -> None:
    attempt(ada, code)

    assert told in press(ada, "channel telegram").text


def test_an_address_that_does_not_work_is_marked(ada: User) -> None:
    kept(ada, WEBHOOK, HOOK, AddressState.DISABLED, problem="gone")

    assert "⚠ disabled" in ask(ada, "/channels").text


def test_nothing_that_works_is_said_plainly(ada: User) -> None:
    kept(ada, TELEGRAM, {"chat_id": ada.telegram_id}, AddressState.DISABLED, problem="blocked")

    assert "nothing reaches you" in ask(ada, "/channels").text


def test_other_peoples_addresses_are_not_shown(ada: User) -> None:
    kept(UserFactory(), WEBHOOK, HOOK)

    assert "Webhook (not used)" not in ask(ada, "/channels").text


@pytest.mark.parametrize("language", ["es", "fr"])
def test_every_answer_is_told_in_the_readers_language(language: str) -> None:
    user, english = member(language=language), member()
    for one in (user, english):
        kept(one, WEBHOOK, {"url": f"https://93.184.216.34/{one.pk}"})

    for line in ("channels", "channel webhook", "channel_do webhook use", "channel sms"):
        assert press(user, line).text != press(english, line).text, line
