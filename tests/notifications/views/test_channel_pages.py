"""My page of channels: what it shows, what can be pressed there, and by nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import preferences
from accounts.models import User
from arbedge.names import Channel, Door
from notifications.addressing import address_rows, order, suppressions, trying
from notifications.models import Address, Attempt, Delivery, Message
from notifications.names import AddressState, Outcome, Recipient, Topic
from tests.accounts.factories import NOON, SessionFactory, UserFactory
from tests.accounts.web import body, log_in
from tests.notifications.addressing.places import HOOK, kept
from tests.notifications.views.pages import PAGE, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("site")]
URL = "https://93.184.216.34/hook"


def press(client: Client, channel: str, deed: str) -> str:
    """Presses a button beside a channel; what the page says then."""
    answer = client.post(f"{PAGE}{channel}/{deed}", follow=True)
    assert answer.status_code == 200
    return body(answer)


def chosen(user: User, *channels: Channel) -> None:
    preferences.change(user.pk, {"channels": [one.value for one in channels]}, door=Door.WEB)


def test_visitors_are_led_to_the_log_in(client: Client) -> None:
    for path in (PAGE, f"{PAGE}1/proof", f"{PAGE}1/log", f"{PAGE}1/remove", f"{PAGE}1/secret"):
        assert client.get(path)["Location"].startswith("/login?next=")
    for path in (f"{PAGE}email/add", f"{PAGE}email/test", f"{PAGE}push/on", f"{PAGE}1/enable"):
        assert client.post(path)["Location"].startswith("/login")
    assert not Address.objects.exists()


def test_the_page_is_one_of_the_accounts_and_is_kept_by_no_cache(client: Client, ada: User) -> None:
    assert f'<a href="{PAGE}" aria-current="page">Channels</a>' in page(client)
    assert f'<a href="{PAGE}">Channels</a>' in body(client.get("/account/preferences"))
    assert "no-store" in client.get(PAGE)["Cache-Control"]


def test_what_comes_with_the_account_is_there_without_being_added(
    client: Client, ada: User
) -> None:
    shown = page(client)
    assert "1. Telegram" in shown
    assert "@ada" in shown
    assert "ada@example.org" in shown
    assert shown.count("● from your account") == 2


def test_channels_stand_in_the_persons_order(client: Client, ada: User) -> None:
    kept(ada, Channel.WEBHOOK, HOOK)
    chosen(ada, Channel.WEBHOOK, Channel.TELEGRAM)
    shown = page(client)
    assert shown.index("1. Webhook") < shown.index("2. Telegram") < shown.index("E-mail <span")


@pytest.mark.parametrize(
    ("state", "problem", "said"),
    [
        (AddressState.UNVERIFIED, "", "not verified yet"),
        (AddressState.DISABLED, "unreachable", "disabled: failed too often"),
        (AddressState.DISABLED, "gone", "Remove it, and add a new one"),
        (AddressState.DISABLED, "something_new", "disabled: something new"),
    ],
)
def test_every_state_is_told_in_words(
    client: Client, ada: User, state: AddressState, problem: str, said: str
) -> None:
    kept(ada, Channel.WEBHOOK, HOOK, state, problem=problem)
    chosen(ada, Channel.WEBHOOK)
    shown = page(client)
    assert said in shown
    assert "nothing arrives here" in shown


def test_a_channel_of_choice_without_an_address_says_so(client: Client, ada: User) -> None:
    chosen(ada, Channel.SLACK, Channel.TELEGRAM)
    assert "No address yet" in page(client)


def test_who_can_be_reached_nowhere_is_told(client: Client) -> None:
    log_in(client, UserFactory(telegram_id=None))
    assert "No channel reaches you" in page(client)


def test_the_newest_attempt_is_told(client: Client, ada: User) -> None:
    now = datetime.now(UTC)
    told: dict[str, Any] = {"delivery_id": 1, "recipient": Recipient.USER, "recipient_id": ada.pk,
                            "channel": Channel.TELEGRAM}  # fmt: skip
    Attempt.objects.bulk_create([
        Attempt(**told, at=now - timedelta(hours=2), outcome=Outcome.SENT),
        Attempt(**told, at=now - timedelta(minutes=5), outcome=Outcome.RETRY, code="rate_limited"),
    ])  # fmt: skip
    assert "not sent: rate limited" in page(client)


def test_nothing_of_an_address_can_be_used_by_who_sees_the_page(client: Client, ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK | {"bearer": "bearer-of-the-hook"})
    shown = page(client) + body(client.get(f"{PAGE}{row.pk}/log"))
    assert HOOK["secret"] not in shown
    assert HOOK["url"] not in shown
    assert "bearer-of-the-hook" not in shown


def test_the_page_costs_few_queries_however_many_channels_there_are(
    client: Client, ada: User
) -> None:
    def queries() -> int:
        page(client)
        with CaptureQueriesContext(connection) as asked:
            page(client)
        return len(asked)

    few = queries()
    for channel in (Channel.WEBHOOK, Channel.SLACK, Channel.DISCORD):
        kept(ada, channel, HOOK)
    assert queries() == few
    assert few <= 9


def test_buttons_move_use_and_leave_channels(client: Client, ada: User) -> None:
    kept(ada, Channel.WEBHOOK, HOOK)
    assert "is used from now on" in press(client, "webhook", "use")
    assert order.of(ada) == (Channel.TELEGRAM, Channel.WEBHOOK)
    press(client, "webhook", "up")
    assert order.of(ada) == (Channel.WEBHOOK, Channel.TELEGRAM)
    press(client, "webhook", "down")
    assert order.of(ada) == (Channel.TELEGRAM, Channel.WEBHOOK)
    assert "Its address is kept" in press(client, "webhook", "leave")
    assert order.of(ada) == (Channel.TELEGRAM,)
    assert Address.objects.count() == 1


def test_the_only_channel_cannot_be_left(client: Client, ada: User) -> None:
    assert "Stop using" not in page(client)
    assert "is the one that is used" in press(client, "telegram", "leave")
    assert order.of(ada) == (Channel.TELEGRAM,)
    press(client, "email", "use")
    assert page(client).count("Stop using</button>") == 2


@pytest.mark.parametrize("path", ["pigeon/up", "webhook/explode", "telegram/add", "pigeon/add"])
def test_channels_and_deeds_that_are_none_are_not_found(
    client: Client, ada: User, path: str
) -> None:
    assert client.post(f"{PAGE}{path}").status_code == 404


def test_looking_changes_nothing(client: Client, ada: User) -> None:
    for path in ("webhook/up", "email/add", "email/test", "push/on", "push/off"):
        assert client.get(f"{PAGE}{path}").status_code == 405


def test_what_is_posted_needs_the_pages_own_token(ada: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    log_in(strict, ada)
    row = kept(ada, Channel.WEBHOOK, HOOK, AddressState.DISABLED)
    paths = ["webhook/up", "email/add", "webhook/test", "push/on", "push/off",
             f"{row.pk}/enable", f"{row.pk}/remove", f"{row.pk}/secret", f"{row.pk}/proof",
             f"{row.pk}/proof/send"]  # fmt: skip
    for path in paths:
        assert strict.post(f"{PAGE}{path}").status_code == 403, path
    row.refresh_from_db()
    assert row.state == AddressState.DISABLED


def test_a_test_message_goes_by_the_queue_to_that_channel_only(client: Client, ada: User) -> None:
    SessionFactory(user=ada)
    assert "on its way by Telegram" in press(client, "telegram", "test")
    delivery = Delivery.objects.get()
    assert (delivery.topic, delivery.channels, delivery.recipient_id) == (Topic.TEST, [0], ada.pk)
    assert not delivery.counted
    assert Message.objects.get().facts == {"channel": "telegram"}


def test_five_test_messages_an_hour_are_sent(client: Client, ada: User) -> None:
    for _ in range(5):
        press(client, "telegram", "test")
    assert "Five test messages an hour" in press(client, "email", "test")
    assert Delivery.objects.count() == 5


def test_a_test_message_lapses_soon(ada: User) -> None:
    message = trying.send(ada, Channel.TELEGRAM, NOON)
    assert message.expires_at == NOON + timedelta(minutes=15)


def test_who_left_by_a_mails_link_can_come_back_here(client: Client, ada: User) -> None:
    mark = address_rows.digest(Channel.EMAIL, {"email": "ada@example.org"})
    suppressions.suppress(Channel.EMAIL, mark, suppressions.UNSUBSCRIBED, "a…@example.org")
    assert "unsubscribed" in page(client)
    assert "Messages go by E-mail again" in press(client, "email", "allow")
    assert suppressions.reason(Channel.EMAIL, mark) == ""


def test_what_bounced_is_not_lifted_here(client: Client, ada: User) -> None:
    mark = address_rows.digest(Channel.EMAIL, {"email": "ada@example.org"})
    suppressions.suppress(Channel.EMAIL, mark, suppressions.BOUNCED, "a…@example.org")
    shown = page(client)
    assert "■ bounced" in shown
    assert "Write to me again" not in shown
    assert "Ask support" in press(client, "email", "allow")
    assert suppressions.reason(Channel.EMAIL, mark) == "bounced"


def test_nobody_lifts_what_somebody_else_did(client: Client, ada: User) -> None:
    mark = address_rows.digest(Channel.EMAIL, {"email": "eve@example.org"})
    suppressions.suppress(Channel.EMAIL, mark, suppressions.UNSUBSCRIBED, "e…@example.org")
    press(client, "email", "allow")
    assert suppressions.reason(Channel.EMAIL, mark) == "unsubscribed"
