"""What is known about a person by one look-up, and who learns of a change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import transaction
from django.utils import timezone

from accounts import memory, standing
from accounts.models import Session, StoredKey, User
from accounts.standing import Standing, effective_tier, known, ms
from arbedge import cache, clock
from arbedge.choices import VENUE_BITS
from arbedge.errors import NotFound
from arbedge.names import AccountState, Door, Language, Role, Tier
from tests.accounts.factories import NOON, SessionFactory, UserFactory
from tests.accounts.memories import Commands, cache_gone, forget, pause_is_over

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def commit(django_capture_on_commit_callbacks: Any) -> Any:
    """A transaction whose end is the end of the block."""

    def run(*ids: int) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            standing.changed(ids)

    return run


def key(user: User, slot: int, provider: str, **more: Any) -> StoredKey:
    facts = {"kind": "exchange", "last4": "abcd", "sealed": "x", **more}
    return StoredKey.objects.create(
        user=user, slot=slot, provider=provider, digest=slot.to_bytes(32, "big"), **facts
    )


def test_a_standing_has_the_facts_of_the_person() -> None:
    person = UserFactory(
        role=Role.SUPPORT, tier=Tier.PRO, tier_since=NOON, tier_until=NOON + 30 * DAY,
        beta_until=NOON + 90 * DAY, language=Language.ES, time_zone="Europe/Madrid", country="ES",
    )  # fmt: skip

    noon_ms, day_ms = 1_795_262_400_000, 86_400_000
    assert known(person.pk) == Standing(
        user_id=person.pk, version=1, role=Role.SUPPORT, state=AccountState.ACTIVE, tier=Tier.PRO,
        tier_until_ms=noon_ms + 30 * day_ms, beta_until_ms=noon_ms + 90 * day_ms, keys=0,
        trading_keys=0, ai_keys=False, language=Language.ES, time_zone="Europe/Madrid",
        country="ES", joined_ms=noon_ms, session_id=None, session_until_ms=0,
    )  # fmt: skip


def test_the_cache_gives_back_the_same_facts() -> None:
    person = UserFactory(state=AccountState.SUSPENDED, tier=Tier.BASIC)
    SessionFactory(user=person)
    assert known(person.pk) == known(person.pk)


def test_nobody_is_not_found() -> None:
    with pytest.raises(NotFound) as told:
        known(4_000_000)
    assert told.value.code == "user_unknown"


def test_what_is_not_known_costs_one_query(django_assert_num_queries: Any) -> None:
    person = UserFactory()
    with django_assert_num_queries(1):
        known(person.pk)


def test_what_is_known_costs_one_command_and_no_query(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = UserFactory()
    known(person.pk)
    commands = Commands(monkeypatch)
    with django_assert_num_queries(0):
        known(person.pk)
    assert commands.sent == ["MGET"]


def test_the_session_is_the_active_one_that_lasts_longest() -> None:
    person = UserFactory()
    SessionFactory(user=person)
    longest = SessionFactory(user=person, door=Door.WEB, expires_at=NOON + 9 * DAY)
    SessionFactory(
        user=person, door=Door.API, expires_at=NOON + 20 * DAY,
        state="terminated", ended_at=NOON, outcome="logout",
    )  # fmt: skip
    SessionFactory()

    one = known(person.pk)
    assert (one.session_id, one.session_until_ms) == (longest.pk, ms(NOON + 9 * DAY))
    assert one.has_session(NOON + 8 * DAY)
    assert not one.has_session(NOON + 9 * DAY)


def test_keys_are_told_by_venue_and_by_what_they_may() -> None:
    person = UserFactory()
    key(person, 1, "okx", can_trade=True)
    key(person, 2, "bybit")
    key(person, 3, "bitget", can_trade=True, testnet=True)
    key(person, 4, "binance", state="disabled", can_trade=True)
    key(person, 5, "kraken", can_trade=True, expires_at=timezone.now() - DAY)
    key(person, 6, "no-such-venue", can_trade=True)

    one = known(person.pk)
    assert one.keys == 1 << VENUE_BITS["okx"] | 1 << VENUE_BITS["bybit"]
    assert one.trading_keys == 1 << VENUE_BITS["okx"] | 1 << VENUE_BITS["bitget"]
    assert not one.ai_keys


def test_a_key_to_an_ai_is_told() -> None:
    person = UserFactory()
    key(person, 1, "openai", kind="ai")
    assert known(person.pk).ai_keys
    assert known(person.pk).keys == 0


def test_a_change_is_known_after_its_commit_without_a_query(
    commit: Any, django_assert_num_queries: Any
) -> None:
    person = UserFactory()
    known(person.pk)
    User.objects.filter(pk=person.pk).update(tier=Tier.PRO)
    commit(person.pk)
    with django_assert_num_queries(0):
        assert (known(person.pk).tier, known(person.pk).version) == (Tier.PRO, 2)


def test_a_change_makes_a_standing_of_whoever_was_not_known(
    commit: Any, django_assert_num_queries: Any
) -> None:
    person = UserFactory()
    commit(person.pk)
    with django_assert_num_queries(0):
        assert known(person.pk).version == 2


def test_a_late_fill_never_replaces_a_newer_fact(commit: Any) -> None:
    person = UserFactory()
    late = known(person.pk)
    User.objects.filter(pk=person.pk).update(state=AccountState.BANNED, is_active=False)
    commit(person.pk)

    standing._note([late], memory.FIRST_EPOCH)

    assert known(person.pk).state is AccountState.BANNED


def test_many_people_change_in_few_queries(commit: Any, django_assert_max_num_queries: Any) -> None:
    people = UserFactory.create_batch(30)
    with django_assert_max_num_queries(4):
        commit(*(one.pk for one in people))
    assert {known(one.pk).version for one in people} == {2}


def test_more_people_than_a_batch_change(commit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "BATCH", 4)
    people = UserFactory.create_batch(11)
    commit(*(one.pk for one in people))
    assert list(User.objects.values_list("version", flat=True)) == [2] * 11
    assert {known(one.pk).version for one in people} == {2}


def test_nobody_changed_asks_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        standing.changed([])


def test_a_session_that_slides_is_noted_without_a_new_version() -> None:
    person = UserFactory()
    SessionFactory(user=person)
    known(person.pk)
    Session.objects.filter(user=person).update(expires_at=NOON + 8 * DAY)

    assert standing.refill([person.pk])

    one = known(person.pk)
    assert (one.version, one.session_until_ms) == (1, ms(NOON + 8 * DAY))


def test_an_entry_lapses_by_itself() -> None:
    person = UserFactory()
    known(person.pk)
    left_ms = cache.client().pttl(cache.key("who", str(person.pk)))
    assert 0 < left_ms <= standing.LIVES_MS


def test_until_the_commit_an_entry_lives_two_seconds_more() -> None:
    person = UserFactory()
    known(person.pk)
    standing.changed([person.pk])
    left_ms = cache.client().pttl(cache.key("who", str(person.pk)))
    assert 0 < left_ms <= standing.IN_CHANGE_MS


def test_what_may_yet_be_undone_is_told_to_nobody() -> None:
    person = UserFactory()
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(tier=Tier.PRO)
        assert known(person.pk).tier is Tier.PRO
        transaction.set_rollback(True)
    assert known(person.pk).tier is Tier.FREE


def test_a_refill_within_a_transaction_waits_for_its_commit(
    django_capture_on_commit_callbacks: Any,
) -> None:
    person = UserFactory()
    SessionFactory(user=person)
    known(person.pk)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        Session.objects.filter(user=person).update(expires_at=NOON + 8 * DAY)
        standing.refill([person.pk])
        assert known(person.pk).session_until_ms == ms(NOON + 7 * DAY)
    assert known(person.pk).session_until_ms == ms(NOON + 8 * DAY)


# A cache that fails


def test_without_the_cache_the_database_answers(django_assert_num_queries: Any) -> None:
    person = UserFactory(tier=Tier.BASIC)
    with cache_gone(), django_assert_num_queries(2):
        assert known(person.pk).tier is Tier.BASIC
        assert known(person.pk).tier is Tier.BASIC


def test_a_cache_that_failed_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    person = UserFactory()
    with cache_gone():
        known(person.pk)
        commands = Commands(monkeypatch)
        known(person.pk)
    assert commands.sent == []


def test_a_change_that_missed_the_cache_is_known_when_it_is_back(commit: Any) -> None:
    person = UserFactory()
    known(person.pk)
    with cache_gone():
        User.objects.filter(pk=person.pk).update(state=AccountState.SUSPENDED, is_active=False)
        commit(person.pk)
    pause_is_over()
    assert known(person.pk).state is AccountState.SUSPENDED


def test_what_was_noted_before_a_failure_is_believed_by_no_other_process(commit: Any) -> None:
    """The other process never saw the failure: it finds a new epoch beside the old fact."""
    seen, other = UserFactory(), UserFactory()
    known(other.pk)
    with cache_gone():
        User.objects.filter(pk=other.pk).update(tier=Tier.PRO)
        commit(other.pk)
    pause_is_over()
    known(seen.pk)  # this process is back and has begun an epoch

    assert memory.trust.failed_ms == 0.0
    assert known(other.pk).tier is Tier.PRO


def test_a_change_made_while_the_cache_is_left_alone_is_known_too(commit: Any) -> None:
    """Meanwhile another process is back already: it began an epoch and noted the old fact."""
    person = UserFactory()
    with cache_gone():
        old = known(person.pk)
    epoch = b"%013d" % int(clock.now_ms())
    cache.client().set(memory.epoch_key(), epoch)
    cache.client().set(cache.key("who", str(person.pk)), epoch + msgspec.msgpack.encode(old))

    User.objects.filter(pk=person.pk).update(tier=Tier.PRO)
    commit(person.pk)

    pause_is_over()
    assert known(person.pk).tier is Tier.PRO


def test_after_a_failure_the_cache_serves_again(
    commit: Any, django_assert_num_queries: Any
) -> None:
    person = UserFactory()
    with cache_gone():
        commit(person.pk)
    pause_is_over()
    known(person.pk)
    with django_assert_num_queries(0):
        known(person.pk)


def test_an_emptied_cache_is_filled_again(django_assert_num_queries: Any) -> None:
    person = UserFactory()
    known(person.pk)
    cache.client().flushdb()
    with django_assert_num_queries(1):
        known(person.pk)
        known(person.pk)


# The tier that counts


def paid(tier: Tier, *, days: int | None, beta_days: int | None) -> Standing:
    def at(days: int | None) -> int | None:
        return None if days is None else ms(NOON + days * DAY)

    return Standing(
        user_id=1, version=1, role=Role.USER, state=AccountState.ACTIVE, tier=tier,
        tier_until_ms=at(days), beta_until_ms=at(beta_days), keys=0, trading_keys=0,
        ai_keys=False, language=Language.EN, time_zone="UTC", country="", joined_ms=0,
        session_id=None, session_until_ms=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tier", "days", "beta_days", "counts"),
    [
        (Tier.PRO, None, None, Tier.PRO),
        (Tier.PRO, 1, None, Tier.PRO),
        (Tier.PRO, 0, None, Tier.FREE),
        (Tier.PRO, -1, None, Tier.FREE),
        (Tier.FREE, None, 1, Tier.PREMIUM),
        (Tier.BASIC, 1, 1, Tier.PREMIUM),
        (Tier.BASIC, 1, 0, Tier.BASIC),
        (Tier.BASIC, -1, -1, Tier.FREE),
        (Tier.ENTERPRISE, 1, 1, Tier.ENTERPRISE),
        (Tier.ENTERPRISE, -1, 1, Tier.PREMIUM),
    ],
)
def test_the_tier_that_counts(
    tier: Tier, days: int | None, beta_days: int | None, counts: Tier
) -> None:
    assert effective_tier(paid(tier, days=days, beta_days=beta_days), NOON) is counts


def test_a_standing_survives_the_journey_to_the_cache() -> None:
    one = paid(Tier.BASIC, days=3, beta_days=None)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Standing) == one
