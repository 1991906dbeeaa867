"""Proofs on their way: to every kind of channel, and back in a webhook's own answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from accounts.models import User
from arbedge.names import Channel, Door
from notifications.addressing import addresses, proofs
from notifications.models import Address, Verification
from notifications.names import AddressState
from notifications.receivers.discord import Discord
from notifications.receivers.slack import Slack
from notifications.receivers.twilio import Twilio
from notifications.receivers.webhooks import Webhooks
from tests.notifications.addressing.places import kept
from tests.notifications.addressing.proving import confirm, start, state
from tests.notifications.channels.outgoing import Receiving, receiving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache", "site")]
UNVERIFIED = AddressState.UNVERIFIED


@pytest.fixture
def server(settings: Any) -> Iterator[Receiving[Webhooks]]:
    """A webhook's own server."""
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    with receiving(Webhooks) as served:
        yield served


@pytest.fixture
def hook(ada: User, server: Receiving[Webhooks]) -> Address:
    """A webhook of Ada's that waits to be verified."""
    return addresses.add(ada, Channel.WEBHOOK, {"url": f"{server.url}/hooks/ada"}, door=Door.WEB)


def test_a_channel_that_does_not_take_the_code_says_so_and_nothing_waits(
    ada: User, mailbox: Address, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1
    with pytest.raises(proofs.Unproven) as told:
        start(ada, mailbox)
    assert "cannot be reached" in told.value.message or "failure" in told.value.message
    assert not Verification.objects.exists()


def test_a_webhook_proves_itself_by_its_answer(
    ada: User, hook: Address, server: Receiving[Webhooks]
) -> None:
    assert start(ada, hook).done
    assert state(hook) == AddressState.ACTIVE
    [call] = server.calls
    assert call.status == 200
    assert Verification.objects.get().used_at is not None


def test_a_challenge_may_come_back_as_plain_text(
    ada: User, hook: Address, server: Receiving[Webhooks]
) -> None:
    challenge = "A" * 32
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("notifications.addressing.proofs.secrets.token_urlsafe", lambda _: challenge)
        server.fake.prepared.append(PlainTextResponse(f"{challenge}\n"))
        assert start(ada, hook).done


@pytest.mark.parametrize(
    "answer",
    [JSONResponse({"challenge": "another"}), JSONResponse([1]), PlainTextResponse("ok"),
     Response(b"\xff\xfe", 200)],
)  # fmt: skip
def test_a_webhook_that_only_takes_the_challenge_has_a_code_to_type(
    ada: User, hook: Address, server: Receiving[Webhooks], answer: Response
) -> None:
    server.fake.prepared.append(answer)
    assert not start(ada, hook).done
    assert state(hook) == UNVERIFIED
    code = json.loads(server.calls[0].text)["data"]["code"]
    assert confirm(ada, hook, code).state == AddressState.ACTIVE


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Response(status_code=404), "answered 404"),
        (Response(status_code=500), "answered 500"),
        (Response(status_code=401), "credentials"),
        (RedirectResponse("http://169.254.169.254/latest"), "Redirects are not followed"),
    ],
)
def test_a_webhook_that_fails_is_told_how(
    ada: User, hook: Address, server: Receiving[Webhooks], answer: Response, said: str
) -> None:
    server.fake.prepared.append(answer)
    with pytest.raises(proofs.Unproven, match=said):
        start(ada, hook)
    assert state(hook) == UNVERIFIED
    assert not Verification.objects.exists()


def test_a_webhook_that_moved_inside_meanwhile_is_not_asked(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, {"url": "https://10.0.0.1/", "secret": "s" * 30}, UNVERIFIED)
    with pytest.raises(proofs.Unproven, match="public internet"):
        start(ada, row)


ACCOUNT, TOKEN = "AC" + 32 * "0", "token"


@contextmanager
def provider(channel: Channel, settings: Any) -> Iterator[tuple[Receiving[Any], dict[str, str]]]:
    """A channel's provider, and an address of Ada's there."""
    makers: dict[Channel, tuple[Any, str]] = {
        Channel.SLACK: (Slack, "/services/T000/B000/ada"),
        Channel.DISCORD: (Discord, "/api/webhooks/1/ada"),
        Channel.SMS: (lambda book, board: Twilio(book, board, ACCOUNT, TOKEN), ""),
    }
    make, path = makers[channel]
    with receiving(make) as served:
        settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
        settings.TWILIO_API_URL, settings.TWILIO_FROM = served.url, "+15005550006"
        settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN = ACCOUNT, TOKEN
        raw = {"url": f"{served.url}{path}"} if path else {"number": "+447700900123"}
        yield served, raw


@pytest.mark.parametrize("channel", [Channel.SLACK, Channel.DISCORD, Channel.SMS])
def test_a_code_reaches_every_kind_of_channel(ada: User, settings: Any, channel: Channel) -> None:
    with provider(channel, settings) as (served, raw):
        row = addresses.add(ada, channel, raw, door=Door.WEB)
        assert not start(ada, row).done
        [call] = served.calls
        code = re.search(r"(?<!\d)\d{6}(?!\d)", call.text or str(call.data))
    assert code is not None
    assert confirm(ada, row, code[0]).state == AddressState.ACTIVE


@pytest.mark.parametrize("channel", [Channel.SLACK, Channel.DISCORD, Channel.SMS])
def test_a_provider_that_fails_is_told_in_words(ada: User, settings: Any, channel: Channel) -> None:
    with provider(channel, settings) as (served, raw):
        row = addresses.add(ada, channel, raw, door=Door.WEB)
        served.fail(status=503)
        with pytest.raises(proofs.Unproven, match="failure of its own"):
            start(ada, row)
    assert not Verification.objects.exists()


def test_a_channel_that_is_not_set_up_says_so(ada: User, settings: Any) -> None:
    settings.TWILIO_TOKEN = ""
    row = addresses.add(ada, Channel.SMS, {"number": "+447700900123"}, door=Door.WEB)
    with pytest.raises(proofs.Unproven, match="not set up here"):
        start(ada, row)
