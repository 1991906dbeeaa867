"""What a run lets through now: limits of people, the pace, and breakers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from accounts import tiers
from accounts.models import User
from arbedge import breaker, cache
from arbedge.names import Channel, Fault, Tier
from notifications.choosing import quotas
from notifications.codes import Code
from notifications.models import Attempt, Delivery
from notifications.names import DeliveryState, Outcome
from notifications.sending import gates
from notifications.sending.delivery import run
from notifications.sending.pacing import Room
from tests.notifications.factories import (
    MINUTE,
    NOON,
)
from tests.notifications.sending.delivering import (
    EMAIL,
    TELEGRAM,
    FakeSender,
    Pace,
    anna,
    open_breaker,
    says,
    state,
    waiting,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("empty_cache", "fakes", "pace", "texts"),
]


PER_HOUR = tiers.DEFAULTS[Tier.FREE].opportunities_per_hour


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

    def test_that_a_channel_is_left_alone_is_logged_once_with_what_to_look_at(
        self, telegram: FakeSender
    ) -> None:
        telegram.answer = says(Outcome.RETRY, Code.UNAUTHORISED)
        for _ in range(3):
            waiting()
        with capture_logs() as logged:
            run(Channel.TELEGRAM, NOON)
        [shut] = [line for line in logged if line["event"] == "channel_not_asked"]
        assert shut["why"] == "our account is refused, look at BOT_TOKEN"
        assert (shut["channel"], shut["again_s"]) == (Channel.TELEGRAM, 600)

    def test_one_failure_that_may_be_chance_is_not_logged(self, telegram: FakeSender) -> None:
        telegram.answer = says(Outcome.RETRY, Code.TIMEOUT)
        waiting()
        with capture_logs() as logged:
            run(Channel.TELEGRAM, NOON)
        assert "channel_not_asked" not in [line["event"] for line in logged]

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
