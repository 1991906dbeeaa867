"""Dead letters sent once more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from auditlog.models import LogEntry

from notifications.models import Delivery, DeliveryLog
from notifications.names import DeliveryState
from notifications.sending.claims import CLAIMED_ALONE
from notifications.sending.replaying import replay
from tests.accounts.factories import UserFactory
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.DEAD])
def test_what_ended_badly_waits_again_from_its_first_channel(state: DeliveryState) -> None:
    row = DeliveryFactory(state=state, code="gone", channels=[0, 1], place=1, channel=1, attempts=4)

    assert replay([row.pk], None, NOON + MINUTE) == 1

    row.refresh_from_db()
    assert (row.state, row.code, row.due_at) == ("pending", "", NOON + MINUTE)
    assert (row.place, row.channel, row.attempts) == (0, 0, 0)
    assert row.settled_at is None


@pytest.mark.parametrize(
    "state",
    [state for state in DeliveryState if state not in {DeliveryState.FAILED, DeliveryState.DEAD}],
)
def test_nothing_else_is_replayed(state: DeliveryState) -> None:
    row = DeliveryFactory(state=state)
    assert replay([row.pk], None, NOON) == 0
    row.refresh_from_db()
    assert row.state == state


def test_a_dead_letter_comes_back_from_the_log() -> None:
    message = MessageFactory(expires_at=NOON + HOUR)
    gone = DeliveryLogFactory(
        message_id=message.pk, state="dead", code="worker_lost", counted=True, sent_at=None,
        language="es", channels=[0, 1],
    )  # fmt: skip

    assert replay([gone.pk], None, NOON + MINUTE) == 1

    row = Delivery.objects.get(pk=gone.pk)
    assert (row.state, row.language, row.counted, row.channels) == ("pending", "es", True, [0, 1])
    assert (row.recipient_id, row.expires_at) == (gone.recipient_id, NOON + HOUR)
    assert not DeliveryLog.objects.exists()


def test_what_may_kill_workers_is_still_claimed_alone() -> None:
    row = DeliveryFactory(state="dead", code="worker_lost", unended=5)
    replay([row.pk], None, NOON)
    row.refresh_from_db()
    assert row.unended == CLAIMED_ALONE


def test_what_has_expired_is_not_sent_any_more() -> None:
    message = MessageFactory(expires_at=NOON)
    row = DeliveryFactory(message=message, state="failed")
    logged = DeliveryLogFactory(message_id=message.pk, state="failed")
    assert replay([row.pk, logged.pk], None, NOON + timedelta(seconds=1)) == 0
    assert DeliveryLog.objects.get().state == "failed"


def test_a_replay_is_audited() -> None:
    by = UserFactory()
    row = DeliveryFactory(state="dead")

    replay([row.pk, 12345], by, NOON)

    [line] = LogEntry.objects.filter(additional_data__what="deliveries.replayed")
    assert line.actor == by
    assert str(row.pk) in str(line.changes)
    assert "12345" not in str(line.changes)


def test_nothing_replayed_is_nothing_to_audit() -> None:
    replay([4], None, NOON)
    assert not LogEntry.objects.filter(additional_data__what="deliveries.replayed").exists()
