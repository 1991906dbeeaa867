"""A run of deliveries: from the queue to channels that do as they are told, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError

from accounts import tiers
from accounts.models import User
from arbedge import aio, breaker, cache
from arbedge.names import Channel, Fault, Tier
from notifications.addressing import reaching
from notifications.addressing.reaching import Reach
from notifications.choosing import quotas
from notifications.codes import Code
from notifications.models import Attempt, Delivery
from notifications.names import DeliveryState, Outcome, Priority, Topic
from notifications.sending import delivery, gates, outbox, teller, waking
from notifications.sending.delivery import run
from notifications.sending.pacing import Room
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
    FakeSender,
    Pace,
    Texts,
    arrives,
    says,
    use_pace,
    use_senders,
    use_texts,
)

pytestmark = pytest.mark.django_db

TELEGRAM, EMAIL, PUSH = 0, 1, 2
_numbers = count(8_000)
PER_HOUR = tiers.DEFAULTS[Tier.FREE].opportunities_per_hour


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> dict[Channel, FakeSender]:
    return use_senders(monkeypatch, Channel.TELEGRAM, Channel.EMAIL, Channel.WEBHOOK)


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    return use_pace(monkeypatch)


@pytest.fixture(autouse=True)
def texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    return use_texts(monkeypatch)


@pytest.fixture
def telegram(fakes: dict[Channel, FakeSender]) -> FakeSender:
    return fakes[Channel.TELEGRAM]


@pytest.fixture
def email(fakes: dict[Channel, FakeSender]) -> FakeSender:
    return fakes[Channel.EMAIL]


def waiting(**columns: Any) -> Delivery:
    """A message that waits for somebody with Telegram and e-mail."""
    if "recipient_id" not in columns:
        columns["recipient_id"] = anna().pk
    made: Delivery = DeliveryFactory(**columns)
    return made


def anna() -> User:
    """Somebody with a session, a Telegram chat and an e-mail address."""
    number = next(_numbers)
    return reachable_person(
        telegram_id=number, email=f"anna{number}@example.com", email_verified_at=NOON
    )


def state(row: Delivery) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.code


def open_breaker(channel: Channel, host: str, fault: Fault, seconds: float) -> None:
    now_ms = NOON.timestamp() * 1000

    async def fail() -> None:
        board = await breaker.board()
        await board.failed(f"channel:{channel}", host, fault, now_ms, retry_after_s=seconds)

    aio.run(fail())


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


class TestLimits:
    """What counts is sent within its recipient's limits."""

    def full(self) -> User:
        person = anna()
        for _ in range(PER_HOUR + 1):
            waiting(recipient_id=person.pk, counted=True)
        return person

    def test_what_is_over_the_limit_is_cancelled(self, telegram: FakeSender) -> None:
        self.full()
        ran = run(Channel.TELEGRAM, NOON)
        assert (ran.sent, ran.cancelled) == (PER_HOUR, 1)
        assert Delivery.objects.get(state=DeliveryState.CANCELLED).code == Code.HOUR_FULL
        assert len(telegram.sent) == PER_HOUR

    def test_what_does_not_count_goes_all_the_same(self, telegram: FakeSender) -> None:
        person = self.full()
        follow_up = waiting(recipient_id=person.pk, counted=False)
        run(Channel.TELEGRAM, NOON)
        assert follow_up.pk in telegram.ids

    def test_what_failed_for_good_gives_its_place_back(self, telegram: FakeSender) -> None:
        telegram.answer = says(Outcome.PERMANENT, "refused")
        person = self.full()
        run(Channel.TELEGRAM, NOON)
        assert quotas.exhausted(NOON).hour == []
        assert quotas.used(person.pk, NOON) == 0

    def test_what_lapsed_before_its_next_try_gives_its_place_back(
        self, telegram: FakeSender
    ) -> None:
        telegram.answer = says(Outcome.RETRY, "server")
        row = waiting(counted=True, expires_at=NOON + 2 * MINUTE)
        run(Channel.TELEGRAM, NOON)
        assert quotas.used(row.recipient_id, NOON) == 1
        run(Channel.TELEGRAM, NOON + 3 * MINUTE)
        assert state(row) == ("expired", "expired")
        assert quotas.used(row.recipient_id, NOON) == 0

    def test_while_limits_are_not_known_only_what_does_not_count_goes(
        self, telegram: FakeSender
    ) -> None:
        counted, free = waiting(counted=True), waiting()
        lock = cache.acquire("quotas", 10_000)

        ran = run(Channel.TELEGRAM, NOON)

        assert (telegram.ids, ran.given_back) == ([free.pk], 1)
        assert state(counted) == ("pending", "")
        assert (counted.attempts, counted.due_at > NOON) == (0, True)
        assert ran.next_at == counted.due_at
        cache.release("quotas", lock or "")


