"""A browser subscribes itself to web push, and is forgotten when it says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from arbedge.names import Channel
from notifications.addressing import address_rows, addresses, order
from notifications.channels import vapid
from notifications.models import Address
from notifications.names import AddressState
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, log_in

pytestmark = pytest.mark.django_db
KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-"
    "AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
BROWSER = {"endpoint": "https://93.184.216.34/push/ada", "expirationTime": None, "keys": KEYS}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada(client: Client) -> User:
    user = UserFactory()
    log_in(client, user)
    return user


def tell(client: Client, what: str, told: object = BROWSER) -> Any:
    """Posts what a browser says of itself."""
    data = told if isinstance(told, bytes) else json.dumps(told).encode()
    return client.post(f"/account/channels/push/{what}", data, content_type="application/json")


def test_a_subscription_is_used_at_once_for_its_owner_subscribed_it(
    client: Client, ada: User
) -> None:
    assert tell(client, "on").status_code == 201
    row = Address.objects.get()
    assert (row.state, row.recipient_id) == (AddressState.ACTIVE, ada.pk)
    assert address_rows.opened(row)["endpoint"] == BROWSER["endpoint"]
    assert order.of(ada) == (Channel.TELEGRAM, Channel.WEB_PUSH)
    assert KEYS["auth"] not in row.sealed


def test_subscribing_twice_keeps_one(client: Client, ada: User) -> None:
    tell(client, "on")
    assert tell(client, "on").status_code == 201
    assert Address.objects.count() == 1


def test_every_browser_is_one_of_its_own(client: Client, ada: User) -> None:
    tell(client, "on")
    tell(client, "on", BROWSER | {"endpoint": "https://93.184.216.34/push/phone"})
    assert Address.objects.count() == 2


def test_a_browser_is_forgotten_when_it_says_so(client: Client, ada: User) -> None:
    tell(client, "on")
    assert tell(client, "off").status_code == 200
    assert not Address.objects.exists()
    assert order.of(ada) == (Channel.TELEGRAM,)


def test_forgetting_what_is_not_there_is_no_failure(client: Client, ada: User) -> None:
    assert tell(client, "off").status_code == 200


def test_nobody_ends_somebody_elses_subscription(client: Client, ada: User) -> None:
    tell(client, "on")
    stranger = Client()
    log_in(stranger, UserFactory())
    assert tell(stranger, "off").status_code == 200
    assert Address.objects.get().recipient_id == ada.pk


@pytest.mark.parametrize(
    "told",
    [
        b"", b"nonsense", b"[]", b"\xff\xfe", b"{}", b'{"endpoint": 7}', b"{" * 9000,
        json.dumps(BROWSER | {"pad": "x" * 9000}).encode(),
    ],
)  # fmt: skip
def test_what_no_browser_says_is_refused(client: Client, ada: User, told: bytes) -> None:
    for what in ("on", "off"):
        answer = tell(client, what, told)
        assert answer.status_code == 400
        assert answer.json()["code"] == "bad_subscription"


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://93.184.216.34/push"}, {"endpoint": "https://10.0.0.1/push"},
        {"endpoint": "javascript:alert(1)"}, {"endpoint": ""}, {"keys": {}}, {"keys": None},
        {"keys": KEYS | {"auth": "short"}}, {"keys": KEYS | {"p256dh": "AAAA"}},
    ],
)  # fmt: skip
def test_a_subscription_that_cannot_be_is_refused_in_words(
    client: Client, ada: User, change: dict[str, Any]
) -> None:
    answer = tell(client, "on", BROWSER | change)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert not Address.objects.exists()


def test_there_is_an_end_to_how_many_browsers_one_has(client: Client, ada: User) -> None:
    for number in range(addresses.MOST):
        tell(client, "on", BROWSER | {"endpoint": f"https://93.184.216.34/push/{number}"})
    answer = tell(client, "on")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many")


def test_the_worker_is_served_from_the_root_and_never_stale(client: Client) -> None:
    answer = client.get("/push-worker.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert (answer["Service-Worker-Allowed"], answer["Cache-Control"]) == ("/", "no-cache")
    assert 'addEventListener("push"' in body(answer)


def test_the_page_names_the_sites_public_key(client: Client, ada: User, settings: Any) -> None:
    assert f'data-key="{vapid.public_key()}"' in body(client.get("/account/channels/"))
    settings.VAPID_PRIVATE_KEY = ""
    shown = body(client.get("/account/channels/"))
    assert "not set up on this site" in shown
    assert "push.js" not in shown
