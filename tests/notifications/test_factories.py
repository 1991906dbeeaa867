"""What the factories make can be stored, and means what it says."""

from __future__ import annotations

import pytest

from accounts import audience
from accounts.models import Audience
from arbedge.names import Tier
from notifications.names import DeliveryState, SliceState
from tests.notifications.factories import (
    AddressFactory,
    ChatFactory,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    SliceFactory,
    facts,
    rank,
    reachable_person,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", DeliveryState)
def test_a_delivery_can_stand_anywhere(state: DeliveryState) -> None:
    delivery = DeliveryFactory(state=state)
    assert delivery.message.topic == delivery.topic
    assert (delivery.token is not None) == (state is DeliveryState.SENDING)


@pytest.mark.parametrize("state", SliceState)
def test_a_slice_can_stand_anywhere(state: SliceState) -> None:
    assert SliceFactory(state=state).facts_of.facts["asset"] == "WIF"


def test_every_factory_makes_rows_of_its_own() -> None:
    for make in (MessageFactory, DeliveryFactory, DeliveryLogFactory, ChatFactory, AddressFactory):
        assert make().pk != make().pk


def test_a_message_says_in_its_facts_what_its_columns_say() -> None:
    message = MessageFactory(asset="PEPE")
    assert message.facts["asset"] == "PEPE"
    assert message.facts["opportunity_id"] == message.opportunity_id


def test_facts_take_changes_of_a_leg() -> None:
    changed = facts(long={"venue": "gate"}, net=0.01)
    assert (changed["long"]["venue"], changed["long"]["market"]) == ("gate", "perp")
    assert changed["net"] == 0.01
    assert facts(short=None)["short"] is None


def test_a_reachable_person_is_in_the_audience_with_his_wishes() -> None:
    person = reachable_person(tier=Tier.PRO, language="es", min_net=0.01)
    row = Audience.objects.get(user_id=person.pk)
    assert (row.tier, row.language, row.min_net, row.channels) == (rank(Tier.PRO), "es", 0.01, [0])
    assert not audience.verify()
