"""From the queue by every channel to a receiver that speaks the real protocol, nothing replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from arbedge import cache
from arbedge.names import Channel
from notifications.channels import web_push
from notifications.channels.base import sender
from notifications.codes import Code
from notifications.models import Address, Attempt, Delivery
from notifications.names import CHANNEL_NUMBERS, CHANNELS, Topic
from notifications.receivers import smtp
from notifications.receivers.book import Shown
from notifications.receivers.faults import Kind, Wish
from notifications.receivers.serve import Receivers
from notifications.sending import pacing
from notifications.sending.delivery import run
from tests.notifications.addressing.places import kept
from tests.notifications.factories import (
    MINUTE,
    DeliveryFactory,
    MessageFactory,
    facts,
    reachable_person,
)
from tests.serving import served

pytestmark = pytest.mark.django_db

_numbers = count(31_000)
TOKEN = "7000000001:receivers-of-a-test-know-this-one"
HOSTILE = "<b>W</b>[x](https://e.vil)*_`@everyone<!here>\r\nBcc: a@e.vil"
HTTP = [one for one in CHANNELS if one not in (Channel.CUSTOM, Channel.EMAIL)]
ALL = [one for one in CHANNELS if one is not Channel.CUSTOM]  # its hosts are Apprise's own
KEPT = [one for one in HTTP if one is not Channel.TELEGRAM]


@dataclass
class World:
    """Receivers that listen, and a person they stand for."""

    receivers: Receivers
    url: str
    person: User

    def address(self, channel: Channel) -> Mapping[str, Any]:
        """Where the person is reached on a channel that needs a row for it."""
        room = {
            Channel.WEBHOOK: {"url": f"{self.url}/hooks/mine"},
            Channel.SLACK: {"url": f"{self.url}/services/T0/B0/word"},
            Channel.DISCORD: {"url": f"{self.url}/api/webhooks/123456789012/word"},
            Channel.SMS: {"number": "+447700900123"},
        }
        if channel is Channel.WEB_PUSH:
            push = next(one for one in self.receivers.all if hasattr(one, "subscribe"))
            return sender(channel).take(push.subscribe(self.url, "fox", web_push.public_key()))
        return sender(channel).take(room[channel])

    def seen(self) -> list[Shown]:
        """What the person has on all devices."""
        return list(self.receivers.book.shown.values())


@pytest.fixture(autouse=True)
def fresh_pace(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache nobody has used, and no memory of another one, which would mean it was lost."""
    monkeypatch.setattr(pacing, "_marks", {})
    cache.client().flushdb()
    yield
    cache.client().flushdb()


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    receivers = Receivers([TOKEN])
    receivers.bot.messages.limits.rates.on = False
    with served(receivers.app()) as url, smtp.running(receivers.mailboxes) as port:
        settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
        settings.BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, url
        settings.TWILIO_API_URL, settings.TWILIO_ACCOUNT = url, "AC1"
        settings.TWILIO_TOKEN, settings.TWILIO_FROM = "token", "+15005550006"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        number = next(_numbers)
        now = timezone.now()
        person = reachable_person(
            telegram_id=number,
            email=f"ann{number}@example.com",
            email_verified_at=now,
            session_until=now + timedelta(days=1),
        )
        yield World(receivers, url, person)


def waiting(world: World, *channels: Channel, **columns: Any) -> Delivery:
    """A message that waits for the person, with an address for each channel that needs one."""
    for channel in channels:
        if channel in KEPT and not Address.objects.filter(channel=channel.value).exists():
            kept(world.person, channel, world.address(channel))
    now = timezone.now()
    columns.setdefault("message", MessageFactory(at=now))
    row: Delivery = DeliveryFactory(
        recipient_id=world.person.pk, channels=[CHANNEL_NUMBERS[one] for one in channels],
        due_at=now, created_at=now, **columns,
    )  # fmt: skip
    return row


def state(row: Delivery) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.code


@pytest.mark.parametrize("channel", ALL)
def test_an_opening_arrives(world: World, channel: Channel) -> None:
    row = waiting(world, channel)

    run(channel, timezone.now())

    assert state(row) == ("sent", "")
    [shown] = world.seen()
    assert "WIF" in shown.title + shown.text


@pytest.mark.parametrize("channel", ALL)
def test_a_hostile_name_of_a_coin_does_no_harm(world: World, channel: Channel) -> None:
    message = MessageFactory(at=timezone.now(), asset="WIF", facts=facts(asset=HOSTILE))
    row = waiting(world, channel, message=message)

    run(channel, timezone.now())

    assert state(row) == ("sent", "")
    slack = next(one for one in world.receivers.all if hasattr(one, "mentions"))
    assert slack.mentions == []
    assert all(mail["Bcc"] is None for mail in world.receivers.mailboxes.mails.values())


@pytest.mark.parametrize("channel", HTTP)
def test_trouble_of_a_service_is_tried_again_and_passes(world: World, channel: Channel) -> None:
    spoiled = waiting(world, channel)
    world.receivers.board.add(Wish(kind=Kind.STATUS, status=502, times=1))

    run(channel, timezone.now())
    assert state(spoiled) == ("pending", "server")
    run(channel, timezone.now() + 10 * MINUTE)

    assert state(spoiled) == ("sent", "")


@pytest.mark.parametrize("channel", KEPT)
def test_when_one_channel_is_gone_the_next_one_tells(world: World, channel: Channel) -> None:
    row = waiting(world, channel, Channel.EMAIL)
    world.receivers.board.add(Wish(kind=Kind.STATUS, status=410, receiver=channel.value))

    run(channel, timezone.now())
    run(Channel.EMAIL, timezone.now())

    assert state(row) == ("sent", "")
    assert [shown.receiver for shown in world.seen()] == ["email"]
    tries = Attempt.objects.filter(delivery_id=row.pk).order_by("at")
    assert [one.outcome for one in tries] == ["permanent", "sent"]


@pytest.mark.parametrize("channel", [Channel.DISCORD, Channel.WEB_PUSH])
def test_a_follow_up_takes_the_place_of_its_opening(world: World, channel: Channel) -> None:
    opening = waiting(world, channel)
    run(channel, timezone.now())
    opening.refresh_from_db()
    told = facts(opportunity_id=opening.opportunity_id, old_net=0.0042, net=0.0055)
    better = MessageFactory(
        topic=Topic.IMPROVED, opening=opening.message, at=timezone.now(), facts=told,
        opportunity_id=opening.opportunity_id,
    )  # fmt: skip
    follow_up = waiting(world, channel, message=better, opening_id=opening.pk)

    run(channel, timezone.now())

    assert state(follow_up) == ("sent", "")
    assert len(world.seen()) == 1


def test_a_browser_that_left_is_not_asked_again(world: World) -> None:
    row = waiting(world, Channel.WEB_PUSH)
    push = next(one for one in world.receivers.all if hasattr(one, "browsers"))
    push.browsers["fox"].ended = True

    run(Channel.WEB_PUSH, timezone.now())

    assert state(row)[0] == "failed"
    address = Address.objects.get(channel=Channel.WEB_PUSH.value)
    assert (address.state, address.problem) == ("disabled", Code.GONE)


def test_a_message_to_the_metadata_server_stays_here(world: World, settings: Settings) -> None:
    settings.TRUSTED_RECEIVER_HOSTS = []
    inside = {"url": "https://169.254.169.254/latest/meta-data/", "secret": "of a webhook"}
    kept(world.person, Channel.WEBHOOK, inside)
    row = waiting(world, Channel.WEBHOOK)

    run(Channel.WEBHOOK, timezone.now())

    assert state(row) == ("failed", "private_address")
