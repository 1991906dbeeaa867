"""Workers beside each other, operators, the sweeper and the pruner: no row twice, none lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection

from arbedge import cache
from arbedge.names import Channel
from notifications import days
from notifications.choosing import quotas
from notifications.models import Attempt, Delivery, DeliveryLog
from notifications.names import DeliveryState
from notifications.sending import delivery, journal, outbox, sweeping, turns, waking
from notifications.sending.claims import LEASE
from notifications.sending.replaying import replay
from notifications.sending.teller import Ran
from tests.notifications.factories import (
    MINUTE,
    NOON,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    reachable_person,
)
from tests.notifications.sending.delivering import FakeSender, use_pace, use_senders, use_texts
from tests.notifications.sending.queueing import refused, sent
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOON + LEASE + MINUTE
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tables by day are not Django's to empty."""
    cache.client().flushdb()
    monkeypatch.setattr(waking, "deliver", lambda *_: True)
    monkeypatch.setattr(waking, "fan_out", lambda *_: True)
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE notifications_deliverylog, notifications_attempt")
    cache.client().flushdb()


@pytest.fixture
def telegram(monkeypatch: pytest.MonkeyPatch) -> FakeSender:
    use_pace(monkeypatch)
    use_texts(monkeypatch)
    return use_senders(monkeypatch, Channel.TELEGRAM)[Channel.TELEGRAM]


def queue(number: int, **columns: Any) -> list[int]:
    """So many rows that wait, for as many people."""
    message = MessageFactory()
    made = [
        DeliveryFactory(message=message, recipient_id=reachable_person().pk, **columns)
        for _ in range(number)
    ]
    return [row.pk for row in made]


def state(delivery_id: int) -> str:
    return str(Delivery.objects.values_list("state", flat=True).get(pk=delivery_id))


def test_workers_side_by_side_claim_no_row_twice() -> None:
    ids = queue(30)
    claiming = [lambda: outbox.claim(Channel.TELEGRAM, NOON, limit=7).rows for _ in range(6)]
    claimed = [row.id for rows in at_once(*claiming) for row in rows]
    assert len(claimed) == len(set(claimed)) == 30
    assert set(claimed) == set(ids)


def test_workers_side_by_side_send_no_row_twice(telegram: FakeSender) -> None:
    ids = queue(24)

    runs: list[Ran] = at_once(*[lambda: delivery.run(Channel.TELEGRAM, NOON)] * 4)

    assert sorted(telegram.ids) == ids
    assert sum(ran.sent for ran in runs) == Attempt.objects.count() == 24
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_a_person_gets_no_more_than_his_limit_from_many_workers(telegram: FakeSender) -> None:
    person = reachable_person()
    for _ in range(12):
        DeliveryFactory(recipient_id=person.pk, counted=True)
    quotas.exhausted(NOON)  # known before they begin: a rebuild counts what is on its way

    at_once(*[lambda: delivery.run(Channel.TELEGRAM, NOON)] * 4)

    assert len(telegram.sent) == 5
    assert quotas.used(person.pk, NOON) == 5


def test_a_slow_channel_is_one_workers_at_a_time() -> None:
    def hold() -> bool:
        with turns.taken(Channel.WEBHOOK) as mine:
            if mine:
                inner = at_once(lambda: delivery.run(Channel.WEBHOOK, NOON))
                assert inner[0].next_at == NOON + delivery.NEXT_TURN
            return mine

    assert hold()
    assert at_once(lambda: delivery.run(Channel.WEBHOOK, NOON))[0].next_at is None


def test_telegram_is_everybodys() -> None:
    with turns.taken(Channel.TELEGRAM) as mine:
        assert mine
        assert at_once(lambda: delivery.run(Channel.TELEGRAM, NOON))[0].next_at is None


def test_a_claim_that_lapsed_while_it_is_settled_belongs_to_one(telegram: FakeSender) -> None:
    """Settle, sweep and claim meet: whatever the order, the row ends once or is claimed once."""
    for _ in range(8):
        [number] = queue(1)
        [row] = outbox.claim(Channel.TELEGRAM, NOON, limit=1).rows
        told, swept, others = at_once(
            partial(outbox.settle, [sent(row)], LATER),
            lambda: outbox.release_lapsed(LATER),
            lambda: outbox.claim(Channel.TELEGRAM, LATER, limit=1).rows,
        )
        now = Delivery.objects.get(pk=number)
        if told.done:
            assert (now.state, others, swept[0]) == ("sent", [], 0)
        else:
            assert now.state in {"pending", "sending"}
            assert (now.state == "sending") == bool(others)
        Delivery.objects.all().delete()


