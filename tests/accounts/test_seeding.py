"""Made-up people are whole people, and go as they came."""

from __future__ import annotations

from io import StringIO

import pytest
from cryptography.fernet import InvalidToken
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from accounts import audience, seeding, standing
from accounts.models import (
    Audience,
    Preferences,
    Session,
    StoredKey,
    Subscription,
    TierSource,
    User,
)
from accounts.subscriptions import current
from arbedge import sealing
from arbedge.names import Tier
from tests.accounts.factories import NOON, SessionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd() -> None:
    seeding.seed(600, 60, NOON)


def run(*words: str) -> str:
    out = StringIO()
    call_command("seed_users", *words, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("crowd")
def test_as_many_as_asked_for_with_as_many_sessions() -> None:
    assert User.objects.count() == 600
    assert Session.objects.filter(state="active", expires_at__gt=NOON).count() == 60
    assert audience.size() == 60


@pytest.mark.usefixtures("crowd")
def test_the_audience_is_true_of_them() -> None:
    assert not audience.verify()
    assert Audience.objects.values("tier").distinct().count() > 1


@pytest.mark.usefixtures("crowd")
def test_they_are_as_different_as_people_are() -> None:
    assert User.objects.values("tier").distinct().count() >= 4
    assert User.objects.values("time_zone").distinct().count() > 5
    assert User.objects.exclude(state="active").exists()
    assert User.objects.filter(name__contains="🦊").exists()
    assert any(ord(letter) in range(0x590, 0x700) for name in names() for letter in name)
    assert Preferences.objects.count() > 100
    assert StoredKey.objects.count() > 10
    assert Session.objects.filter(state="expired").exists()


def names() -> list[str]:
    return list(User.objects.values_list("name", flat=True))


@pytest.mark.usefixtures("crowd")
def test_the_models_take_them_as_they_are() -> None:
    for person in User.objects.order_by("pk")[:50]:
        person.full_clean(exclude=["password"])
        person.save()
    for wishes in Preferences.objects.all()[:50]:
        wishes.full_clean()
    for session in Session.objects.all()[:50]:
        session.full_clean()


@pytest.mark.usefixtures("crowd")
def test_the_tier_is_what_the_subscriptions_say() -> None:
    payers = User.objects.filter(tier_source=TierSource.PAID)
    assert payers.count() == Subscription.objects.count() > 20
    for person in payers[:20]:
        row = current(person.pk, NOON)
        assert row is not None
        assert (row.tier, row.ends_at) == (person.tier, person.tier_until)
    assert not User.objects.exclude(tier=Tier.FREE).filter(tier_until=None).exists()


@pytest.mark.usefixtures("crowd")
def test_their_keys_hold_nothing_that_could_be_opened() -> None:
    for key in StoredKey.objects.all():
        with pytest.raises(Exception, match="sealed") as refused:
            sealing.unseal(key.sealed)
        assert not isinstance(refused.value, InvalidToken)


@pytest.mark.usefixtures("crowd")
def test_a_made_up_person_is_known_like_any_other() -> None:
    person = User.objects.get(pk=Audience.objects.order_by("pk")[0].user_id)
    known = standing.known(person.pk)
    assert known.has_session(NOON)
    assert not person.has_usable_password()


def test_the_same_numbers_make_the_same_people() -> None:
    seeding.seed(30, 5, NOON)
    first = [*User.objects.order_by("telegram_id").values_list("name", "tier", "time_zone")]
    seeding.clear()
    seeding.seed(30, 5, NOON)
    again = [*User.objects.order_by("telegram_id").values_list("name", "tier", "time_zone")]
    assert first == again


def test_more_people_follow_on_those_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding, "BATCH", 7)
    seeding.seed(20, 4, NOON)
    heard: list[int] = []
    seeding.seed(20, 4, NOON, heard.append)
    assert heard == [7, 7, 6]
    assert (User.objects.count(), audience.size(), seeding.seeded()) == (40, 8, 40)


def test_clearing_leaves_real_people_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeding, "BATCH", 7)
    ada = SessionFactory().user
    seeding.seed(20, 4, NOON)
    ada.invited_by = User.objects.filter(username="seeded_3").get()
    ada.save()
    assert seeding.clear() == 20
    assert [one.pk for one in User.objects.all()] == [ada.pk]
    assert (audience.size(), StoredKey.objects.count(), Preferences.objects.count()) == (1, 0, 0)
    assert not audience.verify()


def test_clearing_stops_where_a_real_row_depends_on_a_made_up_person() -> None:
    seeding.seed(1, 0, NOON)
    made_up, real = User.objects.get(), UserFactory()
    Subscription.objects.create(
        user=real, tier="pro", starts_at=NOON, source="grant", made_by=made_up
    )
    with pytest.raises(CommandError, match="depends"):
        run("--clear")


def test_the_command_says_what_it_did() -> None:
    told = run("--users", "200")
    assert "200 people made up" in told
    assert "2 of them have a session" in " ".join(told.split())
    assert "200 made-up people removed" in run("--clear")


@pytest.mark.parametrize(
    "words", [(), ("--users", "-1"), ("--users", "5", "--active", "6"), ("--active", "3")]
)
def test_the_command_refuses_what_makes_no_sense(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)


def test_nobody_is_made_up_in_production(settings: object) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="production"):
        run("--users", "5")
    assert not User.objects.exists()


def test_the_range_of_ids_is_nobodys() -> None:
    seeding.seed(1, 0, NOON)
    with pytest.raises(IntegrityError):
        UserFactory(telegram_id=seeding.FIRST)
