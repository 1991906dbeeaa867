"""The page of a webhook: what was sent to it, and how its server knows that it is us."""

from __future__ import annotations

import html
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from arbedge.names import Channel
from notifications import signing
from notifications.models import Address, Attempt
from notifications.names import Outcome, Recipient, Topic
from notifications.sending import deliveries_of
from tests.accounts.web import body
from tests.notifications.addressing.places import HOOK, kept
from tests.notifications.factories import DeliveryFactory, DeliveryLogFactory, MessageFactory
from tests.notifications.views.pages import PAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site")]


def attempt(hook: Address, minutes_ago: int, **more: Any) -> Attempt:
    """One try on a webhook."""
    usual: dict[str, Any] = {
        "delivery_id": 1, "recipient": Recipient.USER, "recipient_id": hook.recipient_id,
        "address_id": hook.pk, "channel": hook.channel, "outcome": Outcome.SENT,
        "at": datetime.now(UTC) - timedelta(minutes=minutes_ago), "took_ms": 83.6,
    }  # fmt: skip
    return Attempt(**usual | more)


def logged_hook(user: User) -> Address:
    """A webhook that is a day old."""
    hook = kept(user, Channel.WEBHOOK, HOOK)
    Address.objects.filter(pk=hook.pk).update(created_at=datetime.now(UTC) - timedelta(days=1))
    hook.refresh_from_db()
    return hook


def test_the_log_tells_what_was_sent_and_what_was_answered(client: Client, ada: User) -> None:
    hook = logged_hook(ada)
    delivery = DeliveryFactory(recipient_id=ada.pk)
    said = {"outcome": Outcome.RETRY, "code": "server", "detail": "HTTP 503: <b>down</b>"}
    Attempt.objects.bulk_create([attempt(hook, 3, delivery_id=delivery.pk, **said)])
    shown = body(client.get(f"{PAGE}{hook.pk}/log"))
    assert "HTTP 503: &lt;b&gt;down&lt;/b&gt;" in shown
    assert "opened" in shown
    assert "84 ms" in shown
    assert "retry" in shown


def test_the_log_finds_topics_in_queue_and_log_and_says_when_it_does_not_know(
    ada: User,
) -> None:
    hook = logged_hook(ada)
    now = datetime.now(UTC)
    queued = DeliveryFactory(message=MessageFactory(topic=Topic.ALERT))
    logged = DeliveryLogFactory(topic=Topic.CLOSED, settled_at=now)
    Attempt.objects.bulk_create([
        attempt(hook, 1, delivery_id=queued.pk), attempt(hook, 2, delivery_id=logged.id),
        attempt(hook, 3, delivery_id=404),
    ])  # fmt: skip
    assert [one.topic for one in deliveries_of.attempts(hook)] == ["alert", "closed", ""]


def test_the_log_shows_the_newest_fifty_of_this_address_only(ada: User) -> None:
    hook = logged_hook(ada)
    Attempt.objects.bulk_create(
        [attempt(hook, number) for number in range(60)]
        + [attempt(hook, 0, address_id=hook.pk + 1), attempt(hook, 0, recipient_id=1)]
    )
    shown = deliveries_of.attempts(hook)
    assert len(shown) == deliveries_of.SHOWN
    assert shown == sorted(shown, key=lambda one: one.at, reverse=True)


def test_the_page_explains_how_to_check_a_signature_as_we_make_it(
    client: Client, ada: User
) -> None:
    """The code on the page is run: it takes our signature and refuses a changed body."""
    shown = body(client.get(f"{PAGE}{logged_hook(ada).pk}/log"))
    code = html.unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", shown, re.DOTALL)[0])
    told: dict[str, Any] = {}
    exec(code, told)
    header = signing.sign("secret", b"{}", time.time())
    assert told["is_ours"]("secret", header, b"{}")
    assert not told["is_ours"]("secret", header, b"{ }")
    assert not told["is_ours"]("another", header, b"{}")
    assert not told["is_ours"]("secret", signing.sign("secret", b"{}", time.time() - 400), b"{}")