def test_settled_by_two_only_the_first_counts() -> None:
    queue(1)
    [row] = outbox.claim(Channel.TELEGRAM, NOON, limit=1).rows
    settling: list[Callable[[], Any]] = [
        lambda: outbox.settle([sent(row)], NOON), lambda: outbox.settle([refused(row)], NOON),
    ]  # fmt: skip
    told = at_once(*settling)
    assert sorted(len(one.done) for one in told) == [0, 1]
    assert sorted(len(one.late) for one in told) == [0, 1]
    assert Attempt.objects.count() == 2


def test_replayed_by_two_operators_it_is_queued_once() -> None:
    [number] = queue(1, state=DeliveryState.DEAD)
    replays = at_once(*[lambda: replay([number], None, NOON)] * 4)
    assert sorted(replays) == [0, 0, 0, 1]


def test_a_replay_beside_the_journal_finds_the_row_wherever_it_is() -> None:
    long_ago = NOON - timedelta(hours=1)
    for _ in range(8):
        [number] = queue(1, state=DeliveryState.FAILED, due_at=long_ago)
        replayed, _ = at_once(partial(replay, [number], None, NOON), lambda: journal.move(NOON))
        rows = Delivery.objects.filter(pk=number).count()
        logged = DeliveryLog.objects.filter(pk=number).count()
        assert rows + logged == 1
        assert replayed == 1
        assert state(number) == DeliveryState.PENDING


def test_a_replay_beside_the_sweeper_ends_in_one_state() -> None:
    for _ in range(8):
        [number] = queue(1, state=DeliveryState.SENDING, unended=5, lease_until=NOON)
        at_once(lambda: sweeping.sweep(LATER), partial(replay, [number], None, LATER))
        row = Delivery.objects.get(pk=number)
        assert row.state in {"dead", "pending"}
        assert (row.settled_at is None) == (row.state == "pending")
        assert row.token is None


def test_journals_side_by_side_move_every_row_once() -> None:
    ids = queue(40, state=DeliveryState.SENT)
    moved = at_once(*[lambda: journal.move(LATER + 10 * MINUTE, batch=7)] * 4)
    assert sum(moved) == 40
    assert sorted(DeliveryLog.objects.values_list("pk", flat=True)) == ids
    assert not Delivery.objects.exists()


def test_days_made_by_several_are_made_once() -> None:
    far = NOON + timedelta(days=4_000)
    made = at_once(*[lambda: days.ensure(far, ahead=1)] * 4)
    names = [name for some in made for name in some]
    assert len(names) == len(set(names)) == 4
    for table in days.TABLES:
        for name in names:
            if name.startswith(table):
                assert days.drop(table, name)


def test_a_busy_day_is_dropped_by_a_later_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "_PATIENCE", "SET LOCAL lock_timeout = '100ms'")
    table, far = "notifications_deliverylog", NOON + timedelta(days=5_000)
    days.ensure(far, ahead=0)
    DeliveryLogFactory(message_id=1, recipient_id=1, settled_at=far, due_at=far)
    name = days.name_of(table, far.date())
    held = connection.get_connection_params()
    wanted = {key: held[key] for key in ("dbname", "user", "host", "port") if held.get(key)}
    with psycopg.connect(**wanted) as reader:
        reader.execute(f"SELECT count(*) FROM {name}".encode())
        assert not days.drop(table, name)
    assert days.drop(table, name)
    days.drop("notifications_attempt", days.name_of("notifications_attempt", far.date()))


def test_one_of_many_workers_rebuilds_what_the_cache_lost() -> None:
    person = reachable_person()
    for _ in range(5):
        DeliveryFactory(
            recipient_id=person.pk, counted=True, state=DeliveryState.SENT, due_at=NOON - SECOND
        )
    answers = at_once(*[lambda: quotas.exhausted(NOON)] * 6)
    known = [one for one in answers if isinstance(one, quotas.Exhausted)]
    assert known
    assert all(one.hour == [person.pk] for one in known)
