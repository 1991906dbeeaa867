"""Deliveries to named people: as each wishes, once, and to nobody without a session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from arbedge.choices import Spread
from arbedge.names import Channel, Tier
from notifications import letters
from notifications.letters import Letter
from notifications.models import Delivery, Message
from notifications.names import CHANNEL_NUMBERS, DeliveryState, Topic
from notifications.sending import waking
from tests.notifications.factories import HOUR, NOON, MessageFactory, rank, reachable_person

pytestmark = pytest.mark.django_db


def message(**more: Any) -> Message:
    made: Message = MessageFactory(topic=Topic.ALERT, opportunity_id=None, **more)
    return made


def posted(person: User, **more: Any) -> Delivery:
    """The one delivery that is written to the person."""
    assert letters.post([Letter(message().pk, person.pk, **more)], NOON) == 1
    return Delivery.objects.get(recipient_id=person.pk)


def test_a_letter_goes_by_the_persons_own_wishes() -> None:
    person = reachable_person(
        tier=Tier.PRO, language="fr", time_zone="Europe/Paris", notional_usd=5_000,
        horizon_hours=24, leverage=3.0, channels=["email", "telegram"], spread=Spread.ALL,
    )  # fmt: skip

    row = posted(person)

    channels = [CHANNEL_NUMBERS[Channel.EMAIL], CHANNEL_NUMBERS[Channel.TELEGRAM]]
    assert (row.channels, row.channel, row.to_all) == (channels, channels[0], True)
    assert (row.tier, row.language, row.zone) == (rank(Tier.PRO), "fr", "Europe/Paris")
    assert (row.notional_usd, row.horizon_hours, row.leverage) == (5_000, 24, 3.0)


def test_a_letter_waits_untouched_and_does_not_count() -> None:
    row = posted(reachable_person())
    assert (row.state, row.code, row.attempts, row.unended, row.place) == ("pending", "", 0, 0, 0)
    assert (row.counted, row.silent, row.refs, row.items) == (False, False, {}, None)
    assert (row.due_at, row.created_at, row.token) == (NOON, NOON, None)
    assert (row.message_id, row.facts_of_id, row.topic) == (row.message.pk, row.message.pk, "alert")
    assert (row.priority, row.expires_at) == (row.message.priority, row.message.expires_at)


def test_a_silent_letter_is_silent() -> None:
    assert posted(reachable_person(), silent=True).silent


@pytest.mark.parametrize(
    ("wishes", "tier"),
    [
        ({"tier": Tier.ENTERPRISE, "tier_until": NOON}, Tier.FREE),
        ({"tier": Tier.FREE, "beta_until": NOON + HOUR}, Tier.PREMIUM),
        ({"tier": Tier.FREE, "beta_until": NOON}, Tier.FREE),
        ({"tier": Tier.PRO, "beta_until": NOON + HOUR}, Tier.PRO),
    ],
)
def test_the_tier_that_counts_is_that_of_the_moment(wishes: dict[str, Any], tier: Tier) -> None:
    assert posted(reachable_person(**wishes)).tier == rank(tier)


def test_whoever_has_no_session_gets_nothing() -> None:
    person = reachable_person(session_until=NOON)
    assert letters.post([Letter(message().pk, person.pk)], NOON) == 0
    assert not Delivery.objects.exists()


def test_nobody_gets_a_message_twice() -> None:
    person, same = reachable_person(), message()
    assert letters.post([Letter(same.pk, person.pk)], NOON) == 1
    Delivery.objects.update(state=DeliveryState.SENT, settled_at=NOON)

    assert letters.post([Letter(same.pk, person.pk)], NOON) == 0
    assert Delivery.objects.get().state == DeliveryState.SENT


def test_each_person_gets_his_own_message() -> None:
    people = [reachable_person() for _ in range(3)]
    messages = [message() for _ in people]
    pairs = [Letter(one.pk, person.pk) for one, person in zip(messages, people, strict=True)]

    assert letters.post(pairs, NOON) == 3

    told = dict(Delivery.objects.values_list("recipient_id", "message_id"))
    assert told == {letter.user_id: letter.message_id for letter in pairs}


def test_many_letters_are_one_statement(django_assert_num_queries: Any) -> None:
    person = reachable_person()
    pairs = [Letter(message().pk, person.pk) for _ in range(20)]
    with django_assert_num_queries(1):
        letters.post(pairs, NOON)


def test_no_letters_are_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert letters.post([], NOON) == 0


def test_senders_are_woken_once_a_channel_after_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    woken: list[list[Channel]] = []
    monkeypatch.setattr(waking, "deliver", lambda channels: woken.append(list(channels)))
    people = [
        reachable_person(channels=[channel]) for channel in ("email", "telegram", "email")
    ]  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        letters.post([Letter(message().pk, one.pk) for one in people], NOON)
        assert woken == []
    assert woken == [[Channel.TELEGRAM, Channel.EMAIL]]


def test_nobody_is_woken_where_nothing_was_written(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(waking, "deliver", lambda _: pytest.fail("was woken"))
    person = reachable_person(session_until=NOON - timedelta(days=1))
    with django_capture_on_commit_callbacks(execute=True):
        letters.post([Letter(message().pk, person.pk)], NOON)
