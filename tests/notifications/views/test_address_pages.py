"""Pages of one address: its proof, log, secret and end; everybody else's are not found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from starlette.responses import JSONResponse

from accounts.models import User
from arbedge.names import Channel, Door
from notifications.addressing import address_rows, addresses, order
from notifications.models import Address
from notifications.names import AddressState
from notifications.receivers.webhooks import Webhooks
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.web import body, link_in, wrong
from tests.notifications.addressing.places import HOOK, kept
from tests.notifications.channels.outgoing import Receiving, receiving
from tests.notifications.views.pages import PAGE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site")]


@pytest.fixture
def server(settings: Any) -> Iterator[Receiving[Webhooks]]:
    """A webhook's own server."""
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1"]
    with receiving(Webhooks) as served:
        yield served


def add_mailbox(client: Client) -> Any:
    return client.post(f"{PAGE}email/add", {"email": "ada@elsewhere.example"}, follow=True)


def add_webhook(client: Client, server: Receiving[Webhooks], **more: str) -> Any:
    return client.post(f"{PAGE}webhook/add", {"url": f"{server.url}/hooks/ada", **more})


def mailed_code() -> str:
    found = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body))
    assert found is not None
    return found[0]


def row() -> Address:
    return Address.objects.get()


def test_a_mailbox_is_sent_its_code_at_once_and_proven_by_it(client: Client, ada: User) -> None:
    assert "We sent a mail there" in body(add_mailbox(client))
    said = client.post(f"{PAGE}{row().pk}/proof", {"code": mailed_code()}, follow=True)
    assert "is verified and used from now on" in body(said)
    assert row().state == AddressState.ACTIVE


def test_a_wrong_code_is_told_beside_its_field(client: Client, ada: User) -> None:
    add_mailbox(client)
    other = f"{(int(mailed_code()) + 1) % 1_000_000:06d}"
    answer = client.post(f"{PAGE}{row().pk}/proof", {"code": other})
    assert "4 tries are left" in wrong(answer)
    assert row().state == AddressState.UNVERIFIED


def test_a_new_code_is_sent_when_asked_for_and_not_too_often(client: Client, ada: User) -> None:
    add_mailbox(client)
    for _ in range(4):
        client.post(f"{PAGE}{row().pk}/proof/send")
    assert len(mail.outbox) == 5
    said = body(client.post(f"{PAGE}{row().pk}/proof/send", follow=True))
    assert "That was often. Try again in" in said
    assert len(mail.outbox) == 5


def test_a_code_asked_for_before_any_was_sent_is_told(client: Client, ada: User) -> None:
    waits = kept(ada, Channel.EMAIL, {"email": "x@example.org"}, AddressState.UNVERIFIED)
    assert "Nothing is on its way" in body(client.get(f"{PAGE}{waits.pk}/proof"))
    answer = client.post(f"{PAGE}{waits.pk}/proof", {"code": "123456"})
    assert "Ask for a code first" in body(answer)


