"""What the database itself refuses of people, whoever writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import MOST_KEYS, Preferences, Session, StoredKey, Subscription, User
from arbedge.names import AccountState, Door, Role
from tests.accounts.factories import NOON, SessionFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


def refuses(write: Any, *args: Any, **values: Any) -> None:
    """The write raises and leaves nothing behind."""
    with pytest.raises(IntegrityError), transaction.atomic():
        write(*args, **values)


def key(user: User, slot: int) -> StoredKey:
    return StoredKey.objects.create(
        user=user, slot=slot, kind="exchange", provider="okx", last4="abcd", sealed="x",
        digest=slot.to_bytes(32, "big"),
    )  # fmt: skip


def test_flags_follow_from_role_and_state() -> None:
    boss = UserFactory(role=Role.SUPER_ADMIN)
    gone = UserFactory(state=AccountState.BANNED)
    assert (boss.is_staff, boss.is_superuser) == (True, True)
    assert gone.is_active is False


@pytest.mark.parametrize(
    "change",
    [
        {"is_superuser": True},
        {"is_staff": True},
        {"is_active": False},
        {"role": "owner"},
        {"tier": "gold"},
        {"state": "asleep"},
        {"language": "de"},
        {"telegram_id": -100},
    ],
)
def test_no_write_makes_a_person_that_cannot_be(change: dict[str, Any]) -> None:
    person = UserFactory()
    refuses(User.objects.filter(pk=person.pk).update, **change)


def test_the_telegram_id_never_changes() -> None:
    person = UserFactory(telegram_id=42)
    refuses(User.objects.filter(pk=person.pk).update, telegram_id=43)
    refuses(User.objects.filter(pk=person.pk).update, telegram_id=None)


def test_a_telegram_id_may_be_added_later() -> None:
    person = UserFactory(telegram_id=None)
    User.objects.filter(pk=person.pk).update(telegram_id=42)
    person.refresh_from_db()
    assert person.telegram_id == 42


def test_an_address_is_one_persons_in_any_letter_case() -> None:
    UserFactory(email="Ada@Example.com")
    refuses(UserFactory, email="ada@example.COM")
    assert UserFactory(email="").pk
    assert UserFactory(email="").pk


def test_a_subscription_is_never_overwritten() -> None:
    row = SubscriptionFactory()
    refuses(Subscription.objects.filter(pk=row.pk).update, tier="pro")


def test_a_subscription_ends_after_its_start() -> None:
    refuses(SubscriptionFactory, ends_at=NOON - timedelta(seconds=1))


def test_a_person_has_one_active_session_in_telegram() -> None:
    first = SessionFactory()
    refuses(SessionFactory, user=first.user)
    assert SessionFactory(user=first.user, door=Door.WEB).pk
    assert SessionFactory(user=first.user, door=Door.WEB).pk


def test_a_session_that_ended_says_when_and_how() -> None:
    session = SessionFactory()
    row = Session.objects.filter(pk=session.pk)
    refuses(row.update, state="expired")
    refuses(row.update, ended_at=NOON)
    row.update(state="expired", ended_at=NOON, outcome="expired")
    assert row.get().state == "expired"


def test_an_eleventh_key_has_no_place() -> None:
    person = UserFactory()
    for slot in range(1, MOST_KEYS + 1):
        key(person, slot)
    refuses(key, person, MOST_KEYS + 1)
    refuses(key, person, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"notional_usd": 2_000},
        {"horizon_hours": 12},
        {"quiet_from_min": 1_440, "quiet_to_min": 0},
        {"quiet_from_min": 60},
        {"min_confidence": 1.5},
        {"leverage": 0},
        {"focus": "everything"},
    ],
)
def test_preferences_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    refuses(Preferences.objects.create, user=UserFactory(), **wrong)


def test_searches_by_the_beginning_use_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for column in ("lower(name)", "lower(email)", "lower(username)", "telegram_id::text"):
            cursor.execute(f"EXPLAIN SELECT id FROM accounts_user WHERE {column} LIKE 'ad%'")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "user_begins_" in plan, plan