class TestPace:
    """What may not go now comes back later, without an attempt."""

    def test_it_waits_for_the_moment_it_is_told(self, telegram: FakeSender, pace: Pace) -> None:
        at = NOON + timedelta(seconds=3)
        pace.later[Channel.TELEGRAM, "provider"] = at.timestamp() * 1000
        row = waiting()

        ran = run(Channel.TELEGRAM, NOON)

        assert (telegram.sent, ran.next_at) == ([], at)
        assert state(row) == ("pending", "")
        assert (row.attempts, row.unended, row.due_at) == (0, 0, at)
        assert not Attempt.objects.exists()

    def test_a_moment_that_is_near_is_waited_for(self, telegram: FakeSender, pace: Pace) -> None:
        at = NOON + timedelta(seconds=2)
        pace.later[Channel.TELEGRAM, "provider"] = at.timestamp() * 1000
        row = waiting()

        run(Channel.TELEGRAM, at - timedelta(milliseconds=90))

        assert telegram.ids == [row.pk]
        assert pace.asked_at_ms[-1] == at.timestamp() * 1000

    def test_no_more_are_taken_than_there_are_places(
        self, telegram: FakeSender, pace: Pace
    ) -> None:
        opens_at = NOON + timedelta(seconds=1)
        pace.places = Room(0, opens_at.timestamp() * 1000)
        row = waiting()

        ran = run(Channel.TELEGRAM, NOON)

        assert (telegram.sent, pace.wants, row.due_at) == ([], [], NOON)
        assert ran.next_at == opens_at - gates.NEAR

    def test_the_highest_tiers_take_the_places(self, telegram: FakeSender, pace: Pace) -> None:
        pace.places = Room(2)
        rows = [waiting(tier=tier) for tier in (1, 4, 0, 3)]
        run(Channel.TELEGRAM, NOON, budget_s=0.0001)
        assert telegram.ids[:2] == [rows[1].pk, rows[3].pk]

    def test_without_places_what_is_due_later_is_slept_for(self, pace: Pace) -> None:
        pace.places = Room(0, (NOON + timedelta(seconds=1)).timestamp() * 1000)
        row = waiting(due_at=NOON + timedelta(seconds=5))
        assert run(Channel.TELEGRAM, NOON).next_at == row.due_at

    def test_groups_are_known_as_groups(self, pace: Pace) -> None:
        row = waiting()
        run(Channel.TELEGRAM, NOON)
        [want] = pace.wants
        assert (want.channel, want.host, want.is_group) == (Channel.TELEGRAM, "provider", False)
        assert (want.chat_id or 0) > 0
        assert str(row.recipient_id) in want.key

    def test_a_pause_the_provider_asks_for_is_told_to_all(
        self, telegram: FakeSender, pace: Pace
    ) -> None:
        telegram.answer = says(Outcome.RETRY, Code.RATE_LIMITED, retry_after_s=30.0, pause_s=30.0)
        waiting()
        run(Channel.TELEGRAM, NOON)
        assert pace.pauses == [(Channel.TELEGRAM, "provider", 30.0)]

    def test_after_a_pause_nothing_more_is_begun(self, telegram: FakeSender) -> None:
        telegram.batch = 1
        telegram.answer = says(Outcome.RETRY, Code.RATE_LIMITED, retry_after_s=30.0, pause_s=30.0)
        rows = [waiting() for _ in range(12)]

        ran = run(Channel.TELEGRAM, NOON)

        assert ran.later == len(telegram.sent) < len(rows)
        assert ran.given_back == len(rows) - len(telegram.sent)
        assert Delivery.objects.filter(state=DeliveryState.PENDING).count() == len(rows)


