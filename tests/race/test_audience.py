"""Two changes of one person at once: the audience knows both, whoever is last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import permutations
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import audience, sessions, standing
from accounts.models import Audience, Outcome, Preferences, Session, StoredKey, User
from arbedge.names import AccountState, Door, Tier
from tests.accounts.factories import NOON, SessionFactory, UserFactory
from tests.accounts.memories import forget
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 10.0


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


def somebody_waits() -> bool:
    """Whether another connection waits for a lock this one holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        [(waiting,)] = cursor.fetchall()
    return bool(waiting)


def overlapping(first: Callable[[], Any], second: Callable[[], Any]) -> None:
    """`second` begins when `first` has written, and `first` commits when `second` waits for it."""
    written = Event()

    def hold() -> None:
        with transaction.atomic():
            first()
            written.set()
            until = time.monotonic() + PATIENCE_S
            while not somebody_waits() and time.monotonic() < until:
                time.sleep(0.005)
            assert somebody_waits()

    def follow() -> None:
        assert written.wait(PATIENCE_S)
        second()

    at_once(hold, follow)


def upgrade(person: User) -> Callable[[], Any]:
    return lambda: User.objects.filter(pk=person.pk).update(tier=Tier.PRO)


def wish(person: User) -> Callable[[], Any]:
    return lambda: Preferences.objects.update_or_create(
        user=person, defaults={"min_net": 0.01, "venues": 3}
    )


def bring_key(person: User) -> Callable[[], Any]:
    return lambda: StoredKey.objects.create(
        user=person, slot=1, kind="exchange", provider="okx", can_trade=True, last4="abcd",
        digest=bytes(32), sealed="x",
    )  # fmt: skip


def slide(person: User) -> Callable[[], Any]:
    later = NOON + timedelta(days=9)
    return lambda: Session.objects.filter(user=person).update(expires_at=later, seen_at=later)


def leave(person: User) -> Callable[[], Any]:
    [session] = person.sessions.all()
    return lambda: sessions.end(session.pk, Outcome.LOGOUT, NOON)


def suspend(person: User) -> Callable[[], Any]:
    rows = User.objects.filter(pk=person.pk)
    return lambda: rows.update(state=AccountState.SUSPENDED, is_active=False)


def come_by_web(person: User) -> Callable[[], Any]:
    return lambda: sessions.start(person, Door.WEB, NOON)


CHANGES = (upgrade, wish, bring_key, slide, come_by_web)
PAIRS = [*permutations(CHANGES, 2), *((change, leave) for change in CHANGES[:4])]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_changes_that_overlap_are_both_known(first: Any, second: Any) -> None:
    person = SessionFactory().user
    overlapping(first(person), second(person))
    assert not audience.verify()


@pytest.mark.parametrize("change", [slide, come_by_web])
def test_a_person_suspended_meanwhile_is_out(change: Any) -> None:
    person = SessionFactory().user
    overlapping(change(person), suspend(person))
    assert not audience.verify()
    assert audience.size() == 0


def test_wishes_changed_while_the_session_begins_are_known() -> None:
    person = UserFactory()
    overlapping(come_by_web(person), wish(person))
    assert not audience.verify()
    assert Audience.objects.get().venues == 3


def test_a_session_begun_while_wishes_change_has_them() -> None:
    person = UserFactory()
    overlapping(wish(person), come_by_web(person))
    assert not audience.verify()
    assert Audience.objects.get().min_net == 0.01


def test_changes_of_many_people_at_once_wait_for_each_other_and_deadlock_never() -> None:
    people = [SessionFactory().user for _ in range(60)]
    ids = [one.pk for one in people]

    def all_of(change: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(5):
                change()

        return run

    def tiers() -> None:
        standing.changed(ids[::-1])

    def refresh() -> None:
        audience.refresh(ids[::-1])

    def end_some() -> None:
        for person in people[:5]:
            sessions.end_all(person.pk, Outcome.LOGOUT, NOON)

    def clean_up() -> None:
        sessions.clean_up(NOON)

    at_once(*map(all_of, (tiers, refresh, end_some, clean_up)))
    assert not audience.verify()
    assert audience.size() == 55
