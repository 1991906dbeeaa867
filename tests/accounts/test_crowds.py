"""Many people at once get what one would get: the same rows, the same audit, the same news."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.utils import timezone

from accounts import crowds, people, standing, subscriptions
from accounts.models import Subscription, TierSource, User
from arbedge.errors import BadInput
from arbedge.names import AccountState, Door, Role, Tier
from tests.accounts.factories import SessionFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
MOVING = {"id", "timestamp", "object_pk", "object_id", "object_repr", "additional_data", "cid"}


@pytest.fixture
def boss() -> User:
    """Who decides."""
    boss: User = UserFactory(role=Role.SUPER_ADMIN)
    return boss


def newest(number: int) -> list[dict[str, Any]]:
    """The newest lines of the audit, without what differs from line to line."""
    lines = LogEntry.objects.order_by("-pk").values()[:number]
    return [
        {name: value for name, value in line.items() if name not in MOVING}
        | {name: line["additional_data"][name] for name in ("what", "door", "security", "who")}
        for line in lines
    ]


def give(ids: list[int], by: User, **more: Any) -> int:
    """Pro for thirty days."""
    now = timezone.now()
    terms: dict[str, Any] = {
        "ends_at": now + timedelta(days=30),
        "note": "x",
        "price_usd": Decimal(0),
    }
    terms |= more
    return crowds.grant(ids, Tier.PRO, by=by, door=Door.CONSOLE, now=now, **terms)


def test_a_crowd_of_one_gets_what_one_gets(boss: User) -> None:
    one, other = UserFactory(), UserFactory()
    now = timezone.now()
    until = now + timedelta(days=30)
    subscriptions.grant(
        one, Tier.PRO, ends_at=until, source=TierSource.GRANT, door=Door.CONSOLE, by=boss,
        note="x", now=now,
    )  # fmt: skip
    crowds.grant(
        [other.pk], Tier.PRO, ends_at=until, by=boss, door=Door.CONSOLE, note="x",
        price_usd=Decimal(0), now=now,
    )  # fmt: skip
    mine, theirs = Subscription.objects.order_by("pk").values()
    for row in (mine, theirs):
        del row["id"], row["user_id"]
    assert mine == theirs
    columns = ("tier", "tier_source", "tier_since", "tier_until", "version")
    held = User.objects.filter(pk__in=[one.pk, other.pk]).values_list(*columns)
    assert len(set(held)) == 1
    last, before = newest(2)
    assert last == before


def test_a_beta_for_a_crowd_of_one_is_what_one_gets(boss: User) -> None:
    one, other = UserFactory(), UserFactory()
    now = timezone.now()
    until = now + timedelta(days=90)
    subscriptions.grant_beta(one, until, door=Door.CONSOLE, by=boss, now=now)
    crowds.grant_beta([other.pk], until, by=boss, door=Door.CONSOLE, note="", now=now)
    assert set(User.objects.exclude(pk=boss.pk).values_list("beta_until", "version")) == {
        (until, 2)
    }
    last, before = newest(2)
    assert last | {"changes": 0} == before | {"changes": 0}


@pytest.mark.parametrize("number", [0, 1, 3, 4, 7])
def test_every_one_of_a_crowd_is_given_something(
    boss: User, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowds, "BATCH", 3)
    ids = [person.pk for person in UserFactory.create_batch(number)]
    assert give(ids, boss) == number
    assert User.objects.filter(tier=Tier.PRO).count() == number
    assert Subscription.objects.count() == number
    assert LogEntry.objects.filter(additional_data__what="tier.granted").count() == number


def test_who_is_named_twice_or_unknown_counts_once_or_not(boss: User) -> None:
    person = UserFactory()
    assert give([person.pk, person.pk, 99_999_999], boss) == 1
    assert Subscription.objects.count() == 1


def test_a_price_makes_it_paid(boss: User) -> None:
    person = UserFactory()
    give([person.pk], boss, price_usd=Decimal(49))
    assert Subscription.objects.get().source == TierSource.PAID


def test_bad_terms_are_refused_before_anybody_gets_anything(boss: User) -> None:
    person = UserFactory()
    past = timezone.now() - timedelta(seconds=1)
    for wrong in ({"ends_at": past}, {"price_usd": Decimal(-1)}, {"note": "x" * 201}):
        with pytest.raises(BadInput):
            give([person.pk], boss, **wrong)
    with pytest.raises(BadInput):
        crowds.grant_beta(
            [person.pk], past, by=boss, door=Door.CONSOLE, note="", now=timezone.now()
        )
    assert not Subscription.objects.exists()
    assert User.objects.get(pk=person.pk).version == 1


def test_everybody_knows_after_the_commit(
    boss: User, django_capture_on_commit_callbacks: Any
) -> None:
    person = UserFactory()
    standing.known(person.pk)
    with django_capture_on_commit_callbacks(execute=True):
        give([person.pk], boss)
    assert standing.known(person.pk).tier == Tier.PRO


def test_only_sessions_that_live_are_ended_and_only_their_people_told(boss: User) -> None:
    now = timezone.now()
    living = SessionFactory(expires_at=now + timedelta(days=1))
    without = UserFactory()
    ended = crowds.end_sessions(
        [living.user_id, without.pk], by=boss, door=Door.CONSOLE, reason="leak", now=now
    )
    assert ended == 1
    lines = LogEntry.objects.filter(additional_data__what="sessions.ended")
    assert [line.additional_data["whom"] for line in lines] == [living.user_id]


def test_lines_of_many_say_what_a_line_of_one_says(boss: User) -> None:
    """Suspending many writes the audit by one statement; each line has its door and its doer."""
    crowd = UserFactory.create_batch(3)
    people.set_state(
        [one.pk for one in crowd], AccountState.SUSPENDED, "spam", door=Door.CONSOLE, by=boss
    )
    lines = LogEntry.objects.filter(additional_data__what="person.suspended")
    assert {line.additional_data["whom"] for line in lines} == {one.pk for one in crowd}
    for line in lines:
        assert line.actor == boss
        assert line.additional_data["door"] == "console"
        assert line.changes["reason"] == ["", "spam"]