class TestBreakers:
    """Hosts that fail are left alone for a while."""

    def test_failures_in_a_row_open_the_hosts_breaker(self, telegram: FakeSender) -> None:
        telegram.answer = says(Outcome.RETRY, Code.TIMEOUT)
        for _ in range(breaker.TOLERATED):
            waiting()
        run(Channel.TELEGRAM, NOON)
        [open_] = breaker.states()
        assert (open_["venue"], open_["host"]) == ("channel:telegram", "provider")
        assert (open_["state"], open_["reason"]) == ("open", "timeout")

    def test_what_is_wrong_with_one_address_is_no_failure_of_the_host(
        self, telegram: FakeSender
    ) -> None:
        telegram.answer = says(Outcome.PERMANENT, Code.BLOCKED, gone=True)
        for _ in range(breaker.TOLERATED):
            waiting()
        run(Channel.TELEGRAM, NOON)
        assert breaker.states() == []

    def test_our_own_account_being_refused_concerns_all(self, telegram: FakeSender) -> None:
        telegram.answer = says(Outcome.RETRY, Code.UNAUTHORISED)
        waiting()
        run(Channel.TELEGRAM, NOON)
        assert breaker.states()[0]["reason"] == "forbidden"

    def test_a_short_break_is_waited_out(self, telegram: FakeSender) -> None:
        open_breaker(Channel.TELEGRAM, "provider", Fault.RATE_LIMITED, 20)
        row = waiting(channels=[TELEGRAM, EMAIL])
        run(Channel.TELEGRAM, NOON)
        assert (state(row), telegram.sent) == (("pending", ""), [])
        assert (row.channel, row.due_at) == (TELEGRAM, NOON + timedelta(seconds=20))

    def test_in_a_long_break_the_next_channel_is_tried(self, email: FakeSender) -> None:
        open_breaker(Channel.TELEGRAM, "provider", Fault.RATE_LIMITED, 600)
        row = waiting(channels=[TELEGRAM, EMAIL])
        assert run(Channel.TELEGRAM, NOON).elsewhere == {Channel.EMAIL}
        run(Channel.EMAIL, NOON + MINUTE)
        assert email.ids == [row.pk]

    def test_a_long_break_without_another_channel_is_waited_out(self) -> None:
        open_breaker(Channel.TELEGRAM, "provider", Fault.RATE_LIMITED, 600)
        row = waiting()
        run(Channel.TELEGRAM, NOON)
        assert state(row) == ("pending", "")
        assert row.due_at == NOON + timedelta(seconds=600)


