"""Who is told that a channel of his was switched off, where, and in which words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import preferences
from accounts.models import User
from arbedge.names import Channel, Door
from notifications.addressing import addresses, notices
from notifications.models import Address, Chat, Delivery, Message
from notifications.names import CHANNEL_NUMBERS, AddressState
from notifications.writing import rendering
from notifications.writing.content import Content
from tests.notifications.addressing.places import HOOK, kept
from tests.notifications.factories import NOON, ChatFactory, reachable_person

pytestmark = pytest.mark.django_db
TELEGRAM, EMAIL, WEBHOOK = (CHANNEL_NUMBERS[one] for one in (
    Channel.TELEGRAM, Channel.EMAIL, Channel.WEBHOOK))  # fmt: skip


def disabled_hook(user_id: int, problem: str = "unreachable") -> Address:
    """A webhook of this person that was switched off just now."""
    row = kept(User.objects.get(pk=user_id), Channel.WEBHOOK, HOOK,
               shown="hooks.example.org …4f9c")  # fmt: skip
    found = addresses.disable(problem, address_id=row.pk, now=NOON)
    assert isinstance(found, Address)
    return found


def test_the_owner_is_told_by_what_is_left_to_him() -> None:
    ada = reachable_person(channels=["webhook", "email"], telegram_id=4242)
    assert notices.switched_off([disabled_hook(ada.pk)], NOON) == 1
    delivery = Delivery.objects.get()
    assert (delivery.recipient_id, delivery.channels) == (ada.pk, [EMAIL, TELEGRAM])
    assert not delivery.counted
    assert delivery.expires_at == NOON + timedelta(days=1)


def test_who_has_nothing_else_is_told_by_his_page_alone() -> None:
    ada = reachable_person(telegram_id=4242)
    row = addresses.disable("blocked", recipient_id=ada.pk, channel=Channel.TELEGRAM, now=NOON)
    assert isinstance(row, Address)
    assert notices.switched_off([row], NOON) == 0
    assert not Message.objects.exists()


def test_who_lost_a_chat_is_told_in_person() -> None:
    ada = reachable_person(telegram_id=4242)
    chat = ChatFactory(registered_by=ada, title="Traders", gone="blocked")
    assert notices.switched_off([chat], NOON) == 1
    assert Delivery.objects.get().channels == [TELEGRAM]
    assert "Traders any more: the bot was blocked" in Message.objects.get().facts["texts"]["en"]


def test_an_owner_who_is_gone_is_not_told() -> None:
    row = Address(recipient="user", recipient_id=404, channel="webhook", shown="…",
                  state=AddressState.DISABLED, problem="gone")  # fmt: skip
    assert notices.switched_off([row], NOON) == 0


def test_nothing_disabled_tells_nobody() -> None:
    assert notices.switched_off([], NOON) == 0


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "it failed 20 times in a row"), ("es", "falló 20 veces seguidas"),
     ("fr", "20 échecs de suite")],
)  # fmt: skip
def test_it_is_told_in_the_owners_language(language: str, said: str) -> None:
    ada = reachable_person(language=language, telegram_id=4242)
    notices.switched_off([disabled_hook(ada.pk)], NOON)
    delivery = Delivery.objects.get()
    content = rendering.render([delivery], {}, NOON, channel=Channel.TELEGRAM)[delivery.pk]
    assert isinstance(content, Content)
    assert said in content.body
    assert "hooks.example.org …4f9c" in content.body


def test_an_unknown_problem_has_words_too() -> None:
    ada = reachable_person(telegram_id=4242)
    notices.switched_off([disabled_hook(ada.pk, "something_new")], NOON)
    assert "it refuses our messages" in Message.objects.get().facts["texts"]["en"]


def test_a_chats_title_cannot_write_markup() -> None:
    ada = reachable_person(telegram_id=4242)
    chat: Chat = ChatFactory(registered_by=ada, title="<b>x</b> [y](z)", gone="gone")
    notices.switched_off([chat], NOON)
    delivery = Delivery.objects.get()
    content = rendering.render([delivery], {}, NOON, channel=Channel.TELEGRAM)[delivery.pk]
    assert isinstance(content, Content)
    assert "<b>x</b>" not in content.body


@pytest.mark.parametrize(("switch", "told"), [("news", 1), ("service", 0)])
def test_it_is_service_and_no_news(switch: str, told: int) -> None:
    ada = reachable_person(telegram_id=4242)
    preferences.change(ada.pk, {f"switches.{switch}": "off"}, door=Door.WEB)
    notices.switched_off([disabled_hook(ada.pk)], NOON)
    assert Delivery.objects.count() == told
