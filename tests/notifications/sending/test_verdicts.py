"""What becomes of a delivery, by what the channels answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from arbedge.names import Channel
from notifications.codes import Code
from notifications.names import DeliveryState, Outcome, Priority
from notifications.sending.rows import Claimed, Settled
from notifications.sending.verdicts import (
    FIRST_RETRY_S,
    JITTER,
    LONGEST_RETRY_S,
    TRIES,
    Verdict,
    may_go_elsewhere,
    verdict,
    wait_s,
)
from tests.notifications.factories import HOUR, MINUTE, NOON
from tests.notifications.sending.queueing import later, refused, sent, tried

TELEGRAM, EMAIL, WEBHOOK = 0, 1, 3


def row(**changes: Any) -> Claimed:
    """The first try of a message that goes by Telegram, and by e-mail if that fails."""
    known: dict[str, Any] = {
        "id": 7, "token": uuid4(), "lease_until": NOON + MINUTE, "message_id": 1, "facts_of_id": 1,
        "recipient": "user", "recipient_id": 3, "topic": "opened", "opportunity_id": 5,
        "opening_id": None, "items": (), "priority": Priority.MEDIUM, "tier": 0, "silent": False,
        "counted": True, "language": "en", "zone": "UTC", "notional_usd": 1000,
        "horizon_hours": 72, "vip_levels": 0, "leverage": 2.0, "channels": (TELEGRAM, EMAIL),
        "place": 0, "channel": TELEGRAM, "to_all": False, "attempts": 1, "unended": 1, "refs": {},
        "variant": "", "created_at": NOON, "due_at": NOON, "expires_at": None, "fingerprint": "f",
    }  # fmt: skip
    return Claimed(**known | changes)


def judged(told: Settled, chance: float = 0.0) -> Verdict:
    return verdict(told, NOON, chance)


def test_what_arrived_is_sent_with_the_providers_id() -> None:
    found = judged(sent(row(refs={"email": "<1>"}), "55"))
    assert (found.state, found.code, found.sent_at) == (DeliveryState.SENT, "", NOON)
    assert found.refs == {"email": "<1>", "telegram": "55"}


def test_a_provider_that_names_no_id_leaves_no_trace() -> None:
    assert judged(sent(row(), "")).refs == {}


def test_what_may_be_tried_again_waits() -> None:
    found = judged(later(row()))
    assert (found.state, found.code, found.place) == (DeliveryState.PENDING, "timeout", 0)
    assert (found.attempts, found.due_at) == (1, NOON + timedelta(seconds=FIRST_RETRY_S))
    assert not found.settled


def test_waits_double_to_an_hour() -> None:
    assert [wait_s(n, 0.0) for n in (1, 2, 3, 4)] == [30, 60, 120, 240]
    assert wait_s(30, 1.0) == LONGEST_RETRY_S


def test_waits_are_spread() -> None:
    assert wait_s(1, 1.0) == FIRST_RETRY_S * (1 + JITTER)


@pytest.mark.parametrize("wish_s", [5.0, 5_000.0])
def test_the_providers_own_wish_counts(wish_s: float) -> None:
    assert judged(later(row(), retry_after_s=wish_s)).due_at == NOON + timedelta(seconds=wish_s)


@pytest.mark.parametrize("priority", list(Priority))
def test_after_its_tries_a_message_goes_elsewhere(priority: Priority) -> None:
    last = TRIES[priority]
    before = judged(later(row(priority=priority, attempts=last - 1)))
    after = judged(later(row(priority=priority, attempts=last)))
    assert 3 <= last <= 5
    assert (before.place, before.state) == (0, DeliveryState.PENDING)
    assert (after.place, after.channel, after.state) == (1, EMAIL, DeliveryState.PENDING)
    assert (after.attempts, after.due_at) == (0, NOON)


def test_without_another_channel_too_many_tries_are_the_end() -> None:
    found = judged(later(row(channels=(TELEGRAM,), attempts=9)))
    assert (found.state, found.code) == (DeliveryState.FAILED, Code.TOO_MANY_TRIES)
    assert found.settled


def test_what_would_lapse_before_its_next_try_goes_elsewhere_at_once() -> None:
    found = judged(later(row(expires_at=NOON + MINUTE), retry_after_s=60))
    assert (found.channel, found.code) == (EMAIL, "timeout")


def test_what_is_refused_for_good_goes_elsewhere() -> None:
    found = judged(refused(row()))
    assert (found.state, found.place, found.channel) == (DeliveryState.PENDING, 1, EMAIL)
    assert (found.code, found.due_at) == ("blocked", NOON)


def test_refused_on_the_last_channel_is_failed() -> None:
    found = judged(refused(row(place=1, channel=EMAIL), "bad_address"))
    assert (found.state, found.code, found.place) == (DeliveryState.FAILED, "bad_address", 1)


def test_a_chat_that_moved_is_tried_again_at_once() -> None:
    found = judged(later(row(), code=Code.MOVED, moved_to={"chat_id": -5}, retry_after_s=90))
    assert (found.due_at, found.state) == (NOON, DeliveryState.PENDING)


def test_cancelled_is_cancelled_whatever_is_left() -> None:
    found = judged(Settled(row(), cancelled=Code.HOUR_FULL))
    assert (found.state, found.code) == (DeliveryState.CANCELLED, "hour_full")


class TestToAll:
    """A message to every channel of a person."""

    everywhere = row(to_all=True, channels=(TELEGRAM, EMAIL, WEBHOOK))

    def test_it_is_sent_where_one_channel_took_it(self) -> None:
        tries = (
            tried(self.everywhere, Outcome.PERMANENT, code="blocked"),
            tried(self.everywhere, Outcome.SENT, channel=Channel.EMAIL, provider_id="<2>"),
            tried(self.everywhere, Outcome.RETRY, channel=Channel.WEBHOOK, code="timeout"),
        )
        found = judged(Settled(self.everywhere, tries))
        assert (found.state, found.refs) == (DeliveryState.SENT, {"email": "<2>"})

    def test_it_waits_for_the_slowest_where_none_did(self) -> None:
        tries = (
            tried(self.everywhere, Outcome.RETRY, code="server", retry_after_s=10),
            tried(self.everywhere, Outcome.RETRY, channel=Channel.EMAIL, retry_after_s=20),
            tried(self.everywhere, Outcome.PERMANENT, channel=Channel.WEBHOOK, code="gone"),
        )
        found = judged(Settled(self.everywhere, tries))
        assert (found.state, found.code) == (DeliveryState.PENDING, "server")
        assert found.due_at == NOON + timedelta(seconds=20)

    def test_it_has_no_next_channel(self) -> None:
        assert not may_go_elsewhere(self.everywhere)
        found = judged(refused(self.everywhere))
        assert (found.state, found.code) == (DeliveryState.FAILED, "blocked")


def test_a_wait_is_never_longer_than_the_cap_by_its_spread() -> None:
    assert wait_s(8, 1.0) <= LONGEST_RETRY_S < HOUR.total_seconds() + 1
