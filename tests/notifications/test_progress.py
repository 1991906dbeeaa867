from __future__ import annotations

from datetime import timedelta

import pytest

from arbedge import status
from arbedge.names import Channel
from arbedge.status import Level, Line
from notifications import progress
from notifications.models import Attempt
from notifications.names import Outcome, Recipient
from tests.notifications.factories import NOON, DeliveryFactory

pytestmark = pytest.mark.django_db


def tried(outcome: Outcome, number: int, ago: timedelta = timedelta(0)) -> None:
    Attempt.objects.bulk_create(
        Attempt(delivery_id=one, recipient=Recipient.USER, recipient_id=1,
                channel=Channel.TELEGRAM, at=NOON - ago, outcome=outcome)
        for one in range(number)
    )  # fmt: skip


def line() -> Line:
    (only,) = progress.lines(NOON + timedelta(seconds=1))
    return only


def test_before_the_first_message_nothing_is_wrong() -> None:
    assert line() == Line("messages", Level.GOOD, "0 sent within the hour, 0 waiting")


def test_messages_of_the_hour_and_those_that_wait_are_counted() -> None:
    tried(Outcome.SENT, 12)
    tried(Outcome.SENT, 3, ago=timedelta(minutes=61))
    tried(Outcome.RETRY, 2)
    DeliveryFactory(due_at=NOON)
    DeliveryFactory(due_at=NOON + timedelta(minutes=5))
    assert line() == Line("messages", Level.GOOD, "12 sent within the hour, 2 waiting")


def test_refused_messages_are_told() -> None:
    tried(Outcome.PERMANENT, 2)
    assert line().level is Level.WARN
    assert line().text.endswith("0 waiting, 2 refused")


def test_one_that_has_waited_too_long_is_a_warning() -> None:
    DeliveryFactory(due_at=NOON - timedelta(minutes=1))
    assert line().level is Level.WARN


def test_a_large_number_is_not_counted_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "COUNTED", 5)
    tried(Outcome.SENT, 7)
    assert line().text.startswith("5 or more sent")


def test_the_screen_has_the_line() -> None:
    assert status.sources["Messages"] is progress.lines
