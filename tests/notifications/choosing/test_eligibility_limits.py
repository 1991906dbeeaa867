"""Whoever is at a limit, cools down, or was told already is left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notifications.choosing import eligibility
from notifications.choosing.eligibility import Held
from notifications.codes import Why
from notifications.names import DeliveryState, Topic
from tests.notifications.choosing.due import counts, due, only, told
from tests.notifications.factories import (
    MINUTE,
    NOON,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    reachable_person,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("why", "held"),
    [
        (Why.HOUR_FULL, lambda who, one: Held(hour=[who])),
        (Why.DAY_FULL, lambda who, one: Held(day=[who])),
        (Why.COOLDOWN, lambda who, one: Held(cooling={one.fingerprint: [who]})),
        (Why.ELIGIBLE, lambda who, one: Held(cooling={"another": [who]})),
        (Why.ELIGIBLE, lambda who, one: Held(chats_hour=[who], hour=[who + 1], day=[who - 1])),
    ],
)
def test_whoever_is_at_a_limit_is_left_out(
    why: Why, held: Callable[[int, eligibility.Due], Held]
) -> None:
    person = reachable_person()
    one = due()
    assert counts(one, held=held(person.pk, one)) == only(why)


def test_an_improvement_breaks_the_cooldown_of_people() -> None:
    person = reachable_person()
    one = due(topic=Topic.IMPROVED)
    assert counts(one, held=Held(cooling={one.fingerprint: [person.pk]})) == only(Why.ELIGIBLE)


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.READ])
def test_whoever_was_told_of_the_opportunity_is_not_told_as_if_it_were_new(
    state: DeliveryState,
) -> None:
    person = reachable_person()
    opening = MessageFactory()
    DeliveryFactory(message=opening, recipient_id=person.pk, state=state)
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(improved) == only(Why.TOLD_ALREADY)


def test_whoever_was_told_is_known_from_the_log_too() -> None:
    person = reachable_person()
    opening = MessageFactory(created_at=NOON)
    DeliveryLogFactory(
        message_id=opening.pk, recipient_id=person.pk, opportunity_id=opening.opportunity_id,
        settled_at=opening.created_at + MINUTE,
    )  # fmt: skip
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(improved) == only(Why.TOLD_ALREADY)


def test_whoever_could_not_be_told_of_the_opening_may_be_told_of_the_improvement() -> None:
    person = reachable_person()
    opening = MessageFactory()
    DeliveryFactory(message=opening, recipient_id=person.pk, state=DeliveryState.CANCELLED)
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    assert counts(improved) == only(Why.ELIGIBLE)


def test_of_two_messages_about_one_opportunity_that_are_due_together_one_is_told() -> None:
    person = reachable_person()
    opening = due()
    improved = due(topic=Topic.IMPROVED, opportunity_id=opening.opportunity_id)
    found = eligibility.match([improved, opening], NOON, held=Held())
    assert found[opening.slice_id] == only(Why.ELIGIBLE)
    assert found[improved.slice_id] == only(Why.TOLD_ALREADY)
    assert [row.message_id for row in told(person)] == [opening.message_id]
