"""Telling the queue what became of claims: by token, in steps, with attempts and addresses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from notifications.codes import Code
from notifications.models import Attempt, Chat, Delivery
from notifications.names import DeliveryState, Outcome
from notifications.sending.claims import LEASE, release_lapsed
from notifications.sending.rows import Claimed, Settled
from notifications.sending.settling import STEP, channels_of, put_back, settle
from notifications.sending.verdicts import FIRST_RETRY_S, JITTER
from tests.notifications.factories import (
    MINUTE,
    NOON,
    AddressFactory,
    ChatFactory,
    DeliveryFactory,
    MessageFactory,
    reachable_person,
)
from tests.notifications.sending.queueing import again, later, refused, sent, take, tried

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
EMAIL = 1


def stored(row: Claimed) -> Delivery:
    return Delivery.objects.get(pk=row.id)


def test_a_sent_row_is_settled_with_its_reference() -> None:
    row = take()

    told = settle([sent(row, "4711")], NOON + SECOND)

    now = stored(row)
    assert [one.row.id for one, _ in told.done] == [row.id]
    assert (now.state, now.refs, now.code) == ("sent", {"telegram": "4711"}, "")
    assert (now.sent_at, now.settled_at) == (NOON, NOON + SECOND)
    assert (now.token, now.lease_until, now.unended) == (None, None, 0)


def test_every_try_is_an_attempt() -> None:
    row = take()
    tries = (
        tried(row, Outcome.PERMANENT, code="blocked", detail="bot was blocked", took_ms=12.5),
        tried(row, Outcome.SENT, provider_id="9"),
    )

    settle([Settled(row, tries)], NOON)

    first, second = Attempt.objects.filter(delivery_id=row.id).order_by("outcome")
    assert (first.outcome, first.code, first.detail) == ("permanent", "blocked", "bot was blocked")
    assert (first.took_ms, first.channel, first.at) == (12.5, "telegram", NOON)
    assert (first.recipient, first.recipient_id) == (row.recipient, row.recipient_id)
    assert (second.outcome, second.provider_id) == ("sent", "9")


def test_a_retry_is_due_later_and_counts_on() -> None:
    row = take()
    settle([later(row)], NOON)

    now = stored(row)
    assert (now.state, now.code, now.attempts, now.unended) == ("pending", "timeout", 1, 0)
    first = timedelta(seconds=FIRST_RETRY_S)
    assert NOON + first <= now.due_at <= NOON + first * (1 + JITTER)
    assert again(row.id, now.due_at).attempts == 2


def test_the_next_channel_is_tried_in_the_transaction_that_fails_the_first() -> None:
    row = take(channels=[0, 1])

    told = settle([refused(row)], NOON)

    now = stored(row)
    assert (now.state, now.place, now.channel, now.attempts) == ("pending", 1, EMAIL, 0)
    assert channels_of(told) == {EMAIL}
    assert again(row.id).on == "email"


def test_a_failure_without_another_channel_is_final() -> None:
    row = take()
    settle([refused(row, "gone")], NOON)
    now = stored(row)
    assert (now.state, now.code, now.settled_at) == ("failed", "gone", NOON)


def test_a_cancelled_row_has_no_attempt() -> None:
    row = take()
    settle([Settled(row, cancelled=Code.HOUR_FULL)], NOON)
    assert (stored(row).state, stored(row).code) == ("cancelled", "hour_full")
    assert not Attempt.objects.exists()


class TestLate:
    """A worker that was slower than its lease."""

    def test_it_changes_no_row_of_another(self) -> None:
        slow = take()
        release_lapsed(NOON + LEASE + SECOND)
        other = again(slow.id, NOON + LEASE + SECOND)

        told = settle([refused(slow)], NOON + LEASE + 2 * SECOND)

        now = stored(slow)
        assert (told.done, [one.row.id for one in told.late]) == ([], [slow.id])
        assert (now.state, now.token, now.attempts) == ("sending", other.token, 2)

    def test_what_it_tried_is_kept_since_it_happened(self) -> None:
        slow = take()
        release_lapsed(NOON + LEASE + SECOND)
        settle([sent(slow)], NOON + LEASE + 2 * SECOND)
        assert Attempt.objects.filter(delivery_id=slow.id).count() == 1
        assert stored(slow).state == DeliveryState.PENDING

    def test_settling_twice_changes_nothing(self) -> None:
        row = take()
        settle([sent(row)], NOON)
        told = settle([refused(row)], NOON + SECOND)
        assert (len(told.late), stored(row).state) == (1, "sent")

    def test_it_gives_nothing_back_that_is_not_its_own(self) -> None:
        slow = take()
        release_lapsed(NOON + LEASE + SECOND)
        again(slow.id, NOON + LEASE + SECOND)
        assert put_back([(slow, NOON + MINUTE)], NOON) == 0
        assert stored(slow).state == DeliveryState.SENDING


def test_rows_given_back_cost_no_attempt_and_wait_for_their_time() -> None:
    row = take(attempts=1)

    assert put_back([(row, NOON + MINUTE)], NOON) == 1

    now = stored(row)
    assert (now.state, now.due_at, now.token) == ("pending", NOON + MINUTE, None)
    assert (now.attempts, now.unended) == (1, 0)


def test_a_row_is_never_given_back_into_the_past() -> None:
    row = take()
    put_back([(row, NOON - MINUTE)], NOON + SECOND)
    assert stored(row).due_at == NOON + SECOND


def test_giving_back_does_not_clear_a_suspect() -> None:
    row = take(unended=2)
    put_back([(row, NOON)], NOON)
    assert stored(row).unended == 2


class TestAddresses:
    """What answers say about the address is kept in the same transaction."""

    def test_an_address_that_is_gone_is_disabled(self) -> None:
        person = reachable_person()
        address = AddressFactory(recipient_id=person.pk)
        row = take(recipient_id=person.pk, channels=[3])

        told = settle([refused(row, "gone", gone=True, address_id=address.pk)], NOON)

        address.refresh_from_db()
        assert (address.state, address.problem) == ("disabled", "gone")
        assert told.disabled == [address]

    def test_a_chat_that_is_gone_is_marked(self) -> None:
        chat = ChatFactory()
        row = take(recipient="chat", recipient_id=chat.pk)
        settle([refused(row, "blocked", gone=True)], NOON)
        assert Chat.objects.get().gone == "blocked"

    def test_a_chat_that_moved_is_followed(self) -> None:
        chat = ChatFactory()
        row = take(recipient="chat", recipient_id=chat.pk)
        settle([later(row, "moved", moved_to={"chat_id": -1009})], NOON)
        assert Chat.objects.get().telegram_id == -1009

    def test_a_topic_that_is_gone_is_posted_to_no_more(self) -> None:
        chat = ChatFactory(telegram_id=-1009, thread_id=33)
        row = take(recipient="chat", recipient_id=chat.pk)
        settle([sent(row, moved_to={"chat_id": -1009, "topic_left": 33})], NOON)
        chat.refresh_from_db()
        assert (chat.telegram_id, chat.thread_id) == (-1009, None)

    def test_failures_of_peoples_own_servers_are_counted_and_forgiven(self) -> None:
        person = reachable_person()
        address = AddressFactory(recipient_id=person.pk)
        row = take(recipient_id=person.pk, channels=[3])
        settle([later(row, "server", address_id=address.pk)], NOON)
        address.refresh_from_db()
        assert address.failures == 1

        due = stored(row).due_at
        settle([sent(again(row.id, due), address_id=address.pk)], due)
        address.refresh_from_db()
        assert address.failures == 0


@pytest.mark.parametrize("said", ["a\0b", "\ud800", "x" * 5_000, "'); DROP TABLE"])
def test_whatever_a_provider_says_can_be_kept(said: str) -> None:
    row = take()
    settle([later(row, detail=said)], NOON)
    assert len(Attempt.objects.get().detail) <= 200
    assert stored(row).state == DeliveryState.PENDING


def test_one_statement_a_step(django_assert_num_queries: Any) -> None:
    message = MessageFactory()
    rows = [take(message=message) for _ in range(3)]
    with django_assert_num_queries(3):  # SAVEPOINT, the settle, RELEASE
        settle([sent(row) for row in rows], NOON)


def test_large_results_are_settled_in_steps(django_assert_num_queries: Any) -> None:
    message, person = MessageFactory(), reachable_person()
    made = DeliveryFactory(message=message, recipient_id=person.pk)
    row = again(made.pk)
    with django_assert_num_queries(6):
        told = settle([sent(row), *[sent(row)] * STEP], NOON)
    assert len(told.done) + len(told.late) == STEP + 1
