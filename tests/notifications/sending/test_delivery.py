"""A run of deliveries: from the queue to channels that do as they are told, and back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arbedge.names import Channel, Fault
from notifications.addressing import reaching
from notifications.addressing.reaching import Reach
from notifications.codes import Code
from notifications.models import Attempt, Delivery
from notifications.names import DeliveryState, Outcome, Priority, Topic
from notifications.sending import delivery, waking
from notifications.sending.delivery import run
from notifications.sending.teller import Ran
from notifications.sending.verdicts import FIRST_RETRY_S
from tests.notifications.factories import (
    MINUTE,
    NOON,
    AddressFactory,
    DeliveryFactory,
    MessageFactory,
    reachable_person,
)
from tests.notifications.sending.delivering import (
    EMAIL,
    PUSH,
    TELEGRAM,
    FakeSender,
    anna,
    arrives,
    open_breaker,
    says,
    state,
    use_senders,
    waiting,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("empty_cache", "fakes", "pace", "texts"),
]


def test_what_is_due_is_sent_and_settled(telegram: FakeSender) -> None:
    rows = [waiting() for _ in range(3)]

    ran = run(Channel.TELEGRAM, NOON)

    assert sorted(telegram.ids) == [row.pk for row in rows]
    assert (ran.sent, ran.failed, ran.more, ran.next_at) == (3, 0, False, None)
    for row in rows:
        assert state(row) == ("sent", "")
        assert row.refs == {"telegram": f"m{row.pk}"}
        assert Attempt.objects.get(delivery_id=row.pk).outcome == "sent"


def test_the_message_is_the_recipients_own(telegram: FakeSender) -> None:
    person = anna()
    row = waiting(recipient_id=person.pk, silent=True)
    run(Channel.TELEGRAM, NOON)
    [message] = telegram.sent
    assert message.address == {"chat_id": person.telegram_id}
    assert (message.key, message.silent, message.content.title) == (str(row.pk), True, "WIF")


def test_the_urgent_go_first(telegram: FakeSender) -> None:
    low = waiting(message__priority=Priority.LOW)
    urgent = waiting(message__priority=Priority.CRITICAL)
    run(Channel.TELEGRAM, NOON)
    assert telegram.ids == [urgent.pk, low.pk]


def test_senders_get_no_more_than_they_take(telegram: FakeSender) -> None:
    telegram.batch = 2
    for _ in range(5):
        waiting()
    run(Channel.TELEGRAM, NOON)
    assert sorted(telegram.calls) == [1, 2, 2]


def test_a_channel_that_fails_hands_over_to_the_next(
    telegram: FakeSender, email: FakeSender
) -> None:
    telegram.answer = says(Outcome.PERMANENT, "refused")
    row = waiting(channels=[TELEGRAM, EMAIL])

    ran = run(Channel.TELEGRAM, NOON)
    assert ran.elsewhere == {Channel.EMAIL}
    assert run(Channel.EMAIL, NOON + MINUTE).sent == 1

    assert state(row) == ("sent", "")
    assert row.refs == {"email": f"m{row.pk}"}


def test_a_channel_that_wants_more_time_gets_it(telegram: FakeSender) -> None:
    telegram.answer = says(Outcome.RETRY, "server")
    row = waiting()

    ran = run(Channel.TELEGRAM, NOON)

    assert (ran.later, state(row)) == (1, ("pending", "server"))
    assert row.due_at >= NOON + timedelta(seconds=FIRST_RETRY_S)
    telegram.answer = arrives
    assert run(Channel.TELEGRAM, row.due_at).sent == 1


def test_who_cannot_be_reached_is_tried_elsewhere(email: FakeSender) -> None:
    person = reachable_person(telegram_id=None, email="bo@example.com", email_verified_at=NOON)
    row = waiting(recipient_id=person.pk, channels=[TELEGRAM, EMAIL])
    run(Channel.TELEGRAM, NOON)
    assert state(row) == ("pending", Code.NO_ADDRESS)
    assert Attempt.objects.get().code == Code.NO_ADDRESS
    run(Channel.EMAIL, NOON + MINUTE)
    assert email.ids == [row.pk]


def test_who_can_be_reached_nowhere_is_told_nothing(telegram: FakeSender) -> None:
    row = waiting(recipient_id=reachable_person(telegram_id=None).pk)
    assert run(Channel.TELEGRAM, NOON).failed == 1
    assert (state(row), telegram.ids) == (("failed", Code.NO_ADDRESS), [])


class TestEverywhere:
    """A message to all channels of a person."""

    def everywhere(self) -> Delivery:
        return waiting(channels=[TELEGRAM, EMAIL], to_all=True)

    def test_each_channel_gets_its_own_text(self, telegram: FakeSender, email: FakeSender) -> None:
        row = self.everywhere()
        run(Channel.TELEGRAM, NOON)
        assert [one.content.body for one in telegram.sent] == ["by telegram"]
        [mail] = [one.content for one in email.sent]
        assert mail.body.startswith("by email")
        assert mail.unsubscribe_url in mail.body
        assert state(row) == ("sent", "")
        assert set(row.refs) == {"telegram", "email"}

    def test_it_arrived_where_one_did(self, telegram: FakeSender) -> None:
        telegram.answer = says(Outcome.RETRY, "server")
        row = self.everywhere()
        run(Channel.TELEGRAM, NOON)
        assert state(row) == ("sent", "")
        assert Attempt.objects.count() == 2

    def test_a_long_break_of_one_channel_holds_the_others_up_for_nothing(
        self, telegram: FakeSender, email: FakeSender
    ) -> None:
        open_breaker(Channel.TELEGRAM, "provider", Fault.RATE_LIMITED, 600)
        row = self.everywhere()
        run(Channel.TELEGRAM, NOON)
        assert (state(row), telegram.ids, email.ids) == (("sent", ""), [], [row.pk])


class TestFollowUps:
    """What becomes of the opening's own message."""

    def follow_up(self, topic: Topic, **refs: str) -> None:
        person = anna()
        opening = DeliveryFactory(
            state=DeliveryState.SENT, recipient_id=person.pk, refs=refs or {"telegram": "77"}
        )
        waiting(recipient_id=person.pk, message__topic=topic, opening_id=opening.pk)
        run(Channel.TELEGRAM, NOON)

    @pytest.mark.parametrize("topic", [Topic.IMPROVED, Topic.RECOVERED])
    def test_good_news_edits_it(self, topic: Topic, telegram: FakeSender) -> None:
        telegram.edits = True
        self.follow_up(topic)
        assert [(one.replaces, one.answers) for one in telegram.sent] == [("77", "")]

    @pytest.mark.parametrize("topic", [Topic.FADING, Topic.CLOSED])
    def test_what_may_cost_money_answers_it(self, topic: Topic, telegram: FakeSender) -> None:
        telegram.edits = True
        self.follow_up(topic)
        assert [(one.replaces, one.answers) for one in telegram.sent] == [("", "77")]

    def test_where_nothing_can_be_edited_it_is_answered(self, telegram: FakeSender) -> None:
        self.follow_up(Topic.IMPROVED)
        assert [(one.replaces, one.answers) for one in telegram.sent] == [("", "77")]

    def test_an_opening_on_another_channel_is_followed_by_a_new_message(
        self, telegram: FakeSender
    ) -> None:
        self.follow_up(Topic.CLOSED, email="<1>")
        assert [(one.replaces, one.answers) for one in telegram.sent] == [("", "")]


