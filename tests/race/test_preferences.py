"""Preferences changed from several places at once: nothing is lost, each change is a version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts import preferences
from accounts.models import User
from arbedge.errors import Conflict
from arbedge.names import Door
from tests.accounts.factories import UserFactory
from tests.race.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def change(user: User, **changes: Any) -> Callable[[], Any]:
    return lambda: preferences.change(user.pk, changes, door=Door.API)


def test_first_changes_of_different_fields_are_all_kept() -> None:
    user = UserFactory.create()

    at_once(change(user, min_net=0.01), change(user, currency="EUR"), change(user, leverage=3))

    row = preferences.of(user.pk)
    assert (row.min_net, row.currency, row.leverage, row.version) == (0.01, "EUR", 3.0, 3)


def test_entries_of_one_field_changed_at_once_are_all_kept() -> None:
    user = UserFactory.create()
    notices = ("opened", "improved", "fading", "closed")

    at_once(*(change(user, **{f"switches.{notice}": "off"}) for notice in notices))

    assert preferences.of(user.pk).switches == dict.fromkeys(notices, "off")


def test_of_two_changes_of_the_same_version_one_is_told_of_the_other() -> None:
    user = UserFactory.create()

    def expecting_none(value: float) -> Callable[[], Any]:
        return lambda: preferences.change(
            user.pk, {"min_net": value}, door=Door.API, expected_version=0
        )

    answers = at_once(expecting_none(0.01), expecting_none(0.02))

    [refused] = [answer for answer in answers if isinstance(answer, Conflict)]
    assert refused.details["changed"] == {"min_net": preferences.of(user.pk).min_net}
