"""Addresses under several hands at once: limits hold, a code works once, a click counts once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from accounts.models import User
from arbedge import cache
from arbedge.errors import ArbEdgeError
from arbedge.names import Channel, Door
from notifications import clicks
from notifications.addressing import addresses, order, suppressions, verification
from notifications.models import Address, Click, Suppression, Verification
from notifications.names import AddressState
from notifications.writing import links
from tests.accounts.factories import UserFactory
from tests.accounts.memories import forget
from tests.notifications.addressing.places import HOOK, kept
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CODE, OTHER = "123456", "654321"
PUSH = "https://93.184.216.34/push/{}"


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    cache.client().flushdb()
    yield
    forget()


@pytest.fixture
def ada() -> User:
    return UserFactory()


def waiting(user: User) -> Address:
    """A mailbox that waits for CODE."""
    row = kept(user, Channel.EMAIL, {"email": "x@example.org"}, AddressState.UNVERIFIED)
    verification._made(row, CODE, datetime.now(UTC))
    return row


def confirm(user: User, row: Address, code: str) -> str:
    """What became of entering this code."""
    try:
        verification.confirm(user, row.pk, code, door=Door.WEB)
    except ArbEdgeError as error:
        return error.code
    return "verified"


def test_a_code_entered_twice_at_once_works_once(ada: User) -> None:
    row = waiting(ada)
    said = at_once(*[lambda: confirm(ada, row, CODE)] * 4)
    assert sorted(said) == ["code_used"] * 3 + ["verified"]


def test_guesses_at_once_are_five_and_no_more(ada: User) -> None:
    row = waiting(ada)
    said = at_once(*[lambda: confirm(ada, row, OTHER)] * 8)
    assert sorted(said) == ["code_spent"] * 3 + ["code_wrong"] * 5
    assert Verification.objects.get().tries == 5


def test_one_address_added_twice_at_once_is_there_once(ada: User) -> None:
    def add() -> str:
        try:
            addresses.add(ada, Channel.WEBHOOK, {"url": "https://93.184.216.34/x"}, door=Door.WEB)
        except ArbEdgeError as error:
            return error.code
        return "added"

    assert sorted(at_once(*[add] * 4)) == ["added"] + ["address_known"] * 3
    assert Address.objects.count() == 1


def test_ten_addresses_are_ten_however_fast_they_come(ada: User) -> None:
    for number in range(addresses.MOST - 1):
        kept(ada, Channel.WEB_PUSH, {"endpoint": PUSH.format(number)})

    def add(channel: Channel) -> str:
        raw = {"number": "+447700900123", "email": "x@example.org"}
        try:
            addresses.add(ada, channel, raw, door=Door.WEB)
        except ArbEdgeError as error:
            return error.code
        return "added"

    said = at_once(lambda: add(Channel.SMS), lambda: add(Channel.EMAIL))
    assert sorted(said) == ["added", "too_many"]


def test_a_bot_blocked_in_two_workers_makes_one_row(ada: User) -> None:
    found = at_once(
        *[lambda: addresses.disable("blocked", recipient_id=ada.pk, channel=Channel.TELEGRAM)] * 3
    )
    assert sum(one is not None for one in found) == 1
    assert Address.objects.count() == 1


def test_failures_in_two_workers_are_both_counted(ada: User) -> None:
    row = kept(ada, Channel.WEBHOOK, HOOK)
    at_once(*[lambda: addresses.count([], [row.pk])] * 4)
    row.refresh_from_db()
    assert row.failures == 4


def test_a_link_pressed_twice_at_once_counts_once() -> None:
    link = links.Link(7, "open", "/")
    said = at_once(*[lambda: clicks.count(link, datetime.now(UTC))] * 4)
    assert sorted(said) == [False, False, False, True]
    assert Click.objects.count() == 1


def test_leaving_twice_at_once_is_as_good_as_once() -> None:
    digest = bytes(32)
    leave = suppressions.suppress
    at_once(*[lambda: leave(Channel.EMAIL, digest, suppressions.UNSUBSCRIBED, "x…")] * 3)
    assert Suppression.objects.count() == 1


def test_two_channels_proven_at_once_are_both_used(ada: User) -> None:
    at_once(
        lambda: order.use(ada, Channel.EMAIL, door=Door.WEB),
        lambda: order.use(ada, Channel.WEBHOOK, door=Door.WEB),
    )
    assert set(order.of(ada)) == {Channel.TELEGRAM, Channel.EMAIL, Channel.WEBHOOK}
