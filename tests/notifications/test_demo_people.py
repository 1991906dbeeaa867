from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import sessions
from accounts.models import Outcome, Session, User
from arbedge import demo
from arbedge.names import Channel, Tier
from notifications.demo import GROUP, NAMES, PEOPLE, make
from notifications.models import Chat
from notifications.telegram import chats
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db


def people() -> dict[str, User]:
    return {user.name: user for user in User.objects.all()}


def test_people_of_different_tiers_languages_and_amounts_are_there() -> None:
    make(NOON)
    made = people()
    assert set(made) == {one.name for one in PEOPLE}
    assert {user.tier for user in made.values()} == {Tier.FREE, Tier.PREMIUM, Tier.PRO}
    assert {user.language for user in made.values()} == {"en", "es", "fr"}
    assert made["Olivia"].preferences.notional_usd == 10_000
    assert made["Camille"].preferences.channels == [Channel.EMAIL]
    assert made["Camille"].email_verified_at == NOON


def test_all_of_them_can_be_reached_at_once() -> None:
    make(NOON)
    assert Session.objects.filter(state="active").count() == len(PEOPLE)


def test_their_group_is_registered() -> None:
    make(NOON)
    chat = Chat.objects.get()
    assert (chat.telegram_id, chat.title) == (GROUP, "Arbitrage room")
    assert chats.listed(people()["Olivia"]) == [chat]


def test_a_second_start_changes_nobody_but_begins_ended_sessions_again() -> None:
    make(NOON)
    versions = {user.pk: user.tier_since for user in User.objects.all()}
    for user in people().values():
        sessions.end_all(user.pk, Outcome.LOGOUT, NOON)
    make(NOON + timedelta(hours=1))
    assert {user.pk: user.tier_since for user in User.objects.all()} == versions
    assert Session.objects.filter(state="active").count() == len(PEOPLE)
    assert Chat.objects.count() == 1


def test_the_phone_knows_everybody_by_name() -> None:
    make(NOON)
    addresses = {user.email or str(user.telegram_id) for user in User.objects.all()}
    assert addresses | {str(GROUP)} == set(NAMES)


def test_a_demo_is_told_to_make_them() -> None:
    assert demo.makers["people"] is make


def test_everything_that_was_registered_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(demo, "makers", {})
    demo.register("first", lambda: made.append("first"))
    demo.register("second", lambda: made.append("second"))
    demo.prepare()
    assert made == ["first", "second"]
