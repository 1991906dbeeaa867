"""Forms that add a channel: which are offered, what they refuse, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from arbedge.names import Channel
from notifications.models import Address
from tests.accounts.web import SCRIPT, body, wrong
from tests.notifications.addressing.places import HOOK, kept
from tests.notifications.views.pages import PAGE, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site")]
URL = "https://93.184.216.34/hook"


@pytest.fixture
def texting(settings: Any) -> None:
    """This site can send text messages."""
    settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN, settings.TWILIO_FROM = "AC1", "token", "+1"


@pytest.mark.usefixtures("texting")
@pytest.mark.parametrize(
    ("channel", "told", "said"),
    [
        ("email", {"email": "nobody"}, "no e-mail address"),
        ("email", {"email": ""}, "required"),
        ("email", {"email": "ADA@example.org"}, "account&#x27;s e-mail already"),
        ("email", {"email": "x" * 400 + "@example.org"}, "at most 320"),
        ("webhook", {"url": "http://93.184.216.34/"}, "must begin with https"),
        ("webhook", {"url": "https://169.254.169.254/"}, "not on the public internet"),
        ("webhook", {"url": URL, "bearer": "b\u00e4r"}, "plain letters"),
        ("webhook", {"url": URL, "bearer": "x", "username": "y"}, "not both"),
        ("webhook", {"url": URL, "password": "x"}, "needs a user name"),
        ("webhook", {"url": URL, "bearer": "x" * 1001}, "too long"),
        ("slack", {"url": "https://evil.example/services/T/B/x"}, "hooks.slack.com"),
        ("discord", {"url": "https://evil.example/api/webhooks/1/x"}, "discord.com"),
        ("sms", {"number": "0770 0900"}, "country code"),
        ("custom", {"url": "file:///etc/passwd"}, ""),
        ("webhook", {"url": f"https://{SCRIPT}/"}, "no address on the web"),
    ],
)
def test_what_cannot_be_taken_is_told_and_not_kept(
    client: Client, ada: User, channel: str, told: dict[str, str], said: str
) -> None:
    answer = client.post(f"{PAGE}{channel}/add", told)
    assert said in wrong(answer)
    assert wrong(answer)
    assert SCRIPT not in body(answer)
    assert not Address.objects.exists()


def test_credentials_never_come_back_in_a_refused_form(client: Client, ada: User) -> None:
    told = {"url": "nonsense", "bearer": "bearer-of-the-hook", "password": "pass-of-the-hook"}
    shown = body(client.post(f"{PAGE}webhook/add", told))
    assert "bearer-of-the-hook" not in shown
    assert "pass-of-the-hook" not in shown
    assert 'value="nonsense"' in shown


@pytest.mark.usefixtures("texting")
def test_only_what_this_site_can_send_by_is_offered(
    client: Client, ada: User, settings: Any
) -> None:
    settings.APPRISE_SCHEMES = ["pover"]
    assert {"SMS", "Other service"} <= summaries(page(client))
    settings.TWILIO_TOKEN, settings.APPRISE_SCHEMES = "", []
    assert summaries(page(client)) == {"E-mail", "Webhook", "Slack", "Discord"}


def test_a_channel_that_has_its_address_is_not_offered_again(client: Client, ada: User) -> None:
    kept(ada, Channel.WEBHOOK, HOOK)
    assert "Webhook" not in summaries(page(client))
    assert "remove it first" in wrong(client.post(f"{PAGE}webhook/add", {"url": URL}))


def test_what_is_not_offered_cannot_be_added(client: Client, ada: User, settings: Any) -> None:
    settings.TWILIO_TOKEN = ""
    answer = client.post(f"{PAGE}sms/add", {"number": "+447700900123"})
    assert answer.status_code == 404


def summaries(shown: str) -> set[str]:
    """The channels a page offers to add."""
    return {part.partition("<")[0] for part in shown.split("<summary>")[1:]}
