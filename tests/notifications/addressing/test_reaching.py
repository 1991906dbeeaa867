"""Where people and chats are reached, and why some are not."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from arbedge.names import Channel
from notifications.addressing import address_rows
from notifications.addressing.addresses import Reach, reach
from notifications.codes import Code
from notifications.models import Suppression
from notifications.names import AddressState, Topic
from tests.accounts.factories import NOON, UserFactory
from tests.notifications.addressing.places import HOOK, Wanted, kept, wanted
from tests.notifications.factories import ChatFactory

pytestmark = pytest.mark.django_db
OTHER_MAIL = {"email": "ada@elsewhere.example"}


@pytest.fixture
def ada() -> User:
    return UserFactory(
        telegram_id=4242, email="Ada@example.org", email_verified_at=NOON, username="ada"
    )


def found(one: Wanted) -> list[Reach] | Code:
    """What is found for a batch of one."""
    return reach([one])[one.id]


def addresses(one: Wanted) -> list[dict[str, Any]]:
    """The addresses found; fails where a reason came instead."""
    some = found(one)
    assert isinstance(some, list), some
    return [dict(each.address) for each in some]


def suppress(channel: Channel, address: dict[str, Any]) -> None:
    """Nobody may write there any more."""
    digest = address_rows.digest(channel, address)
    Suppression.objects.create(channel=channel, digest=digest, shown="…", reason="unsubscribed")


def test_a_person_is_reached_in_telegram_without_a_row(ada: User) -> None:
    assert found(wanted(ada, Channel.TELEGRAM)) == [Reach(Channel.TELEGRAM, {"chat_id": 4242})]


def test_the_verified_mail_of_the_account_needs_no_row(ada: User) -> None:
    assert addresses(wanted(ada, Channel.EMAIL)) == [{"email": "ada@example.org"}]


def test_an_unverified_mail_of_the_account_is_not_written_to() -> None:
    user = UserFactory(email="eve@example.org", email_verified_at=None)
    assert found(wanted(user, Channel.EMAIL)) == Code.NO_ADDRESS


def test_who_has_no_telegram_is_not_reached_there() -> None:
    assert found(wanted(UserFactory(telegram_id=None), Channel.TELEGRAM)) == Code.NO_ADDRESS


def test_a_verified_webhook_is_opened(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK)
    assert found(wanted(ada, Channel.WEBHOOK)) == [Reach(Channel.WEBHOOK, HOOK, row.pk, row.shown)]


@pytest.mark.parametrize(
    ("state", "problem", "code"),
    [
        (AddressState.UNVERIFIED, "", Code.UNVERIFIED),
        (AddressState.DISABLED, "gone", Code.GONE),
        (AddressState.DISABLED, "switched_off", Code.BLOCKED),
    ],
)
def test_an_address_that_may_not_be_used_says_why(
    ada: User, state: AddressState, problem: str, code: Code
) -> None:
    kept(ada, Channel.WEBHOOK, HOOK, state, problem=problem)
    assert found(wanted(ada, Channel.WEBHOOK)) == code


def test_codes_alone_go_to_addresses_that_are_not_verified(ada: User) -> None:
    row = kept(ada, Channel.EMAIL, OTHER_MAIL, AddressState.UNVERIFIED)
    code = found(wanted(ada, Channel.EMAIL, topic=Topic.CODE))
    assert isinstance(code, list)
    assert [one.address_id for one in code] == [row.pk]
    assert addresses(wanted(ada, Channel.EMAIL)) == [{"email": "ada@example.org"}]


def test_another_mailbox_takes_the_accounts_place_once_it_is_verified(ada: User) -> None:
    kept(ada, Channel.EMAIL, OTHER_MAIL)
    assert addresses(wanted(ada, Channel.EMAIL)) == [OTHER_MAIL]


def test_a_broken_mailbox_of_choice_is_not_replaced_behind_its_owners_back(ada: User) -> None:
    kept(ada, Channel.EMAIL, OTHER_MAIL, AddressState.DISABLED, problem="bad_address")
    assert found(wanted(ada, Channel.EMAIL)) == Code.BAD_ADDRESS


def test_a_bot_that_was_blocked_stays_blocked_until_enabled(ada: User) -> None:
    row = kept(ada, Channel.TELEGRAM, {"chat_id": 4242}, AddressState.DISABLED, problem="blocked")
    assert found(wanted(ada, Channel.TELEGRAM)) == Code.BLOCKED
    row.state = AddressState.ACTIVE.value
    row.save()
    assert addresses(wanted(ada, Channel.TELEGRAM)) == [{"chat_id": 4242}]


def test_what_is_wrong_with_an_old_telegram_account_says_nothing_of_the_new(ada: User) -> None:
    kept(ada, Channel.TELEGRAM, {"chat_id": 1}, AddressState.DISABLED, problem="blocked")
    assert addresses(wanted(ada, Channel.TELEGRAM)) == [{"chat_id": 4242}]


def test_every_device_of_web_push_is_reached_but_not_the_dead_ones(ada: User) -> None:
    phone, desk, dead = ({"endpoint": f"https://push.example/{n}"} for n in range(3))
    kept(ada, Channel.WEB_PUSH, phone)
    kept(ada, Channel.WEB_PUSH, desk)
    kept(ada, Channel.WEB_PUSH, dead, AddressState.DISABLED, problem="gone")
    assert addresses(wanted(ada, Channel.WEB_PUSH)) == [phone, desk]


def test_only_the_present_channel_is_looked_for(ada: User) -> None:
    kept(ada, Channel.WEBHOOK, HOOK)
    both = (Channel.TELEGRAM, Channel.WEBHOOK)
    assert addresses(wanted(ada, *both)) == [{"chat_id": 4242}]
    assert addresses(wanted(ada, *both, place=1)) == [HOOK]


def test_to_all_means_every_channel_that_can_be_reached(ada: User) -> None:
    kept(ada, Channel.WEBHOOK, HOOK)
    every = wanted(ada, Channel.TELEGRAM, Channel.SMS, Channel.WEBHOOK, to_all=True)
    assert addresses(every) == [{"chat_id": 4242}, HOOK]


def test_to_all_of_nothing_gives_the_first_channels_reason(ada: User) -> None:
    kept(ada, Channel.WEBHOOK, HOOK, AddressState.UNVERIFIED)
    assert found(wanted(ada, Channel.WEBHOOK, Channel.SMS, to_all=True)) == Code.UNVERIFIED


def test_a_chat_is_reached_by_its_telegram_id() -> None:
    chat = ChatFactory(telegram_id=-100_42)
    assert addresses(wanted(chat, Channel.TELEGRAM)) == [{"chat_id": -100_42}]


def test_a_chat_with_a_topic_of_its_own_is_reached_there() -> None:
    chat = ChatFactory(telegram_id=-100_42, thread_id=33)
    assert addresses(wanted(chat, Channel.TELEGRAM)) == [{"chat_id": -100_42, "thread_id": 33}]


def test_a_chat_that_threw_the_bot_out_is_not() -> None:
    assert found(wanted(ChatFactory(gone="gone"), Channel.TELEGRAM)) == Code.GONE


def test_a_chat_has_no_other_channel() -> None:
    assert found(wanted(ChatFactory(), Channel.EMAIL)) == Code.NO_ADDRESS


def test_suppressed_addresses_are_left_alone(ada: User) -> None:
    suppress(Channel.EMAIL, {"email": "ada@example.org"})
    assert found(wanted(ada, Channel.EMAIL)) == Code.SUPPRESSED
    assert addresses(wanted(ada, Channel.TELEGRAM)) == [{"chat_id": 4242}]


def test_a_suppressed_channel_leaves_the_others_of_to_all(ada: User) -> None:
    suppress(Channel.TELEGRAM, {"chat_id": 4242})
    both = wanted(ada, Channel.TELEGRAM, Channel.EMAIL, to_all=True)
    assert addresses(both) == [{"email": "ada@example.org"}]


def test_a_row_whose_key_is_gone_is_told_not_raised(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK)
    row.sealed = "gAAAAAnonsense"
    row.save()
    assert found(wanted(ada, Channel.WEBHOOK)) == Code.BAD_ADDRESS


def test_an_address_hides_in_its_repr(ada: User) -> None:
    kept(ada, Channel.WEBHOOK, HOOK)
    assert HOOK["secret"] not in repr(found(wanted(ada, Channel.WEBHOOK)))


def test_a_batch_of_any_size_takes_three_queries() -> None:
    batch: list[Wanted] = []
    for _ in range(20):
        user = UserFactory(email_verified_at=NOON)
        kept(user, Channel.WEBHOOK, HOOK)
        batch.append(wanted(user, Channel.TELEGRAM, Channel.WEBHOOK, to_all=True))
        batch.append(wanted(ChatFactory(), Channel.TELEGRAM))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answers = reach(batch)
    assert len(asked) == 3
    assert len(answers) == 40
    assert all(isinstance(some, list) for some in answers.values())


def test_an_empty_batch_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert reach([]) == {}
    assert len(asked) == 0
