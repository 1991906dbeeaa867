"""Web pushes, read by browsers behind a push service that checks what real ones check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from django.utils import timezone
from pytest_django import Settings

from arbedge.errors import BadInput, NoData
from arbedge.http import RefusedAddress
from notifications.channels import base, vapid, web_push
from notifications.channels.web_push import sender
from notifications.codes import Code
from notifications.names import Outcome, Priority
from notifications.receivers.book import Call
from notifications.receivers.faults import Kind
from notifications.receivers.push import PushService
from tests.notifications.channels.outgoing import (
    OPEN,
    Receiving,
    outgoing,
    receiving,
    send,
    send_one,
)

Service = Receiving[PushService]
ENDPOINT = "https://push.example.com/send/abc"


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    with receiving(PushService) as server:
        yield server


@pytest.fixture
def browser(service: Service) -> Mapping[str, Any]:
    """The address of a browser that wants our pushes only."""
    return sender.take(service.fake.subscribe(service.url, "firefox", web_push.public_key()))


def read(call: Call) -> dict[str, Any]:
    """What the browser read."""
    return msgspec.json.decode(call.text, type=dict[str, Any])


def headers(service: Service) -> dict[str, str]:
    """Those of the last push."""
    found: dict[str, str] = service.calls[-1].data["headers"]
    return found


def test_the_channel_finds_its_sender() -> None:
    assert base.sender(sender.channel) is sender


def test_a_push_is_read_by_the_browser(service: Service, browser: Mapping[str, Any]) -> None:
    result = send_one(sender, browser, actions=(OPEN,))

    assert result.outcome is Outcome.SENT
    [call] = service.calls
    assert read(call) == {
        "title": "WIF funding +0.42 % net in 72 h",
        "body": "Long OKX\nShort Bybit\nCosts 0.23 %",
        "url": OPEN.url,
        "tag": result.provider_id,
        "silent": False,
    }


def test_a_push_without_an_action_opens_the_site(
    service: Service, browser: Mapping[str, Any], settings: Settings
) -> None:
    send_one(sender, browser)

    assert read(service.calls[0])["url"] == settings.SITE_URL


def test_a_follow_up_takes_the_place_of_its_opening(
    service: Service, browser: Mapping[str, Any]
) -> None:
    opening = send_one(sender, browser).provider_id

    [result] = send(sender, outgoing(browser, number=2, replaces=opening))

    assert result.provider_id == opening
    assert read(service.calls[1])["tag"] == headers(service)["topic"] == opening
    assert len(service.fake.book.shown) == 1


def test_two_messages_stand_side_by_side(service: Service, browser: Mapping[str, Any]) -> None:
    first, second = send(sender, outgoing(browser), outgoing(browser, number=2))

    assert first.provider_id != second.provider_id


def test_an_id_of_another_channel_is_no_tag(service: Service, browser: Mapping[str, Any]) -> None:
    [result] = send(sender, outgoing(browser, replaces="<a@b>\r\nX: 1"))

    assert result.outcome is Outcome.SENT
    assert len(result.provider_id) == 32


@pytest.mark.parametrize(
    ("left", "ttl_s"),
    [
        (None, 86_400), (timedelta(hours=2), 7_200), (timedelta(days=90), 2_419_200),
        (timedelta(seconds=-5), 60),
    ],
)  # fmt: skip
def test_a_push_lives_as_long_as_its_message(
    service: Service, browser: Mapping[str, Any], left: timedelta | None, ttl_s: int
) -> None:
    send_one(sender, browser, expires_at=left and timezone.now() + left)

    assert abs(int(headers(service)["ttl"]) - ttl_s) <= 60


@pytest.mark.parametrize(
    ("priority", "urgency"),
    [(Priority.CRITICAL, "high"), (Priority.MEDIUM, "normal"), (Priority.BACKGROUND, "very-low")],
)
def test_urgency_follows_the_priority(
    service: Service, browser: Mapping[str, Any], priority: Priority, urgency: str
) -> None:
    send_one(sender, browser, priority=priority)

    assert headers(service)["urgency"] == urgency


def test_a_very_long_text_is_shortened_to_what_a_push_carries(
    service: Service, browser: Mapping[str, Any]
) -> None:
    result = send_one(sender, browser, title=10_000 * "ü", body=10_000 * "🟢 ")

    assert result.outcome is Outcome.SENT
    assert read(service.calls[0])["body"].endswith("…")


def test_a_browser_of_another_site_does_not_take_our_pushes(service: Service) -> None:
    subscription = service.fake.subscribe(service.url, "chrome", server_key="somebody-elses")

    result = send_one(sender, sender.take(subscription))

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.UNAUTHORISED)


def test_keys_of_another_browser_read_nothing(service: Service, browser: Mapping[str, Any]) -> None:
    other = sender.take(service.fake.subscribe(service.url, "other"))

    result = send_one(sender, {**other, "endpoint": browser["endpoint"]})

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.REFUSED)


def test_a_browser_can_be_opened_by_asking(service: Service) -> None:
    said = httpx.post(f"{service.url}/push", params={"key": web_push.public_key()})

    assert send_one(sender, sender.take(said.json())).outcome is Outcome.SENT


def test_a_subscription_that_ended_is_gone(service: Service, browser: Mapping[str, Any]) -> None:
    service.fake.browsers["firefox"].ended = True

    result = send_one(sender, browser)

    assert (result.outcome, result.code, result.gone) == (Outcome.PERMANENT, Code.GONE, True)


def test_a_subscription_nobody_knows_is_gone(service: Service, browser: Mapping[str, Any]) -> None:
    service.fake.browsers.clear()

    assert send_one(sender, browser).gone


@pytest.mark.parametrize(
    ("status", "outcome", "code"),
    [
        (413, Outcome.PERMANENT, Code.TOO_LONG),
        (400, Outcome.PERMANENT, Code.REFUSED),
        (502, Outcome.RETRY, Code.SERVER),
    ],
)
def test_other_answers_mean_what_they_mean_everywhere(
    service: Service, browser: Mapping[str, Any], status: int, outcome: Outcome, code: Code
) -> None:
    service.fail(status=status)

    result = send_one(sender, browser)

    assert (result.outcome, result.code, result.gone) == (outcome, code, False)


def test_a_busy_service_says_when_to_come_back(
    service: Service, browser: Mapping[str, Any]
) -> None:
    service.fail(Kind.FLOOD, retry_after_s=9)

    result = send_one(sender, browser)

    assert (result.code, result.retry_after_s) == (Code.RATE_LIMITED, 9.0)


def test_without_a_key_nothing_is_sent_and_it_is_said(
    service: Service, browser: Mapping[str, Any], settings: Settings
) -> None:
    settings.VAPID_PRIVATE_KEY = ""

    result = send_one(sender, browser)

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.NOT_CONFIGURED)
    assert service.calls == []
    with pytest.raises(NoData):
        web_push.public_key()


def test_a_key_of_the_wrong_length_is_refused(settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY = vapid.encoded(31 * b"k")

    with pytest.raises(ValueError, match="32 bytes"):
        web_push.public_key()


def test_the_public_key_is_a_point_browsers_take() -> None:
    point = vapid.decoded(web_push.public_key())

    assert (len(point), point[0]) == (65, 4)


def test_an_endpoint_inside_is_refused_when_it_is_saved(service: Service) -> None:
    subscription = service.fake.subscribe("https://169.254.169.254", "firefox")

    with pytest.raises(RefusedAddress):
        sender.take(subscription)


def test_an_endpoint_inside_is_refused_when_it_is_used(browser: Mapping[str, Any]) -> None:
    result = send_one(sender, {**browser, "endpoint": "https://localhost/push/x"})

    assert (result.outcome, result.code) == (Outcome.PERMANENT, Code.PRIVATE_ADDRESS)


@pytest.mark.parametrize(
    ("change", "field", "limit"),
    [
        ({"endpoint": "nonsense"}, "endpoint", None),
        ({"p256dh": ""}, "p256dh", 65),
        ({"p256dh": "%%%"}, "p256dh", None),
        ({"p256dh": vapid.encoded(b"\x04" + 64 * b"x")}, "p256dh", None),
        ({"auth": vapid.encoded(b"short")}, "auth", 16),
        ({"auth": 5000 * "A"}, "auth", 16),
    ],
)
def test_bad_input_names_field_and_limit(
    browser: Mapping[str, Any], change: dict[str, str], field: str, limit: int | None
) -> None:
    with pytest.raises(BadInput) as error:
        sender.take({**browser, "endpoint": ENDPOINT, **change})

    assert error.value.details["field"] == field
    assert error.value.details.get("limit") == limit


def test_keys_may_be_padded_and_in_the_other_alphabet(browser: Mapping[str, Any]) -> None:
    padded = {
        name: browser[name].replace("-", "+").replace("_", "/") + "=" for name in ("p256dh", "auth")
    }

    assert sender.take({**browser, **padded}) == browser


def test_keys_and_endpoints_are_not_shown(browser: Mapping[str, Any]) -> None:
    message = outgoing({**browser, "endpoint": ENDPOINT})

    assert browser["auth"] not in repr(message)
    assert sender.shown(message.address) == "push.example.com …/abc"
    assert sender.host(message.address) == "push.example.com"
