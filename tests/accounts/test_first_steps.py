"""How far newcomers came in the first steps: kept, never lost, finished once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from pytest_django import Settings

from accounts import first_steps, redeeming
from accounts.models import User
from arbedge.names import Door
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db
ORDER = ("focus", "risk", "venues")


def stored(user: User) -> User:
    """The person as the database has him."""
    return User.objects.get(pk=user.pk)


def test_the_furthest_step_is_kept() -> None:
    user = UserFactory()
    for step in ("focus", "venues", "risk", "focus"):
        first_steps.reached(user, step, ORDER)
    assert stored(user).onboarding == user.onboarding == "venues"


def test_a_step_of_another_time_counts_as_none() -> None:
    user = UserFactory(onboarding="language")
    first_steps.reached(user, "focus", ORDER)
    assert stored(user).onboarding == "focus"


def test_a_step_nobody_knows_is_not_kept() -> None:
    user = UserFactory(onboarding="risk")
    first_steps.reached(user, "dancing", ORDER)
    assert stored(user).onboarding == "risk"


def test_finishing_is_kept_with_its_time() -> None:
    user = UserFactory(onboarding="venues")
    assert first_steps.finished(user, NOON, door=Door.TELEGRAM)
    assert (stored(user).onboarding, stored(user).onboarded_at) == ("done", NOON)
    assert user.onboarded_at == NOON


def test_finishing_again_changes_nothing() -> None:
    user = UserFactory()
    first_steps.finished(user, NOON, door=Door.TELEGRAM)
    assert not first_steps.finished(stored(user), NOON + timedelta(days=1), door=Door.TELEGRAM)
    assert stored(user).onboarded_at == NOON


def test_two_who_finish_at_once_finish_once() -> None:
    user = UserFactory()
    other = stored(user)
    assert first_steps.finished(user, NOON, door=Door.TELEGRAM)
    assert not first_steps.finished(other, NOON, door=Door.TELEGRAM)


def test_who_is_done_stays_done_when_he_goes_through_again() -> None:
    user = UserFactory(onboarding="done", onboarded_at=NOON)
    first_steps.reached(user, "focus", ORDER)
    assert stored(user).onboarding == "done"


def test_finishing_is_audited() -> None:
    user = UserFactory()
    first_steps.finished(user, NOON, door=Door.TELEGRAM)
    told = [line.additional_data for line in LogEntry.objects.filter(actor=user)]
    assert [(one["what"], one["door"]) for one in told] == [("person.onboarded", "telegram")]


def test_who_is_done_needs_no_code_later(settings: Settings) -> None:
    settings.INVITE_ONLY = True
    user = UserFactory()
    assert redeeming.needs_code(user)
    first_steps.finished(user, NOON, door=Door.TELEGRAM)
    assert not redeeming.needs_code(user)
