"""The vault and the four venues together: real signatures, real sockets, real rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts import vault
from accounts.credentials import KeyRefused, Unchecked
from accounts.models import KeyState, StoredKey, User
from arbedge.names import Door
from exchanges.simulator.accounts import account
from exchanges.simulator.faults import Board, Kind, Wish
from tests.accounts.factories import UserFactory
from tests.simulated import simulated_venues

pytestmark = pytest.mark.django_db
VENUES = pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitget"])


@pytest.fixture
def faults() -> Board:
    return Board()


@pytest.fixture(autouse=True)
def venues(settings: Settings, faults: Board) -> Iterator[None]:
    with simulated_venues(settings, faults):
        yield


@pytest.fixture
def user() -> User:
    return UserFactory()


def add(user: User, venue: str, name: str, *, testnet: bool = False) -> StoredKey:
    who = account(venue, name)
    return vault.add_exchange(
        user, venue, who.key, who.secret, who.passphrase, testnet=testnet, door=Door.WEB
    )


@VENUES
@pytest.mark.parametrize(("name", "trades"), [("reader", False), ("trader", True)])
def test_a_good_key_is_kept_with_its_rights(
    user: User, venue: str, name: str, trades: bool
) -> None:
    row = add(user, venue, name)

    assert (row.can_read, row.can_trade, row.state) == (True, trades, KeyState.ACTIVE)
    assert row.ip_bound is (name == "trader")


@VENUES
def test_a_key_that_may_withdraw_is_refused_with_what_to_switch_off(user: User, venue: str) -> None:
    with pytest.raises(KeyRefused, match="untick") as caught:
        add(user, venue, "withdrawer")

    assert caught.value.code == "key_withdraws"
    assert not StoredKey.objects.exists()


@VENUES
@pytest.mark.parametrize("name", ["expired", "elsewhere", "odd"])
def test_a_key_that_cannot_be_used_leaves_nothing_behind(user: User, venue: str, name: str) -> None:
    with pytest.raises(KeyRefused):
        add(user, venue, name)

    assert not StoredKey.objects.exists()


@VENUES
def test_a_venue_that_is_down_leaves_nothing_behind(user: User, venue: str, faults: Board) -> None:
    faults.add(Wish(venue, Kind.SERVER))

    with pytest.raises(Unchecked):
        add(user, venue, "trader")

    assert not StoredKey.objects.exists()


@VENUES
def test_a_key_of_the_test_network_is_kept_as_one(user: User, venue: str) -> None:
    assert add(user, venue, "paper", testnet=True).testnet


def test_the_key_opened_later_still_signs(user: User) -> None:
    row = add(user, "okx", "trader")

    assert vault.revalidate(user, row.pk, door=Door.TASK).state == KeyState.ACTIVE
