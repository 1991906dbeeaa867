"""The console's pages of messages, deliveries, addresses and chats."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from arbedge.names import Channel, Door, Role
from notifications.admin import words
from notifications.codes import Why
from notifications.models import Attempt, Chat, Suppression
from notifications.names import CHANNEL_NUMBERS, DeliveryState, Recipient, SliceState
from notifications.telegram import chats
from tests.accounts.console import audited, desk, told
from tests.accounts.factories import UserFactory
from tests.notifications.admin.pages import CONSOLE, choose, page
from tests.notifications.factories import (
    MINUTE,
    NOON,
    AddressFactory,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    SliceFactory,
)
from tests.opportunities.factories import OpportunityFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
LISTS = ("message", "delivery", "deliverylog", "address", "suppression", "chat")


def suppressed(shown: str = "a…@example.com") -> Suppression:
    return Suppression.objects.create(
        channel="email", digest=shown.encode().ljust(32, b"."), shown=shown, reason="unsubscribed"
    )


FILLED: dict[str, Any] = {
    "message": SliceFactory,
    "delivery": DeliveryFactory,
    "deliverylog": DeliveryLogFactory,
    "address": AddressFactory,
    "suppression": lambda: suppressed(f"{Suppression.objects.count()}@example.com"),
    "chat": ChatFactory,
}


@pytest.mark.parametrize("model", LISTS)
def test_lists_ask_as_often_for_many_rows_as_for_few(model: str) -> None:
    client, _ = desk()
    asked = []
    for rows in (1, 12):
        for _ in range(rows):
            FILLED[model]()
        with CaptureQueriesContext(connection) as sent:
            page(client, f"{model}/")
        asked.append(len(sent))
    assert asked[1] <= asked[0] <= 8


@pytest.mark.parametrize("model", ["delivery", "deliverylog"])
def test_a_delivery_is_told_by_coin_and_name(model: str) -> None:
    person, message = UserFactory(), MessageFactory(asset="WIF")
    of = {"message": message} if model == "delivery" else {"message_id": message.pk}
    row = (DeliveryFactory if model == "delivery" else DeliveryLogFactory)(
        recipient_id=person.pk, **of
    )
    client, _ = desk()
    for path in (f"{model}/", f"{model}/{row.pk}/change/"):
        text = page(client, path)
        assert "opened WIF funding" in text
        assert str(person) in text


def test_a_chat_tells_what_its_posts_are_made_for() -> None:
    chat = ChatFactory(notional_usd=5_000, horizon_hours=24, min_net=0.0015)
    text = page(desk()[0], f"chat/{chat.pk}/change/")
    assert "$5\u2009k over 24\u2009h" in text
    assert "+0.15\u2009%" in text


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.parametrize("role", [Role.SUPPORT, Role.USER])
def test_support_looks_and_users_do_not(model: str, role: Role) -> None:
    client, _ = desk(role)
    expected = 200 if role is Role.SUPPORT else 302
    assert client.get(f"{CONSOLE}/{model}/").status_code == expected


def test_a_message_tells_who_was_reached_and_why_others_were_not() -> None:
    client, _ = desk()
    message = MessageFactory(asset="WIF")
    counts = {"eligible": 412, "no_session": 5210, "do_not_disturb": 310}
    SliceFactory(message=message, tier=3, state=SliceState.DONE, counts=counts, took_ms=87.4)
    SliceFactory(message=message, tier=0)
    text = page(client, f"message/{message.pk}/change/")
    assert "412 eligible; 5,210 without a session; 310 not to be disturbed now" in text
    assert "87 ms" in text
    in_list = page(client, "message/")
    assert "412, 1 tiers wait" in in_list
    assert "5,210 without a session" in in_list


def test_every_reason_has_words() -> None:
    assert set(words.REASONS) == set(Why)


def test_an_opportunity_shows_who_was_told_of_it() -> None:
    client, _ = desk()
    one = OpportunityFactory()
    message = MessageFactory(opportunity_id=one.pk)
    SliceFactory(message=message, state=SliceState.DONE, counts={"eligible": 7, "cooldown": 2})
    answer = client.get(f"/console/opportunities/opportunity/{one.pk}/change/")
    assert "7 eligible; 2 told of it within 4 h" in told(answer)


def test_a_delivery_tells_every_attempt_with_what_the_other_side_said() -> None:
    client, _ = desk()
    delivery = DeliveryFactory(
        state=DeliveryState.FAILED, code="blocked", channels=[0, CHANNEL_NUMBERS[Channel.EMAIL]]
    )
    Attempt.objects.create(
        delivery_id=delivery.pk, recipient="user", recipient_id=delivery.recipient_id,
        channel="telegram", at=NOON, outcome="permanent", code="blocked", took_ms=31,
        detail="Forbidden: bot was blocked by the user",
    )  # fmt: skip
    text = page(client, f"delivery/{delivery.pk}/change/")
    for part in ("failed: blocked", "[telegram] → email", "bot was blocked by the user", "31 ms"):
        assert part in text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("state=failed", {"failed"}),
        ("channel=1", {"by mail"}),
        ("code=blocked", {"failed"}),
        ("slow=yes", {"slow"}),
        ("topic=digest", set()),
        ("q=Ada", {"by mail"}),
    ],
)
def test_deliveries_are_found_by_what_operators_ask(asked: str, found: set[str]) -> None:
    client, _ = desk()
    ada = UserFactory(name="Ada Lovelace")
    rows = {
        "failed": DeliveryFactory(state=DeliveryState.FAILED, code="blocked"),
        "by mail": DeliveryFactory(channels=[1], due_at=NOON.replace(year=2040),
                                   recipient_id=ada.pk),
        "slow": DeliveryFactory(due_at=timezone.now() - MINUTE),
    }  # fmt: skip
    text = page(client, f"delivery/?{asked}")
    shown = {name for name, row in rows.items() if f"/delivery/{row.pk}/change/" in text}
    assert shown == found


def test_the_channels_page_says_which_channel_is_behind() -> None:
    client, _ = desk()
    DeliveryFactory(due_at=timezone.now() - MINUTE)
    text = page(client, "delivery/channels/")
    assert "behind" in text
    assert text.count("quiet") == len(Channel) - 1


def test_only_administrators_try_the_given_up_again() -> None:
    client, _ = desk(Role.SUPPORT)
    dead = DeliveryFactory(state=DeliveryState.DEAD, code="worker_lost")
    choose(client, "delivery", "replay", [dead])
    dead.refresh_from_db()
    assert dead.state == DeliveryState.DEAD


def test_what_was_given_up_is_tried_again_after_a_yes() -> None:
    client, _ = desk()
    later = timezone.now() + timedelta(hours=1)
    dead = DeliveryFactory(state=DeliveryState.DEAD, code="worker_lost", expires_at=later)
    answer = choose(client, "delivery", "replay", [dead])
    dead.refresh_from_db()
    assert "1 will be tried again" in told(answer)
    assert (dead.state, dead.code) == (DeliveryState.PENDING, "")


def test_what_is_out_of_date_is_not_tried_again() -> None:
    client, _ = desk()
    old = DeliveryFactory(
        state=DeliveryState.DEAD, expires_at=timezone.now() - timedelta(seconds=1)
    )
    answer = choose(client, "delivery", "replay", [old])
    assert "1 had not failed, or are out of date" in told(answer)


def test_no_page_reads_what_is_sealed() -> None:
    client, _ = desk()
    one = AddressFactory(sealed="gAAAA-sealed-canary")
    assert "canary" not in page(client, "address/")
    assert "canary" not in page(client, f"address/{one.pk}/change/")


def test_somebody_left_alone_is_written_to_again_only_with_a_reason() -> None:
    client, _ = desk()
    one = suppressed()
    choose(client, "suppression", "lift", [one])
    assert Suppression.objects.filter(pk=one.pk).exists()
    choose(client, "suppression", "lift", [one], reason="asked by mail")
    assert not Suppression.objects.filter(pk=one.pk).exists()
    line = LogEntry.objects.get(additional_data__what="address.allowed")
    assert line.changes_dict == {"reason": [one.reason, ""], "why": ["", "asked by mail"]}


def test_a_chat_is_paused_and_resumed_with_a_line_in_the_audit() -> None:
    client, _ = desk()
    chat: Chat = ChatFactory()
    choose(client, "chat", "pause", [chat], reason="noise")
    chat.refresh_from_db()
    assert chat.paused
    line = audited(chat.registered_by, "chat.paused")
    assert line.changes == {"paused": ["False", "True"], "reason": ["", "noise"]}
    choose(client, "chat", "resume", [chat])
    chat.refresh_from_db()
    assert not chat.paused


def test_many_chats_are_paused_by_as_few_statements_as_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    _, staff = desk()
    chats_of_many = [ChatFactory() for _ in range(5)]
    ids = [chat.pk for chat in chats_of_many]
    with django_assert_num_queries(5):  # a savepoint, the rows, the change, the audit, its end
        assert chats.switch(ids, paused=True, door=Door.CONSOLE, by=staff) == 5
    assert chats.switch(ids, paused=True, door=Door.CONSOLE, by=staff) == 0


def test_why_is_not_asked_of_a_message_that_is_not_there() -> None:
    client, _ = desk()
    assert client.get(f"{CONSOLE}/message/404/why/").status_code == 404


def test_a_chats_deliveries_lead_to_the_chat() -> None:
    client, _ = desk()
    chat = ChatFactory()
    DeliveryFactory(recipient=Recipient.CHAT, recipient_id=chat.pk)
    assert f"/console/notifications/chat/{chat.pk}/change/" in page(client, "delivery/")
