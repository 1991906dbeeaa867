"""Tiers that are paid or given, and what is left when they end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import subscriptions
from accounts.models import Subscription, TierSource, User
from accounts.signals import TierChange, tier_changed
from accounts.subscriptions import Expired, current, expire, grant, grant_beta
from arbedge.errors import BadInput, Conflict
from arbedge.names import Door, Role, Tier
from tests.accounts.factories import NOON, SubscriptionFactory, UserFactory
from tests.accounts.memories import forget

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def told() -> Iterator[list[TierChange]]:
    """The changes upper floors heard of."""
    heard: list[TierChange] = []

    def hear(changes: list[TierChange], **_: Any) -> None:
        heard.extend(changes)

    tier_changed.connect(hear)
    yield heard
    tier_changed.disconnect(hear)


def give(user: User, tier: Tier, days: int | None = 30, **more: Any) -> Subscription:
    ends_at = None if days is None else NOON + days * DAY
    facts = {"source": TierSource.GRANT, "door": Door.CONSOLE, "now": NOON, **more}
    return grant(user, tier, ends_at=ends_at, **facts)


def audited(what: str) -> list[LogEntry]:
    return list(LogEntry.objects.filter(additional_data__what=what).order_by("pk"))


# Granting


def test_a_grant_is_a_row_and_what_the_person_has_now() -> None:
    person = UserFactory()
    row = give(person, Tier.PRO, source=TierSource.PAID, price_usd=Decimal(49), note="November")

    person.refresh_from_db()
    assert (person.tier, person.tier_source) == (Tier.PRO, TierSource.PAID)
    assert (person.tier_since, person.tier_until) == (NOON, NOON + 30 * DAY)
    assert (row.price_usd, row.note) == (Decimal(49), "November")
    assert person.version == 2


def test_the_person_at_hand_knows_too() -> None:
    person = UserFactory()
    give(person, Tier.PRO)
    assert (person.tier, person.tier_until) == (Tier.PRO, NOON + 30 * DAY)


def test_a_second_grant_leaves_the_first_row_as_it_is() -> None:
    person = UserFactory()
    first = give(person, Tier.PREMIUM)
    give(person, Tier.PRO)
    first.refresh_from_db()
    assert (first.tier, first.ends_at) == (Tier.PREMIUM, NOON + 30 * DAY)
    assert person.subscriptions.count() == 2


def test_a_grant_is_audited_with_who_gave_it() -> None:
    boss, person = UserFactory(role=Role.SUPER_ADMIN), UserFactory()
    give(person, Tier.BASIC, by=boss)
    (line,) = audited("tier.granted")
    assert line.actor == boss
    assert line.additional_data["whom"] == person.pk
    assert line.additional_data["door"] == "console"
    assert line.changes["tier"] == ["free", "basic"]


def test_a_grant_is_told_upwards(told: list[TierChange]) -> None:
    person = UserFactory()
    give(person, Tier.BASIC)
    assert told == [
        TierChange(person.pk, Tier.FREE, Tier.BASIC, NOON + 30 * DAY, "granted")
    ]  # fmt: skip


def test_more_of_the_same_tier_is_no_change_of_tier(told: list[TierChange]) -> None:
    person = UserFactory()
    give(person, Tier.BASIC)
    told.clear()
    give(person, Tier.BASIC, days=60)
    assert told == []


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"days": 0}, "bad_end", "ends_at"),
        ({"days": -1}, "bad_end", "ends_at"),
        ({"price_usd": Decimal(-1)}, "bad_price", "price_usd"),
        ({"price_usd": Decimal(100_001)}, "bad_price", "price_usd"),
        ({"note": "x" * 201}, "bad_note", "note"),
    ],
)
def test_a_grant_that_makes_no_sense_writes_nothing(
    wrong: dict[str, Any], code: str, field: str
) -> None:
    person = UserFactory()
    with pytest.raises(BadInput) as refused:
        give(person, Tier.PRO, **wrong)
    assert (refused.value.code, refused.value.details["field"]) == (code, field)
    person.refresh_from_db()
    assert (person.tier, person.version, person.subscriptions.count()) == (Tier.FREE, 1, 0)


def test_a_reward_never_takes_a_higher_tier_away() -> None:
    person = UserFactory()
    give(person, Tier.PRO)
    with pytest.raises(Conflict) as refused:
        give(person, Tier.PREMIUM, source=TierSource.REFERRAL)
    assert refused.value.code == "tier_is_higher"


# The row that holds


def test_the_newest_row_that_covers_a_moment_holds() -> None:
    person = UserFactory()
    older = SubscriptionFactory(user=person, ends_at=NOON + 60 * DAY)
    newer = SubscriptionFactory(user=person, tier=Tier.PRO, ends_at=NOON + 30 * DAY)
    SubscriptionFactory(user=person, starts_at=NOON + 90 * DAY, ends_at=None)
    SubscriptionFactory()

    assert current(person.pk, NOON + DAY) == newer
    assert current(person.pk, NOON + 30 * DAY) == older
    assert current(person.pk, NOON + 60 * DAY) is None
    assert current(person.pk, NOON - DAY) is None


def test_the_row_that_holds_is_found_by_one_indexed_query() -> None:
    person = UserFactory()
    SubscriptionFactory(user=person)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        current(person.pk, NOON)
    assert len(asked) == 1
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + asked[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "subscription_newest" in plan, plan
    assert "Sort" not in plan, plan


# Beta


def test_a_beta_lifts_to_premium(told: list[TierChange]) -> None:
    person = UserFactory()
    grant_beta(person, NOON + 90 * DAY, door=Door.TELEGRAM, now=NOON)
    person.refresh_from_db()
    assert person.beta_until == NOON + 90 * DAY
    assert (person.tier, person.version) == (Tier.FREE, 2)
    assert [(one.before, one.after, one.why) for one in told] == [
        (Tier.FREE, Tier.PREMIUM, "beta_granted")
    ]
    assert len(audited("beta.granted")) == 1


def test_a_beta_lifts_nobody_who_has_more(told: list[TierChange]) -> None:
    person = UserFactory()
    give(person, Tier.PRO)
    told.clear()
    grant_beta(person, NOON + 90 * DAY, door=Door.TELEGRAM, now=NOON)
    assert told == []


def test_a_shorter_beta_changes_nothing() -> None:
    person = UserFactory(beta_until=NOON + 90 * DAY)
    grant_beta(person, NOON + 30 * DAY, door=Door.CONSOLE, now=NOON)
    person.refresh_from_db()
    assert (person.beta_until, person.version) == (NOON + 90 * DAY, 1)


def test_a_beta_ends_in_the_future() -> None:
    with pytest.raises(BadInput) as refused:
        grant_beta(UserFactory(), NOON, door=Door.CONSOLE, now=NOON)
    assert refused.value.code == "bad_end"


# The end


def test_after_its_end_a_tier_falls_to_free(told: list[TierChange]) -> None:
    person = UserFactory()
    give(person, Tier.PRO, days=1)
    told.clear()

    assert expire(NOON + DAY) == Expired(tiers=1)

    person.refresh_from_db()
    assert (person.tier, person.tier_source, person.tier_until) == (Tier.FREE, "expiry", None)
    assert person.tier_since == NOON + DAY
    assert person.version == 3
    assert told == [TierChange(person.pk, Tier.PRO, Tier.FREE, None, "tier_ended")]
    assert audited("tier.ended")[0].changes == {"tier": ["pro", "free"]}


def test_after_its_end_a_tier_falls_to_the_newest_row_that_still_covers() -> None:
    person = UserFactory()
    give(person, Tier.BASIC, days=None)
    give(person, Tier.PREMIUM, days=60)
    give(person, Tier.ENTERPRISE, days=1, source=TierSource.REFERRAL)

    expire(NOON + DAY)

    person.refresh_from_db()
    assert (person.tier, person.tier_until) == (Tier.PREMIUM, NOON + 60 * DAY)
    expire(NOON + 60 * DAY)
    person.refresh_from_db()
    assert (person.tier, person.tier_until) == (Tier.BASIC, None)


def test_before_its_end_nothing_ends() -> None:
    person = UserFactory(beta_until=NOON + DAY)
    give(person, Tier.PRO, days=1)
    assert expire(NOON + DAY - timedelta(microseconds=1)) == Expired()
    person.refresh_from_db()
    assert person.tier == Tier.PRO


def test_what_ended_does_not_end_again(told: list[TierChange]) -> None:
    person = UserFactory(beta_until=NOON + DAY)
    give(person, Tier.PRO, days=1)
    expire(NOON + DAY)
    told.clear()

    assert expire(NOON + 2 * DAY) == Expired()

    assert told == []
    assert len(audited("tier.ended")) == len(audited("beta.ended")) == 1


def test_the_end_of_a_beta_is_told_and_its_day_is_kept(told: list[TierChange]) -> None:
    person = UserFactory(beta_until=NOON + DAY)
    assert expire(NOON + DAY) == Expired(betas=1)
    person.refresh_from_db()
    assert person.beta_until == NOON + DAY
    assert person.version == 2
    assert told == [TierChange(person.pk, Tier.PREMIUM, Tier.FREE, None, "beta_ended")]


def test_a_beta_that_lifted_nobody_ends_in_silence(told: list[TierChange]) -> None:
    person = UserFactory(beta_until=NOON + DAY)
    give(person, Tier.PRO)
    told.clear()
    assert expire(NOON + DAY) == Expired(betas=1)
    assert told == []


def test_a_tier_that_ends_within_a_beta_falls_to_premium(told: list[TierChange]) -> None:
    person = UserFactory(beta_until=NOON + 90 * DAY)
    give(person, Tier.PRO, days=1)
    told.clear()
    expire(NOON + DAY)
    assert [(one.before, one.after) for one in told] == [(Tier.PRO, Tier.PREMIUM)]


def test_a_new_beta_after_an_old_one_ends_as_well() -> None:
    person = UserFactory(beta_until=NOON + DAY)
    expire(NOON + DAY)
    grant_beta(person, NOON + 9 * DAY, door=Door.CONSOLE, now=NOON + 2 * DAY)
    assert expire(NOON + 9 * DAY) == Expired(betas=1)


def test_many_ends_are_dealt_with_in_batches() -> None:
    for person in UserFactory.create_batch(7):
        give(person, Tier.PRO, days=1)
    assert expire(NOON + DAY, batch=3) == Expired(tiers=7)
    assert not User.objects.exclude(tier=Tier.FREE).exists()


def test_a_batch_of_ends_costs_the_same_whatever_its_size() -> None:
    """Lines of the audit apart, which are one by one."""

    def queries(people: int) -> int:
        for person in UserFactory.create_batch(people):
            give(person, Tier.PRO, days=1)
        with CaptureQueriesContext(connection) as asked:
            expire(NOON + DAY)
        return sum("auditlog" not in one["sql"] for one in asked)

    queries(1)
    assert queries(2) == queries(20)


def test_the_task_is_scheduled() -> None:
    from accounts import tasks
    from arbedge import schedule

    assert schedule.entries["End tiers and betas"].task == tasks.expire_tiers.name


def test_the_task_ends_what_is_over() -> None:
    from accounts import tasks

    UserFactory(beta_until=NOON - 400 * DAY)
    tasks.expire_tiers()
    assert len(audited("beta.ended")) == 1
    assert audited("beta.ended")[0].additional_data["door"] == "task"


def test_the_price_and_source_of_a_row_are_what_was_given() -> None:
    row = give(UserFactory(), Tier.BASIC, source=TierSource.PAID, price_usd=Decimal("9.00"))
    assert subscriptions.current(row.user_id, NOON) == row
    assert (row.source, row.price_usd) == (TierSource.PAID, Decimal(9))