def test_a_mail_server_that_is_down_is_told_and_the_address_waits(
    client: Client, ada: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1
    said = body(add_mailbox(client))
    assert 'class="note error"' in said
    assert "Send a code" in said
    assert row().state == AddressState.UNVERIFIED


def test_the_link_in_a_mail_asks_and_its_press_proves(client: Client, ada: User) -> None:
    add_mailbox(client)
    path = link_in(str(mail.outbox[-1].body)).removeprefix("http://testserver")
    stranger = Client()
    asked = body(stranger.get(path))
    assert "Send messages to a…@elsewhere.example?" in asked
    assert "“Ada”" in asked
    assert row().state == AddressState.UNVERIFIED
    assert "is verified" in body(stranger.post(path))
    assert row().state == AddressState.ACTIVE
    assert "was used" in body(stranger.post(path))


def test_a_link_is_pressed_on_our_page_only(client: Client, ada: User) -> None:
    add_mailbox(client)
    path = link_in(str(mail.outbox[-1].body)).removeprefix("http://testserver")
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert row().state == AddressState.UNVERIFIED


@pytest.mark.parametrize("token", ["", "?token=", "?token=forged", "?token=a:b:c"])
def test_forged_links_prove_nothing(client: Client, token: str) -> None:
    answer = client.get(f"/confirm{token}")
    assert answer.status_code == 400
    assert "not one of ours" in body(answer)


def test_a_webhooks_secret_is_shown_once_and_known_before_the_challenge(
    client: Client, ada: User, server: Receiving[Webhooks]
) -> None:
    shown = body(add_webhook(client, server))
    secret = address_rows.opened(row())["secret"]
    assert secret in shown
    assert not server.calls
    assert secret not in body(client.get(f"{PAGE}{row().pk}/log"))
    server.fake.secrets["ada"] = secret
    said = body(client.post(f"{PAGE}{row().pk}/proof/send", follow=True))
    assert "is verified and used from now on" in said
    assert order.of(ada) == (Channel.TELEGRAM, Channel.WEBHOOK)


def test_a_webhook_without_the_secret_is_told_how_it_refused(
    client: Client, ada: User, server: Receiving[Webhooks]
) -> None:
    add_webhook(client, server)
    server.fake.secrets["ada"] = "another secret"
    said = body(client.post(f"{PAGE}{row().pk}/proof/send", follow=True))
    assert "answered 401" in said
    assert row().state == AddressState.UNVERIFIED


def test_a_webhook_that_cannot_echo_is_proven_by_the_code_it_got(
    client: Client, ada: User, server: Receiving[Webhooks]
) -> None:
    add_webhook(client, server)
    server.fake.prepared.append(JSONResponse({"ok": True}))
    said = body(client.post(f"{PAGE}{row().pk}/proof/send", follow=True))
    assert "Find the code in what it got" in said
    code = json.loads(server.calls[0].text)["data"]["code"]
    client.post(f"{PAGE}{row().pk}/proof", {"code": code})
    assert row().state == AddressState.ACTIVE


def test_a_new_secret_is_asked_about_shown_once_and_signs_from_then_on(
    client: Client, ada: User
) -> None:
    hook = kept(ada, Channel.WEBHOOK, HOOK)
    assert "A new secret for" in body(client.get(f"{PAGE}{hook.pk}/secret"))
    assert address_rows.opened(row())["secret"] == HOOK["secret"]
    shown = body(client.post(f"{PAGE}{hook.pk}/secret"))
    fresh = address_rows.opened(row())["secret"]
    assert fresh != HOOK["secret"]
    assert fresh in shown
    assert address_rows.opened(row())["url"] == HOOK["url"]


def test_a_disabled_address_is_enabled_and_one_never_proven_is_sent_its_code(
    client: Client, ada: User
) -> None:
    kept(ada, Channel.EMAIL, {"email": "x@example.org"}, AddressState.DISABLED, verified_at=None)
    said = body(client.post(f"{PAGE}{row().pk}/enable", follow=True))
    assert "We sent a mail there" in said
    Address.objects.update(state=AddressState.DISABLED, verified_at=NOON)
    said = body(client.post(f"{PAGE}{row().pk}/enable", follow=True))
    assert "is used again" in said
    assert row().state == AddressState.ACTIVE


def test_who_unblocked_the_bot_enables_it_here(client: Client, ada: User) -> None:
    addresses.disable("blocked", recipient_id=ada.pk, channel=Channel.TELEGRAM)
    assert "You blocked it" in body(client.get(PAGE))
    client.post(f"{PAGE}{row().pk}/enable")
    assert row().state == AddressState.ACTIVE


def test_removing_asks_first(client: Client, ada: User) -> None:
    hook = kept(ada, Channel.WEBHOOK, HOOK)
    assert "Nothing is sent there any more" in body(client.get(f"{PAGE}{hook.pk}/remove"))
    assert Address.objects.exists()
    said = body(client.post(f"{PAGE}{hook.pk}/remove", follow=True))
    assert "is removed" in said
    assert not Address.objects.exists()


def test_removing_the_last_address_of_a_channel_leaves_it(client: Client, ada: User) -> None:
    hook = kept(ada, Channel.WEBHOOK, HOOK)
    order.use(ada, Channel.WEBHOOK, door=Door.WEB)
    client.post(f"{PAGE}{hook.pk}/remove")
    assert order.of(ada) == (Channel.TELEGRAM,)


@pytest.mark.parametrize("path", ["proof", "proof/send", "enable", "remove", "log", "secret"])
def test_what_is_somebody_elses_is_not_found(client: Client, ada: User, path: str) -> None:
    eve = UserFactory()
    hers = kept(eve, Channel.WEBHOOK, HOOK, AddressState.DISABLED)
    for answer in (client.get(f"{PAGE}{hers.pk}/{path}"), client.post(f"{PAGE}{hers.pk}/{path}")):
        assert answer.status_code in {404, 405}
    assert client.post(f"{PAGE}{hers.pk}/{path}", {"code": "123456"}).status_code in {404, 405}
    held = row()
    assert (held.state, held.sealed) == (AddressState.DISABLED, hers.sealed)


def test_only_a_webhook_has_a_log_and_a_secret(client: Client, ada: User) -> None:
    mailbox = kept(ada, Channel.EMAIL, {"email": "x@example.org"})
    assert client.get(f"{PAGE}{mailbox.pk}/log").status_code == 404
    assert client.post(f"{PAGE}{mailbox.pk}/secret").status_code == 404
