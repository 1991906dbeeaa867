"""Redeeming codes: what they give, once, and what every refusal says and leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import audit, invitations, people, subscriptions
from accounts.models import Invitation, Points, Purpose, Redemption, Referral, User
from arbedge import cache
from arbedge.errors import ArbEdgeError, Conflict, TooMany
from arbedge.names import AccountState, Door, Role
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db
IN_90_DAYS = NOON + timedelta(days=90)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


def code(purpose: Purpose = Purpose.BETA, **more: Any) -> str:
    return invitations.make(purpose, door=Door.TASK, now=NOON, **more)[0].code


def code_of(inviter: User) -> str:
    return invitations.make_own(inviter, door=Door.WEB, now=NOON).code


def redeem(user: User, typed: str, **more: Any) -> invitations.Redeemed:
    return invitations.redeem(user, typed, Door.TELEGRAM, **({"now": NOON} | more))


def refusal(user: User, typed: str, **more: Any) -> ArbEdgeError:
    with pytest.raises(ArbEdgeError) as caught:
        redeem(user, typed, **more)
    return caught.value


def test_a_beta_code_gives_90_days_of_beta() -> None:
    user = person()

    given = redeem(user, code())

    assert given.beta_until == user.beta_until == IN_90_DAYS
    assert User.objects.get(pk=user.pk).beta_until == IN_90_DAYS
    assert Redemption.objects.get(user=user).door == "telegram"


def test_a_code_is_taken_as_people_type_it() -> None:
    typed = code().lower()

    assert redeem(person(), f" {typed[:4]}-{typed[4:]} ").purpose is Purpose.BETA


def test_a_code_given_by_staff_lets_in_without_beta() -> None:
    user = person()

    given = redeem(user, code(Purpose.ADMIN))

    assert given.beta_until is None
    assert User.objects.get(pk=user.pk).beta_until is None


@pytest.mark.parametrize("purpose", [Purpose.BETA, Purpose.ADMIN])
def test_no_code_gives_a_role(purpose: Purpose) -> None:
    user = person()

    redeem(user, code(purpose))

    assert User.objects.get(pk=user.pk).role == Role.USER


def test_a_persons_code_gives_beta_and_names_the_inviter() -> None:
    inviter, user = person(), person()

    given = redeem(user, code_of(inviter))

    assert (given.inviter_id, given.beta_until) == (inviter.pk, IN_90_DAYS)
    assert User.objects.get(pk=user.pk).invited_by == inviter == user.invited_by


def test_who_invites_somebody_new_is_credited_with_a_referral() -> None:
    inviter, user = person(), person()

    redeem(user, code_of(inviter))

    assert Referral.objects.get(referred=user).referrer == inviter
    assert Points.objects.get(user=inviter).points == 5


def test_inviting_somebody_who_was_here_before_brings_no_points() -> None:
    old, inviter = person(date_joined=NOON - timedelta(days=400)), person()

    redeem(old, code_of(inviter))

    assert not Points.objects.exists()


def test_the_first_inviter_stays() -> None:
    first, second = person(), person()
    user = person(invited_by=first)

    redeem(user, code_of(second))

    assert User.objects.get(pk=user.pk).invited_by == first


def test_a_longer_beta_is_not_shortened() -> None:
    user = person(beta_until=NOON + timedelta(days=200))

    assert redeem(user, code()).beta_until == NOON + timedelta(days=200)


def test_a_code_for_three_serves_three() -> None:
    typed = code(max_uses=3)
    for _ in range(3):
        redeem(person(), typed)

    assert refusal(person(), typed).code == "code_used_up"
    assert Invitation.objects.get().uses == 3


def test_the_sealed_text_goes_with_the_last_use() -> None:
    typed = code(max_uses=2)
    redeem(person(), typed)
    assert Invitation.objects.get().sealed

    redeem(person(), typed)

    assert Invitation.objects.get().sealed == ""


def test_redeeming_is_audited_without_the_code() -> None:
    user, typed = person(), code()

    redeem(user, typed)

    line = LogEntry.objects.get(additional_data__what="invitation.redeemed")
    assert (line.actor, line.additional_data["whom"]) == (user, user.pk)
    assert typed not in str(line.changes)


def test_an_unknown_code_says_how_many_tries_are_left() -> None:
    user = person()

    assert "4 more tries" in refusal(user, "AAAAAAAA").message
    assert refusal(user, "AAAAAAAA").details["left"] == 3


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"revoked_at": NOON}, "code_revoked"),
        ({"expires_at": NOON}, "code_expired"),
        ({"uses": 1}, "code_used_up"),
    ],
)
def test_a_code_that_is_over_says_why_and_what_to_do(over: dict[str, Any], expected: str) -> None:
    user, typed = person(), code()
    Invitation.objects.update(**over)

    refused = refusal(user, typed)

    assert refused.code == expected
    assert "Ask for another." in refused.message
    assert not Redemption.objects.exists()


def test_ones_own_code_is_for_others() -> None:
    inviter = person()

    assert refusal(inviter, code_of(inviter)).code == "own_code"
    assert Invitation.objects.get().uses == 0


def test_nobody_is_invited_twice() -> None:
    user, second = person(), code()
    redeem(user, code())

    refused = refusal(user, second)

    assert (type(refused), refused.code) == (Conflict, "already_invited")
    assert Invitation.objects.filter(uses=0).count() == 1


def test_a_closed_account_redeems_nothing() -> None:
    user = person(state=AccountState.SUSPENDED)

    assert refusal(user, code()).code == "suspended"


def test_five_tries_an_hour_are_counted_before_the_database_is_asked() -> None:
    user, good = person(), code()
    for _ in range(5):
        refusal(user, "AAAAAAAA")

    with CaptureQueriesContext(connection) as queries:
        refused = refusal(user, good)

    assert (type(refused), refused.code) == (TooMany, "too_many_tries")
    assert 3500 < refused.details["retry_after_s"] <= 3600
    assert len(queries) == 0


def test_what_can_be_no_code_costs_no_try() -> None:
    user = person()
    for _ in range(9):
        refusal(user, "hello")

    assert refusal(user, "AAAAAAAA").details["left"] == 4


def test_others_tries_do_not_count() -> None:
    for _ in range(5):
        refusal(person(), "AAAAAAAA")

    assert redeem(person(), code())


def test_tries_of_somebody_made_anew_each_time_are_counted_together() -> None:
    left = []
    for _ in range(3):
        user = people.register(door=Door.TELEGRAM, telegram_id=4711, now=NOON)
        left.append(refusal(user, "AAAAAAAA").details["left"])
        user.delete()

    assert left == [4, 3, 2]


def test_tries_can_be_counted_by_address() -> None:
    refusal(person(), "AAAAAAAA", who="ip:192.0.2.1")

    assert refusal(person(), "AAAAAAAA", who="ip:192.0.2.1").details["left"] == 3


def test_people_known_by_mail_are_counted_without_keeping_the_address() -> None:
    user = person(telegram_id=None, email="ann@example.org")

    refusal(user, "AAAAAAAA")

    kept = str(cache.client().keys("*"))
    assert "mail:" in kept
    assert "example" not in kept


def test_without_a_cache_no_code_can_be_tried(settings: Any) -> None:
    user, typed = person(), code()
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    refused = refusal(user, typed)

    assert refused.details["retry_after_s"] == 60
    assert Invitation.objects.get().uses == 0


@pytest.mark.parametrize("broken", [(subscriptions, "grant_beta"), (audit, "record")])
def test_a_failure_in_the_middle_leaves_nothing_half_written(
    broken: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    inviter, user = person(), person()
    typed = code_of(inviter)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the lights went out")

    with monkeypatch.context() as dark:
        dark.setattr(*broken, fail)
        with pytest.raises(RuntimeError):
            redeem(user, typed)

    row = Invitation.objects.get()
    assert (row.uses, bool(row.sealed)) == (0, True)
    assert not Redemption.objects.exists()
    assert not Referral.objects.exists()
    left = User.objects.get(pk=user.pk)
    assert (left.beta_until, left.invited_by) == (None, None)
    assert redeem(user, typed)
