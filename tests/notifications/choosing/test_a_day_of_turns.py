"""A day of turns with ten thousand people: shared by weight, and nobody starves."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from arbedge.names import Tier
from notifications.choosing import eligibility
from notifications.choosing.eligibility import Held
from notifications.models import Delivery
from notifications.names import Strategy
from tests.notifications.choosing.due import share_out, tiered
from tests.notifications.factories import (
    MINUTE,
    NOON,
    reachable_person,
)

pytestmark = pytest.mark.django_db


SECOND = timedelta(seconds=1)


# A day with ten thousand people


PEOPLE = {Tier.FREE: 7_000, Tier.BASIC: 1_500, Tier.PREMIUM: 800, Tier.PRO: 500,
          Tier.ENTERPRISE: 200}  # fmt: skip


ROTATION = 15 * MINUTE


ROUNDS = 96


def first(tier: Tier) -> int:
    return 10_000_000 + 100_000 * tier.rank


def crowd(sizes: dict[Tier, int], until: datetime) -> None:
    """People who wish nothing in particular, straight into the audience."""
    with connection.cursor() as cursor:
        for tier, size in sizes.items():
            cursor.execute(
                """
                INSERT INTO accounts_audience SELECT one.*
                FROM accounts_audience a, generate_series(%s::bigint, %s) AS n,
                     jsonb_populate_record(a, jsonb_build_object(
                         'user_id', n, 'tier', %s::int, 'session_until', %s::text)) one
                WHERE a.user_id = (SELECT min(user_id) FROM accounts_audience)
                """,
                [first(tier), first(tier) + size - 1, tier.rank, until.isoformat()],
            )
        cursor.execute("DELETE FROM accounts_audience WHERE user_id < %s", [first(Tier.FREE)])
        cursor.execute("ANALYZE accounts_audience")


def live(rounds: int, places: int) -> dict[int, list[int]]:
    """A day: at every rotation's beginning one event for all tiers. Who was told, in which."""
    share_out(Strategy.PRIORITY, places)
    turns: dict[int, list[int]] = {}
    for turn in range(rounds):
        eligibility.match(tiered(), NOON + turn * ROTATION, held=Held())
        for who in taken():
            turns.setdefault(who, []).append(turn)
    return turns


def taken() -> list[int]:
    """Who is in the queue, which is empty afterwards."""
    whom = list(Delivery.objects.values_list("recipient_id", flat=True))
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE notifications_delivery")
    return whom


def longest_wait(turns: list[int], rounds: int) -> int:
    """Rotations without anything, the beginning and the end of the day included."""
    ends = [-1, *turns, rounds]
    return max(later - sooner for sooner, later in pairwise(ends))


def test_a_day_of_ten_thousand_people_is_shared_by_weight_and_nobody_starves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reachable_person()
    crowd(PEOPLE, NOON + timedelta(days=2))
    places = 1_000
    turns = live(ROUNDS, places)
    given = {
        tier: sum(len(turns.get(first(tier) + n, [])) for n in range(size))
        for tier, size in PEOPLE.items()
    }
    waits = {
        tier: max(longest_wait(turns.get(first(tier) + n, []), ROUNDS) for n in range(size))
        for tier, size in PEOPLE.items()
    }
    each = {tier: given[tier] / PEOPLE[tier] for tier in PEOPLE}
    with capsys.disabled():
        print()
        for tier, size in PEOPLE.items():
            share = given[tier] / sum(given.values())
            print(f"{tier:>10}: {size:5} people, {share:6.1%} of all messages, "
                  f"{each[tier]:5.1f} a person, longest wait {waits[tier]} rotations")  # fmt: skip
    assert sum(given.values()) == ROUNDS * places
    assert list(each.values()) == sorted(each.values())
    weights = [1.0, 1.5, 2.0, 2.5, 3.0]
    for tier, weight in zip(PEOPLE, weights, strict=True):
        assert each[tier] / each[Tier.FREE] == pytest.approx(weight, rel=0.15)
    assert len(turns) == sum(PEOPLE.values())
    fair = sum(size * weight for size, weight in zip(PEOPLE.values(), weights, strict=True))
    assert waits[Tier.FREE] <= 1.5 * fair / places + 2


def test_while_there_are_places_for_all_nobody_waits_longer_than_a_rotation() -> None:
    reachable_person()
    sizes = {tier: size // 100 for tier, size in PEOPLE.items()}
    crowd(sizes, NOON + timedelta(days=2))
    share_out(Strategy.PRIORITY, sum(sizes.values()) // 3 + 1)
    last: dict[int, datetime] = {}
    for turn in range(24):
        now = NOON + turn * ROTATION / 3
        eligibility.match(tiered(), now, held=Held())
        for who in taken():
            assert now - last.get(who, now - ROTATION) <= ROTATION + SECOND
            last[who] = now
    assert len(last) == sum(sizes.values())
    assert min(last.values()) >= NOON + 21 * ROTATION / 3
