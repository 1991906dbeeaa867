"""Tiers, states and people changed on several real connections at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from auditlog.models import LogEntry

from accounts import people, standing, subscriptions, tier_settings, tiers
from accounts.models import TierSource, User
from accounts.permissions import may
from accounts.standing import known
from arbedge.errors import Conflict
from arbedge.names import Door, Role, Tier
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.memories import forget, pause_is_over
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


def grant(person: User, tier: Tier, days: int = 30, now: datetime = NOON) -> None:
    subscriptions.grant(
        person, tier, ends_at=now + days * DAY, source=TierSource.GRANT, door=Door.CONSOLE, now=now
    )


@pytest.mark.parametrize("late_ms", [0, 1, 5, 20])
def test_a_tier_that_changes_during_checks_is_never_forgotten_again(
    late_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a reader saw the new tier it never sees the old one; once the change returned nobody
    does, however late a fill from before comes."""
    person = UserFactory()
    returned = threading.Event()
    really = standing._read

    def read_slowly(ids: list[int]) -> list[standing.Standing]:
        found = really(ids)
        time.sleep(late_ms / 1000 * (found[0].version == 1))
        return found

    def check() -> list[tuple[bool, int, bool]]:
        seen: list[tuple[bool, int, bool]] = []
        while not (seen and seen[-1][0]):
            over = returned.is_set()
            one = known(person.pk)
            allowed = may(one, "opportunities.technical", now=NOON).allowed
            seen.append((over, one.version, allowed))
        return seen

    def change() -> None:
        try:
            grant(User.objects.get(pk=person.pk), Tier.PREMIUM)
        finally:
            returned.set()

    monkeypatch.setattr(standing, "_read", read_slowly)
    *readers, _ = at_once(check, check, check, change)
    for seen in readers:
        versions = [version for _, version, _ in seen]
        assert versions == sorted(versions)
        assert all(allowed is (version > 1) for _, version, allowed in seen)
        assert seen[-1] == (True, 2, True)


def test_changes_of_different_facts_at_once_are_both_known() -> None:
    person = UserFactory()
    at_once(
        lambda: grant(User.objects.get(pk=person.pk), Tier.PRO),
        lambda: people.suspend(person, "spam", door=Door.CONSOLE, by=None),
        lambda: people.rename(User.objects.get(pk=person.pk), "Ada", door=Door.WEB),
    )
    one = known(person.pk)
    assert (one.tier, one.state, one.version) == ("pro", "suspended", 4)


def test_crowds_that_overlap_never_wait_for_each_other_for_ever() -> None:
    crowd = [one.pk for one in UserFactory.create_batch(40)]
    answers = at_once(*(
        lambda ids=ids: standing.changed(ids)
        for ids in (crowd, crowd[::-1], crowd[10:], crowd[:30][::-1])
    ))  # fmt: skip
    assert answers == [None] * 4
    assert {known(pk).version for pk in crowd[10:30]} == {5}


def test_many_who_come_at_once_by_one_identity_are_one_person() -> None:
    def come() -> int:
        return people.register(door=Door.TELEGRAM, telegram_id=42, name="Ada").pk

    assert len(set(at_once(*[come] * 6))) == 1
    assert User.objects.count() == 1
    assert LogEntry.objects.filter(additional_data__what="person.registered").count() == 1


def test_many_who_come_at_once_by_one_address_are_one_person() -> None:
    def come() -> int:
        return people.register(door=Door.WEB, email="ada@example.com").pk

    assert len(set(at_once(*[come] * 6))) == 1
    assert User.objects.count() == 1


def test_the_last_two_super_administrators_never_both_leave() -> None:
    two = UserFactory.create_batch(2, role=Role.SUPER_ADMIN)
    answers = at_once(*(
        lambda one=one: people.set_role(one, Role.USER, door=Door.CONSOLE, by=None)
        for one in two
    ))  # fmt: skip
    assert [type(answer) for answer in answers if answer] == [Conflict]
    assert User.objects.filter(role=Role.SUPER_ADMIN).count() == 1


def test_two_runs_of_the_daily_work_end_each_tier_once() -> None:
    for person in UserFactory.create_batch(20):
        grant(person, Tier.PRO, days=1)
    runs = at_once(*[lambda: subscriptions.expire(NOON + DAY, batch=3)] * 3)
    assert sum(run.tiers for run in runs) == 20
    assert LogEntry.objects.filter(additional_data__what="tier.ended").count() == 20
    assert set(User.objects.values_list("tier", flat=True)) == {"free"}


@pytest.mark.parametrize("_round", range(3))
def test_a_tier_bought_while_the_old_one_ends_is_had(_round: int) -> None:
    person = UserFactory()
    grant(person, Tier.PRO, days=1)
    later = NOON + DAY
    at_once(
        lambda: subscriptions.expire(later),
        lambda: grant(User.objects.get(pk=person.pk), Tier.PREMIUM, now=later),
    )
    subscriptions.expire(later)
    person.refresh_from_db()
    row = subscriptions.current(person.pk, later)
    assert row is not None
    assert (person.tier, person.tier_until) == (row.tier, row.ends_at) == ("premium", row.ends_at)
    assert known(person.pk).tier is Tier.PREMIUM


def test_operators_who_set_one_figure_at_once_leave_one_row() -> None:
    def set_to(value: int) -> None:
        tier_settings.change(Tier.BASIC, "delay_s", Decimal(value), door=Door.CONSOLE)

    answers = at_once(lambda: set_to(10), lambda: set_to(20), lambda: set_to(30))
    pause_is_over()
    assert not any(isinstance(answer, Exception) for answer in answers)
    assert tiers.table()[Tier.BASIC].delay_s in {10, 20, 30}


def test_operators_at_once_never_turn_the_order_of_tiers_round() -> None:
    """Each change is fine alone; together free would have what basic lacks."""
    name = "permission:groups.manage"
    for tier in (Tier.FREE, Tier.BASIC):
        tier_settings.change(tier, name, Decimal(0), door=Door.CONSOLE)
    tier_settings.change(Tier.BASIC, name, Decimal(1), door=Door.CONSOLE)
    at_once(
        lambda: tier_settings.change(Tier.FREE, name, Decimal(1), door=Door.CONSOLE),
        lambda: tier_settings.change(Tier.BASIC, name, Decimal(0), door=Door.CONSOLE),
    )
    forget()
    table = tiers.table()
    assert table[Tier.FREE].permissions <= table[Tier.BASIC].permissions


def test_readers_of_the_table_never_see_a_figure_nobody_set() -> None:
    stop = threading.Event()

    def read() -> set[int]:
        seen = set()
        while not stop.is_set():
            tiers._copy.checked_at = 0.0
            seen.add(tiers.table()[Tier.BASIC].delay_s)
        return seen

    def write() -> None:
        try:
            for value in (10, 20, 30):
                tier_settings.change(Tier.BASIC, "delay_s", Decimal(value), door=Door.CONSOLE)
        finally:
            stop.set()

    *readers, _ = at_once(read, read, write)
    assert set().union(*readers) <= {60, 10, 20, 30}
    pause_is_over()
    assert tiers.table()[Tier.BASIC].delay_s == 30
