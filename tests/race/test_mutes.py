"""Mutes under several hands at once: none is lost, none takes away what another gave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from accounts import mutes, preferences
from accounts.models import Mute, Muted, User
from accounts.wishes import wish
from arbedge.choices import VENUES
from arbedge.names import Door
from tests.accounts.factories import NOON, UserFactory
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SOON = NOON + timedelta(hours=1)


@pytest.fixture
def ada() -> User:
    made: User = UserFactory.create()
    return made


def mute(user: User, what: Muted, name: str, until: Any = SOON) -> Callable[[], Any]:
    return lambda: mutes.mute(user, what, name, until, door=Door.TELEGRAM, now=NOON)


def test_a_button_pressed_many_times_at_once_makes_one_mute(ada: User) -> None:
    made = at_once(*[mute(ada, Muted.COIN, "WIF")] * 4)

    assert sorted(one.before for one in made) == [False, True, True, True]
    assert (Mute.objects.count(), preferences.of(ada.pk).assets_out) == (1, ["WIF"])


def test_venues_muted_at_once_are_all_missing_and_all_come_back(ada: User) -> None:
    at_once(*(mute(ada, Muted.VENUE, name) for name in VENUES[:4]))
    assert wish(preferences.of(ada.pk)).venues == VENUES[4:]

    mutes.expire(SOON)

    assert preferences.of(ada.pk).venues is None


def test_an_edit_and_a_mute_at_once_are_both_kept(ada: User) -> None:
    def edit() -> None:
        preferences.change(ada.pk, {"min_net": 0.01}, door=Door.WEB)

    at_once(edit, mute(ada, Muted.COIN, "WIF"))

    row = preferences.of(ada.pk)
    assert (row.min_net, row.assets_out, row.version) == (0.01, ["WIF"], 2)


def test_two_clocks_end_a_mute_once(ada: User) -> None:
    mute(ada, Muted.COIN, "WIF")()

    ended = at_once(*[lambda: mutes.expire(SOON)] * 4)

    assert sorted(ended) == [0, 0, 0, 1]
    assert preferences.of(ada.pk).version == 2


def test_a_mute_renewed_while_the_clock_ends_it_is_either_over_or_goes_on(ada: User) -> None:
    mute(ada, Muted.COIN, "WIF")()

    at_once(lambda: mutes.expire(SOON), mute(ada, Muted.COIN, "WIF", SOON + timedelta(hours=3)))

    [held] = Mute.objects.all()
    assert (held.until, held.took) == (SOON + timedelta(hours=3), True)
    assert preferences.of(ada.pk).assets_out == ["WIF"]


def test_the_clock_waits_for_nobody_who_is_changing_something(ada: User) -> None:
    other: User = UserFactory.create()
    mute(ada, Muted.COIN, "WIF")()
    mute(other, Muted.COIN, "WIF")()

    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=ada.pk)
        [ended] = at_once(lambda: mutes.expire(SOON))

    assert (ended, list(Mute.objects.values_list("user_id", flat=True))) == (1, [ada.pk])
    assert mutes.expire(SOON) == 1
    connections.close_all()