class TestMishaps:
    """Whatever a text, an address or a sender does, its row ends and the others are sent."""

    @pytest.mark.parametrize("problem", [KeyError("net"), Code.BAD_MESSAGE])
    def test_a_text_that_cannot_be_written_fails_its_row(
        self, telegram: FakeSender, texts: Texts, problem: Exception | Code
    ) -> None:
        bad, good = waiting(), waiting()
        texts.broken[bad.pk] = problem

        ran = run(Channel.TELEGRAM, NOON)

        assert (ran.sent, ran.failed) == (1, 1)
        assert (state(bad), state(good)) == (("failed", "bad_message"), ("sent", ""))
        assert telegram.ids == [good.pk]

    def test_a_text_bad_for_one_channel_may_do_for_the_next(
        self, email: FakeSender, texts: Texts
    ) -> None:
        row = waiting(channels=[TELEGRAM, EMAIL])
        texts.broken[row.pk] = Code.BAD_MESSAGE
        run(Channel.TELEGRAM, NOON)
        texts.broken.clear()
        run(Channel.EMAIL, NOON + MINUTE)
        assert email.ids == [row.pk]

    def test_a_sender_that_raises_is_tried_again_later(self, telegram: FakeSender) -> None:
        def broken(_: Any) -> Any:
            raise RuntimeError("what now?")

        telegram.answer = broken
        row = waiting()
        run(Channel.TELEGRAM, NOON)
        assert state(row) == ("pending", "malformed")
        assert Attempt.objects.get().detail == "RuntimeError"

    def test_a_sender_that_never_answers_is_not_waited_for(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def silent(_: Any) -> Any:
            await asyncio.Event().wait()

        monkeypatch.setattr("notifications.sending.dispatch.SEND_WITHIN_S", 0.05)
        monkeypatch.setattr(telegram, "send", silent)
        row = waiting()
        run(Channel.TELEGRAM, NOON)
        assert state(row) == ("pending", "timeout")

    def test_what_was_answered_is_told_whatever_happens_beside_it(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The row that was sent is settled; the one nobody heard of lapses with its lease."""
        telegram.batch = 1
        heard, calls = gates.heard, [0]

        async def break_once(answers: Any) -> None:
            calls[0] += 1
            if calls[0] == 1:
                raise RuntimeError("what now?")
            await heard(answers)

        monkeypatch.setattr(gates, "heard", break_once)
        for _ in range(8):
            waiting()
        ran = run(Channel.TELEGRAM, NOON)
        assert ran.sent == len(telegram.sent) == 8

    def test_a_sender_that_loses_count_loses_no_row(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def forgetful(batch: Any) -> list[Any]:
            return []

        monkeypatch.setattr(telegram, "send", forgetful)
        rows = [waiting(), waiting()]
        assert run(Channel.TELEGRAM, NOON).later == 2
        assert [state(row)[0] for row in rows] == ["pending", "pending"]

    def test_an_address_nobody_can_read_fails_its_row(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad, good = anna(), anna()
        rows = [waiting(recipient_id=one.pk) for one in (bad, good)]

        def host(address: Any) -> str:
            if address["chat_id"] == bad.telegram_id:
                raise ValueError(address)
            return "provider"

        monkeypatch.setattr(telegram, "host", host)
        run(Channel.TELEGRAM, NOON)
        assert [state(row) for row in rows] == [("failed", "bad_address"), ("sent", "")]

    def test_too_late_to_begin_is_given_back(
        self, telegram: FakeSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivery, "BEGIN_WITHIN_S", -1.0)
        monkeypatch.setattr(delivery, "BUDGET_S", 0.0)
        row = waiting()
        ran = run(Channel.TELEGRAM, NOON, budget_s=0.001)
        assert telegram.sent == []
        assert ran.given_back >= 1
        assert state(row)[0] == "pending"
        assert row.attempts == 0

    def test_what_was_sent_is_told_once_the_database_is_back(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, calls = outbox.settle, [0]

        def away(results: Any, now: Any) -> Any:
            calls[0] += 1
            if calls[0] <= 2:
                raise OperationalError("the database system is starting up")
            return real(results, now)

        monkeypatch.setattr(outbox, "settle", away)
        monkeypatch.setattr("notifications.sending.teller.connection.close", lambda: None)
        monkeypatch.setattr(teller, "LISTEN_S", 0.01)
        row = waiting()

        ran = run(Channel.TELEGRAM, NOON)

        assert (ran.sent, state(row)) == (1, ("sent", ""))
        assert calls[0] == 3

    def test_a_database_away_for_longer_than_a_lease_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: Any) -> Any:
            raise OperationalError("no route to host")

        monkeypatch.setattr(outbox, "settle", away)
        monkeypatch.setattr(teller, "TELL_WITHIN_S", -1.0)
        waiting()
        with pytest.raises(OperationalError):
            run(Channel.TELEGRAM, NOON)


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
