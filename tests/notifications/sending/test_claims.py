"""Taking deliveries from the queue: order, counting, what ends instead, what must wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from arbedge.names import Channel
from notifications.codes import Code
from notifications.models import Delivery, DigestItem
from notifications.names import DeliveryState, Priority, Topic
from notifications.sending.claims import CLAIMED_ALONE, DEAD_AFTER, LEASE, claim, release_lapsed
from notifications.sending.rows import Claimed
from tests.accounts.factories import UserFactory
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    reachable_person,
)
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def claimed(limit: int = 100, now: Any = NOON, channel: Channel = Channel.TELEGRAM) -> list[int]:
    return [row.id for row in claim(channel, now, limit=limit).rows]


def ended(now: Any = NOON) -> dict[int, str]:
    """What a claim ends: delivery to its code."""
    return {one.id: one.code for one in claim(Channel.TELEGRAM, now, limit=100).ended}


def follow_up(opening: Delivery | None, **columns: Any) -> Delivery:
    """An improvement for whoever got this opening (or one that is in the log, by `opening_id`)."""
    if opening is not None:
        columns = {"opening_id": opening.pk, "recipient_id": opening.recipient_id} | columns
    return DeliveryFactory(message__topic=Topic.IMPROVED, **columns)


def test_a_row_is_claimed_once() -> None:
    row = DeliveryFactory()
    assert claimed() == [row.pk]
    assert claimed() == []


def test_a_claim_counts_the_attempt_and_holds_the_row_by_token_and_lease() -> None:
    row = DeliveryFactory()

    [mine] = claim(Channel.TELEGRAM, NOON, limit=5).rows

    row.refresh_from_db()
    assert (row.state, row.attempts, row.unended) == ("sending", 1, 1)
    assert (row.token, row.lease_until) == (mine.token, NOON + LEASE)
    assert (mine.attempts, mine.unended, mine.lease_until) == (1, 1, NOON + LEASE)


def test_what_is_claimed_says_all_that_sending_needs() -> None:
    row = DeliveryFactory(
        channels=[0, 3], refs={"email": "<1>"}, items=[4, 5], language="fr", notional_usd=5000
    )

    [mine] = claim(Channel.TELEGRAM, NOON, limit=5).rows

    assert isinstance(mine, Claimed)
    assert (mine.channels, mine.place, mine.on) == ((0, 3), 0, Channel.TELEGRAM)
    assert (mine.refs, mine.items, mine.language) == ({"email": "<1>"}, (4, 5), "fr")
    assert mine.notional_usd == 5000
    assert mine.fingerprint == row.message.fingerprint


def test_the_urgent_come_first_then_the_higher_tier_then_who_waited_longest() -> None:
    late = DeliveryFactory(tier=4)
    early = DeliveryFactory(tier=4, due_at=NOON - MINUTE)
    free = DeliveryFactory(tier=0, due_at=NOON - HOUR)
    urgent = DeliveryFactory(tier=0, priority=Priority.CRITICAL)

    assert claimed(limit=3) == [urgent.pk, early.pk, late.pk]
    assert claimed(limit=3) == [free.pk]


def test_rows_of_other_channels_and_later_rows_wait() -> None:
    DeliveryFactory(channels=[1])
    DeliveryFactory(due_at=NOON + SECOND)
    assert claimed() == []


def test_rows_of_lost_workers_are_claimed_one_by_one_after_the_others() -> None:
    suspects = [DeliveryFactory(priority=Priority.HIGH, unended=CLAIMED_ALONE) for _ in range(2)]
    other = DeliveryFactory()

    assert claimed() == [other.pk]
    assert claimed() == []
    for suspect in suspects:
        assert [row.id for row in claim(Channel.TELEGRAM, NOON, limit=9, alone=True).rows] == [
            suspect.pk
        ]


def test_no_other_row_is_claimed_alone() -> None:
    DeliveryFactory(unended=CLAIMED_ALONE - 1)
    assert claim(Channel.TELEGRAM, NOON, limit=9, alone=True).rows == []


def test_a_lapsed_lease_frees_the_row_for_another_claim() -> None:
    row = DeliveryFactory()
    claimed()

    assert release_lapsed(NOON + LEASE) == (0, [])
    assert release_lapsed(NOON + LEASE + SECOND) == (1, [])

    assert claimed(now=NOON + 2 * LEASE) == [row.pk]
    row.refresh_from_db()
    assert (row.attempts, row.unended) == (2, 2)


def test_the_fifth_claim_without_an_end_is_the_last() -> None:
    row = DeliveryFactory(state=DeliveryState.SENDING, unended=DEAD_AFTER, counted=True)

    waiting, dead = release_lapsed(NOON + HOUR)

    row.refresh_from_db()
    assert (waiting, [one.id for one in dead]) == (0, [row.pk])
    assert (row.state, row.code, row.settled_at) == ("dead", "worker_lost", NOON + HOUR)
    assert dead[0].counted


def test_a_row_that_kills_every_worker_takes_others_along_twice_and_dies_alone() -> None:
    poison = DeliveryFactory(priority=Priority.HIGH)
    others = {DeliveryFactory().pk for _ in range(3)}
    now, victims = NOON, []
    while not release_lapsed(now)[1]:
        rows = claim(Channel.TELEGRAM, now, limit=9).rows
        rows = rows or claim(Channel.TELEGRAM, now, limit=9, alone=True).rows
        victims.append({row.id for row in rows})
        now += 2 * LEASE

    assert victims == [{poison.pk, *others}] * 2 + [{poison.pk}] * 3
    ends = dict(Delivery.objects.values_list("pk", "state"))
    assert ends == {poison.pk: "dead", **dict.fromkeys(others, "pending")}


def test_an_expired_row_lapses() -> None:
    row = DeliveryFactory(expires_at=NOON)
    assert ended() == {row.pk: Code.EXPIRED}
    row.refresh_from_db()
    assert (row.state, row.code, row.settled_at) == ("expired", "expired", NOON)
    assert (row.attempts, row.token) == (0, None)


def test_the_opening_of_a_closed_opportunity_is_cancelled() -> None:
    closed = OpportunityFactory(closed=True)
    row = DeliveryFactory(message__opportunity_id=closed.pk)
    assert ended() == {row.pk: Code.CLOSED}


def test_the_opening_of_a_live_opportunity_is_sent() -> None:
    row = DeliveryFactory(message__opportunity_id=OpportunityFactory().pk)
    assert claimed() == [row.pk]


def test_without_a_session_nothing_is_sent() -> None:
    row = DeliveryFactory(recipient_id=UserFactory().pk)
    assert ended() == {row.pk: Code.SESSION_OVER}


def test_a_session_that_ended_since_is_none() -> None:
    person = reachable_person(session_until=NOON + MINUTE)
    row = DeliveryFactory(recipient_id=person.pk, due_at=NOON)
    assert ended(NOON + MINUTE) == {row.pk: Code.SESSION_OVER}


@pytest.mark.parametrize("topic", [Topic.CODE, Topic.TEST])
def test_what_somebody_asked_for_needs_no_session(topic: Topic) -> None:
    row = DeliveryFactory(message__topic=topic, recipient_id=UserFactory().pk)
    assert claimed() == [row.pk]


def test_a_chat_needs_no_session() -> None:
    row = DeliveryFactory(recipient="chat", recipient_id=ChatFactory().pk)
    assert claimed() == [row.pk]


def test_who_sleeps_now_is_left_alone() -> None:
    person = reachable_person(quiet_from_min=11 * 60, quiet_to_min=13 * 60)
    counted = DeliveryFactory(recipient_id=person.pk, counted=True)
    uncounted = DeliveryFactory(recipient_id=person.pk, message__topic=Topic.ALERT)

    batch = claim(Channel.TELEGRAM, NOON, limit=10)

    assert [(one.id, one.code) for one in batch.ended] == [(counted.pk, Code.DO_NOT_DISTURB)]
    assert [(row.id, row.silent) for row in batch.rows] == [(uncounted.pk, False)]


def test_who_chose_so_reads_it_in_his_digest_when_he_wakes() -> None:
    person = reachable_person(quiet_from_min=11 * 60, quiet_to_min=13 * 60, quiet_to_digest=True)
    row = DeliveryFactory(recipient_id=person.pk, counted=True)

    assert ended() == {row.pk: Code.DO_NOT_DISTURB}

    [item] = DigestItem.objects.all()
    assert (item.recipient_id, item.message_id) == (person.pk, row.message_id)
    assert item.due_at == NOON + HOUR


def test_who_did_not_choose_so_is_not_bothered_later() -> None:
    person = reachable_person(quiet_from_min=11 * 60, quiet_to_min=13 * 60)
    DeliveryFactory(recipient_id=person.pk, counted=True)
    ended()
    assert not DigestItem.objects.exists()


def test_a_follow_up_comes_silently_to_who_sleeps() -> None:
    person = reachable_person(quiet_from_min=11 * 60, quiet_to_min=13 * 60)
    opening = DeliveryFactory(recipient_id=person.pk, state=DeliveryState.SENT)
    follow_up(opening)
    [row] = claim(Channel.TELEGRAM, NOON, limit=10).rows
    assert row.silent


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.SENDING])
def test_a_follow_up_waits_for_its_opening(state: DeliveryState) -> None:
    opening = DeliveryFactory(state=state, due_at=NOON + HOUR)
    follow_up(opening)
    batch = claim(Channel.TELEGRAM, NOON, limit=10)
    assert (batch.rows, batch.ended) == ([], [])


def test_a_follow_up_knows_the_message_it_follows() -> None:
    opening = DeliveryFactory(state=DeliveryState.SENT, refs={"telegram": "77"})
    follow_up(opening)
    [row] = claim(Channel.TELEGRAM, NOON, limit=10).rows
    assert row.opening_refs == {"telegram": "77"}


def test_an_opening_in_the_log_is_known_too() -> None:
    person = reachable_person()
    opening = DeliveryLogFactory(recipient_id=person.pk, refs={"telegram": "78"})
    follow_up(None, opening_id=opening.pk, recipient_id=person.pk)
    [row] = claim(Channel.TELEGRAM, NOON, limit=10).rows
    assert row.opening_refs == {"telegram": "78"}


@pytest.mark.parametrize(
    "state",
    [DeliveryState.FAILED, DeliveryState.DEAD, DeliveryState.EXPIRED, DeliveryState.CANCELLED],
)
def test_nobody_hears_more_of_an_opening_he_did_not_get(state: DeliveryState) -> None:
    row = follow_up(DeliveryFactory(state=state))
    assert ended() == {row.pk: Code.OPENING_FAILED}


def test_a_follow_up_of_an_opening_nobody_knows_is_not_sent() -> None:
    row = follow_up(None, opening_id=999_999)
    assert ended() == {row.pk: Code.OPENING_FAILED}


def test_only_the_latest_follow_up_survives() -> None:
    opening = DeliveryFactory(state=DeliveryState.SENT)
    earlier, latest = follow_up(opening), follow_up(opening)

    batch = claim(Channel.TELEGRAM, NOON, limit=10)

    assert [row.id for row in batch.rows] == [latest.pk]
    assert {one.id: one.code for one in batch.ended} == {earlier.pk: Code.SUPERSEDED}


def test_a_follow_up_waits_for_an_earlier_one_on_its_way() -> None:
    opening = DeliveryFactory(state=DeliveryState.SENT)
    follow_up(opening, state=DeliveryState.SENDING, lease_until=NOON + HOUR)
    follow_up(opening)
    assert claimed() == []


def test_one_statement_claims_whatever_the_number(django_assert_num_queries: Any) -> None:
    message = MessageFactory()
    for _ in range(7):
        DeliveryFactory(message=message)
    with django_assert_num_queries(3):  # BEGIN, the claim, COMMIT
        assert len(claimed()) == 7