class TestSeveralAddresses:
    """One channel, several devices."""

    def test_each_device_gets_it_under_a_key_of_its_own(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        person = anna()
        devices = [AddressFactory(recipient_id=person.pk, channel="web_push") for _ in range(2)]
        push = use_senders(monkeypatch, Channel.WEB_PUSH)[Channel.WEB_PUSH]
        monkeypatch.setattr(
            reaching, "reach",
            lambda rows: {
                row.id: [Reach(Channel.WEB_PUSH, {"host": "p"}, one.pk) for one in devices]
                for row in rows
            },
        )  # fmt: skip
        row = waiting(recipient_id=person.pk, channels=[PUSH])

        run(Channel.WEB_PUSH, NOON)

        assert sorted(one.key for one in push.sent) == [f"{row.pk}-{one.pk}" for one in devices]
        assert Attempt.objects.filter(delivery_id=row.pk).count() == 2
        assert state(row) == ("sent", "")


class TestWaking:
    """Who goes on after a run."""

    @pytest.fixture
    def woken(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Channel], float]]:
        calls: list[tuple[list[Channel], float]] = []

        def wake(channels: Any, after_s: float = 0.0) -> bool:
            calls.append((list(channels), after_s))
            return True

        monkeypatch.setattr(waking, "deliver", wake)
        return calls

    def test_nobody_where_nothing_is_left(self, woken: list[Any]) -> None:
        delivery.wake(Channel.TELEGRAM, Ran(), NOON)
        assert woken == []

    def test_the_same_channel_at_once_where_time_was_up(self, woken: list[Any]) -> None:
        delivery.wake(Channel.TELEGRAM, Ran(more=True), NOON)
        assert woken == [([Channel.TELEGRAM], 0.0)]

    def test_the_channels_that_got_rows(self, woken: list[Any]) -> None:
        delivery.wake(Channel.TELEGRAM, Ran(elsewhere={Channel.EMAIL}), NOON)
        assert woken == [([Channel.EMAIL], 0.0)]

    def test_one_of_many_for_a_row_that_is_due_soon(self, woken: list[Any]) -> None:
        ran = Ran(next_at=NOON + timedelta(seconds=5))
        delivery.wake(Channel.TELEGRAM, ran, NOON)
        delivery.wake(Channel.TELEGRAM, ran, NOON)
        assert woken == [([Channel.TELEGRAM], 5.0)]

    def test_never_at_once_for_what_is_due_in_a_moment(self, woken: list[Any]) -> None:
        delivery.wake(Channel.TELEGRAM, Ran(next_at=NOON), NOON)
        assert woken == [([Channel.TELEGRAM], delivery.SHORTEST_WAIT_S)]

    def test_a_run_whose_time_is_up_says_that_there_is_more(self) -> None:
        waiting()
        assert run(Channel.TELEGRAM, NOON, budget_s=0.0).more


def test_queries_do_not_grow_with_the_batch(django_assert_max_num_queries: Any) -> None:
    message = MessageFactory()
    for _ in range(12):
        waiting(message=message)
    with django_assert_max_num_queries(28):
        assert run(Channel.TELEGRAM, NOON).sent == 12
