"""Bundles made by several at once, and of openings that one fan-out wrote to one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from accounts.models import User
from notifications.bundling import digests
from notifications.models import DigestItem, Message
from notifications.sending import waking
from tests.notifications.bundling.waiting import got, opening, waiting
from tests.notifications.factories import (
    MINUTE,
    NOON,
    DeliveryFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db


def die(*_: object) -> None:
    raise SystemExit


@pytest.mark.django_db(transaction=True)
def test_a_bundler_that_dies_takes_nothing_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    person = reachable_person()
    waiting(person, opening(), opening())

    with monkeypatch.context() as dying:
        dying.setattr(digests, "_insert", die)
        with pytest.raises(SystemExit):
            digests.run(NOON)

    assert DigestItem.objects.count() == 2
    assert digests.run(NOON).bundles == 1


def fanned_out(person: User, *messages: Message, at: datetime = NOON, **more: Any) -> None:
    """These openings were written to the person by one fan-out."""
    for message in messages:
        DeliveryFactory(message=message, recipient_id=person.pk, created_at=at, **more)


def test_of_many_openings_the_best_three_come_alone_and_the_others_together() -> None:
    many, few = reachable_person(), reachable_person()
    messages = [opening(0.009 - 0.001 * n) for n in range(6)]
    fanned_out(many, *reversed(messages))
    fanned_out(few, *messages[:4])

    assert digests.gather([one.pk for one in messages], NOON) == 1
    digests.run(NOON)

    *alone, bundle = got(many)
    assert sorted(one.message_id for one in alone) == [one.pk for one in messages[:3]]
    assert bundle.items == [one.pk for one in messages[3:]]
    assert [one.topic for one in got(few)] == ["opened"] * 4


def test_what_is_on_its_way_or_of_an_earlier_fan_out_is_left_alone() -> None:
    person = reachable_person()
    messages = [opening() for _ in range(8)]
    fanned_out(person, *messages[:4])
    fanned_out(person, *messages[4:6], at=NOON - MINUTE)
    fanned_out(person, *messages[6:], state="sending")

    assert digests.gather([one.pk for one in messages], NOON) == 0
    assert len(got(person)) == 8


def test_a_few_openings_are_not_even_looked_at(django_assert_num_queries: Any) -> None:
    messages = [opening().pk for _ in range(4)]
    with django_assert_num_queries(0):
        assert digests.gather(messages, NOON) == 0


def test_a_gathered_bundle_is_sent_at_once(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    woken: list[bool] = []
    monkeypatch.setattr(waking, "bundle", lambda: woken.append(True))
    messages = [opening() for _ in range(5)]
    fanned_out(reachable_person(), *messages)
    with django_capture_on_commit_callbacks(execute=True):
        digests.gather([one.pk for one in messages], NOON)
    assert woken == [True]
