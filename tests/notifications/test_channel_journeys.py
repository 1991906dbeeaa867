"""From a person's page through queue and channel to a real receiver, and what comes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from starlette.responses import Response

from accounts import preferences
from accounts.models import User
from arbedge.names import Channel, Door
from notifications.addressing import addresses
from notifications.models import Address, Attempt, Click, Delivery, Message
from notifications.names import AddressState, DeliveryState, Priority, Recipient, Topic
from notifications.receivers.webhooks import Webhooks
from notifications.sending import delivery
from notifications.telling import tell
from tests.accounts.factories import NOON, SessionFactory
from tests.accounts.web import body, fresh_cache, log_in
from tests.notifications.addressing.places import kept
from tests.notifications.channels.outgoing import Receiving, receiving

pytestmark = pytest.mark.django_db
PAGE = "/account/channels/"
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> None:
    fresh_cache()
    settings.SITE_URL = "http://testserver"


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody in the audience who is logged in."""
    user: User = SessionFactory(
        user__email="ada@example.org", user__email_verified_at=NOON, user__telegram_id=7_004_242,
        started_at=timezone.now(), seen_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=7),
    ).user  # fmt: skip
    log_in(client, user)
    return user


@pytest.fixture
def server(settings: Any) -> Iterator[Receiving[Webhooks]]:
    """A webhook's own server."""
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    with receiving(Webhooks) as served:
        yield served


@pytest.fixture
def hook(ada: User, server: Receiving[Webhooks]) -> Address:
    """A verified webhook of Ada's, her first channel; e-mail is her second."""
    address = {"url": f"{server.url}/hooks/ada", "secret": "a secret of the hook, long enough"}
    preferences.change(ada.pk, {"channels": ["webhook", "email"]}, door=Door.WEB)
    return kept(ada, Channel.WEBHOOK, address, shown="127.0.0.1 …/ada")


def news(user: User, url: str = "") -> Message:
    """A message to one person on his own channels."""
    facts = {"title": "Maintenance", "texts": {"en": "Back at 10:00 UTC."}, "url": url}
    return tell(Topic.BROADCAST, facts, to=[(Recipient.USER, user.pk)], priority=Priority.HIGH,
                now=timezone.now())  # fmt: skip


def run(*channels: Channel) -> None:
    """Sends what is due on these channels; after a flush of the cache the pace waits a moment."""
    for channel in channels:
        for seconds in (0, 2):
            delivery.run(channel, timezone.now() + timedelta(seconds=seconds), budget_s=10)


def state_of(message: Message) -> str:
    return Delivery.objects.get(message=message).state


def test_a_webhook_from_its_form_to_a_test_message_in_its_log(
    client: Client, ada: User, server: Receiving[Webhooks]
) -> None:
    client.post(f"{PAGE}webhook/add", {"url": f"{server.url}/hooks/ada"})
    row = Address.objects.get()
    client.post(f"{PAGE}{row.pk}/proof/send")
    client.post(f"{PAGE}webhook/test")
    run(Channel.WEBHOOK)
    challenge, test = (json.loads(call.text) for call in server.calls)
    assert (challenge["topic"], test["topic"]) == ("code", "test")
    shown = body(client.get(f"{PAGE}{row.pk}/log"))
    assert "HTTP 200" in shown
    assert "● sent" in shown
    assert ": sent" in body(client.get(PAGE))


def test_a_webhook_that_is_gone_is_switched_off_and_the_next_channel_takes_over(
    client: Client, ada: User, hook: Address, server: Receiving[Webhooks]
) -> None:
    server.fake.prepared.append(Response(status_code=410))
    message = news(ada)
    run(Channel.WEBHOOK, Channel.EMAIL)
    hook.refresh_from_db()
    assert (hook.state, hook.problem) == (AddressState.DISABLED, "gone")
    assert state_of(message) == DeliveryState.SENT
    texts = [str(one.body) for one in mail.outbox]
    assert any("Back at 10:00 UTC." in text for text in texts)
    assert any("it does not exist any more" in text for text in texts)
    assert "disabled: gone" in body(client.get(PAGE))


def test_a_webhook_that_fails_for_long_is_switched_off_and_its_owner_told(
    ada: User, hook: Address, server: Receiving[Webhooks]
) -> None:
    Address.objects.filter(pk=hook.pk).update(failures=19)
    server.fake.prepared.append(Response(status_code=503))
    news(ada)
    run(Channel.WEBHOOK)
    hook.refresh_from_db()
    assert (hook.state, hook.failures) == (AddressState.DISABLED, 20)
    run(Channel.EMAIL)
    assert "it failed 20 times in a row" in str(mail.outbox[-1].body)


def test_one_message_that_arrives_forgives_earlier_failures(
    ada: User, hook: Address, server: Receiving[Webhooks]
) -> None:
    Address.objects.filter(pk=hook.pk).update(failures=19)
    news(ada)
    run(Channel.WEBHOOK)
    hook.refresh_from_db()
    assert hook.failures == 0


def test_a_mail_can_be_ended_by_its_own_header(ada: User) -> None:
    preferences.change(ada.pk, {"channels": ["email"]}, door=Door.WEB)
    news(ada)
    run(Channel.EMAIL)
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = headers["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")
    assert path in str(mail.outbox[0].body)
    Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"})
    after = news(ada)
    run(Channel.EMAIL)
    assert len(mail.outbox) == 1
    assert state_of(after) == DeliveryState.FAILED
    assert Attempt.objects.latest("at").code == "suppressed"


def test_a_link_in_a_mail_is_followed_and_counted(ada: User) -> None:
    preferences.change(ada.pk, {"channels": ["email"]}, door=Door.WEB)
    message = news(ada, url="/status")
    run(Channel.EMAIL)
    found = re.search(r"http://testserver(/go/\S+)", str(mail.outbox[0].body))
    assert found is not None
    answer = Client().get(found[1], headers={"User-Agent": PERSON})
    assert answer["Location"] == "/status"
    assert Click.objects.get().delivery_id == Delivery.objects.get(message=message).pk


def test_an_address_added_but_not_proven_gets_nothing(ada: User, server: Any) -> None:
    addresses.add(ada, Channel.WEBHOOK, {"url": f"{server.url}/hooks/ada"}, door=Door.WEB)
    preferences.change(ada.pk, {"channels": ["webhook"]}, door=Door.WEB)
    message = news(ada)
    run(Channel.WEBHOOK)
    assert not server.calls
    assert state_of(message) == DeliveryState.FAILED
    assert Attempt.objects.latest("at").code == "unverified"
