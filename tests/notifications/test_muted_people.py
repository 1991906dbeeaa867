"""What a person has muted does not reach him, and reaches him again when the mute is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import mutes
from accounts.models import Muted, User
from arbedge.names import Door
from notifications.codes import Why
from tests.notifications.due import counts, due, only
from tests.notifications.factories import NOON, reachable_person

pytestmark = pytest.mark.django_db

MUTED = [
    (Muted.COIN, "WIF", Why.ASSET_UNWANTED),
    (Muted.VENUE, "okx", Why.VENUE_UNWANTED),
    (Muted.VENUE, "bybit", Why.VENUE_UNWANTED),
]
ANOTHER = [(Muted.COIN, "DOGE"), (Muted.VENUE, "gate")]


def mute(person: User, what: Muted, name: str) -> None:
    begun = NOON - timedelta(hours=2)
    mutes.mute(person, what, name, NOON, door=Door.TELEGRAM, now=begun)


@pytest.mark.parametrize(("what", "name", "why"), MUTED)
def test_a_muted_coin_or_a_leg_on_a_muted_venue_reaches_nobody(
    what: Muted, name: str, why: Why
) -> None:
    mute(reachable_person(), what, name)

    assert counts(due()) == only(why)


@pytest.mark.parametrize(("what", "name", "_why"), MUTED)
def test_it_reaches_him_again_when_the_mute_is_over(what: Muted, name: str, _why: Why) -> None:
    mute(reachable_person(), what, name)

    mutes.expire(NOON)

    assert counts(due()) == only(Why.ELIGIBLE)


@pytest.mark.parametrize(("what", "name"), ANOTHER)
def test_what_has_nothing_to_do_with_the_mute_reaches_him(what: Muted, name: str) -> None:
    mute(reachable_person(), what, name)

    assert counts(due()) == only(Why.ELIGIBLE)
