"""Addresses that stop working, and what is kept of it."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from arbedge.names import Channel
from notifications.addressing import address_rows, address_troubles, addresses, suppressions
from notifications.models import Address, Chat
from notifications.names import AddressState, Recipient
from tests.accounts.factories import NOON, UserFactory
from tests.notifications.addressing.places import HOOK, OTHER_MAIL, kept, wanted
from tests.notifications.factories import ChatFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return UserFactory(telegram_id=7_004_242, email="ada@example.org", email_verified_at=NOON)


def reached(user: User, channel: Channel) -> object:
    """Where the person is reached by this channel now, or why he is not."""
    one = wanted(user, channel)
    return addresses.reach([one])[one.id]


def test_an_address_is_disabled_with_its_problem(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK)
    assert addresses.disable("gone", address_id=row.pk, now=NOON) == row
    row.refresh_from_db()
    assert (row.state, row.problem, row.disabled_at) == (AddressState.DISABLED, "gone", NOON)
    assert reached(ada, Channel.WEBHOOK) == "gone"


def test_what_is_disabled_stays_so_and_is_told_once(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK)
    addresses.disable("gone", address_id=row.pk, now=NOON)
    assert addresses.disable("blocked", address_id=row.pk, now=NOON) is None
    row.refresh_from_db()
    assert row.problem == "gone"
    assert LogEntry.objects.filter(additional_data__what="address.disabled").count() == 1


def test_an_address_that_is_gone_cannot_be_disabled() -> None:
    assert addresses.disable("gone", address_id=404) is None


def test_who_blocks_the_bot_gets_a_row_that_says_so(ada: User) -> None:
    row = addresses.disable("blocked", recipient_id=ada.pk, channel=Channel.TELEGRAM, now=NOON)
    assert isinstance(row, Address)
    assert (row.state, row.problem, row.recipient_id) == ("disabled", "blocked", ada.pk)
    assert reached(ada, Channel.TELEGRAM) == "blocked"
    assert row.shown == "chat …4242"


def test_blocking_twice_makes_one_row(ada: User) -> None:
    for _ in range(2):
        addresses.disable("blocked", recipient_id=ada.pk, channel=Channel.TELEGRAM, now=NOON)
    assert Address.objects.count() == 1


def test_a_new_telegram_account_that_blocks_the_bot_too_takes_the_old_ones_row(ada: User) -> None:
    kept(ada, Channel.TELEGRAM, {"chat_id": 1}, AddressState.DISABLED, problem="gone")
    row = addresses.disable("blocked", recipient_id=ada.pk, channel=Channel.TELEGRAM, now=NOON)
    assert isinstance(row, Address)
    assert address_rows.opened(row) == {"chat_id": 7_004_242}
    assert reached(ada, Channel.TELEGRAM) == "blocked"


def test_the_accounts_mail_is_disabled_beside_a_mailbox_that_waits(ada: User) -> None:
    waits = kept(ada, Channel.EMAIL, OTHER_MAIL, AddressState.UNVERIFIED)
    addresses.disable("bad_address", recipient_id=ada.pk, channel=Channel.EMAIL, now=NOON)
    waits.refresh_from_db()
    assert waits.state == AddressState.UNVERIFIED
    assert reached(ada, Channel.EMAIL) == "suppressed"
    mark = address_rows.digest(Channel.EMAIL, address_rows.email("ada@example.org"))
    assert suppressions.reason(Channel.EMAIL, mark) == "bounced"


def test_the_mailbox_of_choice_is_the_one_disabled(ada: User) -> None:
    row = kept(ada, Channel.EMAIL, OTHER_MAIL)
    addresses.disable("bad_address", recipient_id=ada.pk, channel=Channel.EMAIL, now=NOON)
    row.refresh_from_db()
    assert row.state == AddressState.DISABLED


def test_a_person_who_is_gone_has_nothing_to_disable() -> None:
    assert addresses.disable("blocked", recipient_id=404, channel=Channel.TELEGRAM) is None


def test_a_chat_that_is_gone_says_why_and_keeps_its_first_reason() -> None:
    chat = ChatFactory()
    disabled = addresses.disable("gone", recipient=Recipient.CHAT, recipient_id=chat.pk)
    assert isinstance(disabled, Chat)
    again = addresses.disable("blocked", recipient=Recipient.CHAT, recipient_id=chat.pk)
    assert again is None
    chat.refresh_from_db()
    assert chat.gone == "gone"


def test_a_group_that_became_a_supergroup_keeps_its_row() -> None:
    chat = ChatFactory(telegram_id=-42)
    assert addresses.moved("chat", chat.pk, Channel.TELEGRAM, {"chat_id": -10042})
    chat.refresh_from_db()
    assert chat.telegram_id == -10042
    line = LogEntry.objects.get(additional_data__what="chat.moved")
    assert line.additional_data["whom"] == chat.registered_by_id


def test_moving_to_where_it_is_changes_nothing() -> None:
    chat = ChatFactory(telegram_id=-42)
    assert not addresses.moved("chat", chat.pk, Channel.TELEGRAM, {"chat_id": -42})


def test_a_chat_that_moved_onto_another_takes_its_place() -> None:
    old = ChatFactory(telegram_id=-42, type="group")
    ChatFactory(telegram_id=-10042)
    assert addresses.moved("chat", old.pk, Channel.TELEGRAM, {"chat_id": -10042})
    [kept] = Chat.objects.all()
    assert (kept.pk, kept.telegram_id, kept.type, kept.gone) == (old.pk, -10042, "supergroup", "")


def test_people_do_not_move(ada: User) -> None:
    assert not addresses.moved("user", ada.pk, Channel.TELEGRAM, {"chat_id": 1})


def test_failures_count_in_a_row_and_start_anew_after_one_that_worked(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK, failures=18)
    addresses.count([], [row.pk])
    addresses.count([row.pk], [])
    addresses.count([], [row.pk])
    row.refresh_from_db()
    assert (row.failures, row.state) == (1, AddressState.ACTIVE)


def test_twenty_failures_in_a_row_disable_a_webhook(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK)
    ended = [addresses.count([], [row.pk], now=NOON) for _ in range(21)]
    assert [len(some) for some in ended] == [0] * 19 + [1, 0]
    row.refresh_from_db()
    assert (row.state, row.problem) == (AddressState.DISABLED, "unreachable")


def test_failures_of_one_batch_count_each(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK)
    addresses.count([], [row.pk] * 3)
    row.refresh_from_db()
    assert row.failures == 3


def test_counting_takes_four_queries_however_many_addresses(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    rows = [kept(UserFactory(), Channel.WEBHOOK, HOOK, failures=number) for number in range(6)]
    worked, failed = [row.pk for row in rows[:3]], [row.pk for row in rows[3:]]
    with django_assert_num_queries(4):  # a savepoint, the rows, their counts, its end
        addresses.count(worked, failed)
    counts = Address.objects.order_by("pk").values_list("failures", flat=True)
    assert list(counts) == [0, 0, 0, 4, 5, 6]


def test_a_mailbox_is_not_given_up_because_our_own_server_is_down(ada: User) -> None:
    row = kept(ada, Channel.EMAIL, OTHER_MAIL, failures=address_troubles.MOST_FAILURES)
    assert addresses.count([], [row.pk]) == []
    row.refresh_from_db()
    assert row.state == AddressState.ACTIVE
