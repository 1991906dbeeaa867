"""Referrals: codes of one's own, who came by them, and the stages that bring points."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import referrals
from accounts.models import Points, Referral, ReferralCode, Stage, TierSource, User
from arbedge import cache
from arbedge.errors import ArbEdgeError, Conflict, TooMany
from arbedge.names import Door
from tests.accounts.factories import NOON, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
EARLIER = NOON - timedelta(days=30)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


def edit(user: User, code: str) -> str:
    return referrals.edit(user, code, door=Door.TELEGRAM)


def edit_refusal(user: User, code: str) -> ArbEdgeError:
    with pytest.raises(ArbEdgeError) as caught:
        edit(user, code)
    return caught.value


def refer(owner: User, user: User, now: datetime = NOON) -> Referral:
    return referrals.referred(user, referrals.code_of(owner), door=Door.TELEGRAM, now=now)


def refusal(user: User, code: str, now: datetime = NOON) -> ArbEdgeError:
    with pytest.raises(ArbEdgeError) as caught:
        referrals.referred(user, code, door=Door.TELEGRAM, now=now)
    return caught.value


def points_of(user: User) -> dict[str, int]:
    return dict(Points.objects.filter(user=user).values_list("stage", "points"))


def test_a_code_is_made_at_the_first_call_and_stays() -> None:
    user = person()

    assert referrals.code_of(user) == referrals.code_of(user)
    assert ReferralCode.objects.count() == 1


def test_made_codes_have_no_letters_that_look_alike() -> None:
    codes = [referrals.code_of(person()) for _ in range(30)]

    assert not set("".join(codes)) & set("01IO")
    assert {len(code) for code in codes} == {8}


def test_a_made_code_that_is_taken_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = referrals.code_of(person())
    signs = iter(taken + "FREESHED")
    monkeypatch.setattr("accounts.referrals.secrets.choice", lambda _: next(signs))

    assert referrals.code_of(person()) == "FREESHED"


def test_people_choose_their_code() -> None:
    user = person()

    assert edit(user, " annsmith ") == "ANNSMITH"
    assert referrals.code_of(user) == "ANNSMITH"


def test_choosing_is_audited_with_old_and_new() -> None:
    user = person()
    before = referrals.code_of(user)

    edit(user, "ANNSMITH")

    line = LogEntry.objects.get(additional_data__what="referral.code_changed")
    assert (line.actor, line.changes) == (user, {"code": [before, "ANNSMITH"]})


@pytest.mark.parametrize("code", ["", "SHORT", "THIRTEENCHARS", "ANN-SMITH", "ÄNNSMITH", "🚀" * 6])
def test_a_code_has_6_to_12_capitals_and_digits(code: str) -> None:
    refused = edit_refusal(person(), code)

    assert (refused.code, refused.details["limit"]) == ("bad_code", [6, 12])


@pytest.mark.parametrize("code", ["ARBEDGE", "ADMIN2026", "ADM1N2026", "5UPP0RT", "BINANCE1"])
def test_a_code_that_could_be_taken_for_official_is_refused(code: str) -> None:
    assert edit_refusal(person(), code).code == "code_reserved"


def test_a_code_somebody_has_is_refused_and_the_own_one_kept() -> None:
    edit(person(), "MOONSHOT")
    user = person()
    before = referrals.code_of(user)

    refused = edit_refusal(user, "moonshot")

    assert (type(refused), refused.code) == (Conflict, "code_taken")
    assert referrals.code_of(user) == before


def test_a_code_is_changed_three_times_a_day_at_most() -> None:
    user = person()
    for number in range(3):
        edit(user, f"ANNSMITH{number}")

    refused = edit_refusal(user, "ANNSMITH9")

    assert isinstance(refused, TooMany)
    assert refused.details["retry_after_s"] > 80_000
    assert referrals.code_of(user) == "ANNSMITH2"


def test_refused_and_unchanged_codes_are_no_edits() -> None:
    user = person()
    edit(person(), "MOONSHOT")
    for _ in range(5):
        edit_refusal(user, "MOONSHOT")
        edit(user, referrals.code_of(user))

    assert edit(user, "ANNSMITH") == "ANNSMITH"


def test_a_link_leads_to_the_bot_or_else_the_web(settings: Any) -> None:
    settings.BOT_NAME, settings.SITE_URL = "arbedge_bot", "https://arbedge.example.com"

    link = referrals.deep_link("ANNSMITH")

    assert link == "https://t.me/arbedge_bot?start=ref_ANNSMITH"
    assert referrals.normal(link.partition("start=")[2]) == "ANNSMITH"
    settings.BOT_NAME = ""
    assert referrals.deep_link("ANNSMITH") == "https://arbedge.example.com/login?ref=ANNSMITH"


def test_somebody_new_is_noted_with_the_inviter_and_points() -> None:
    owner, user = person(), person()

    row = refer(owner, user)

    assert (row.referrer, row.code) == (owner, referrals.code_of(owner))
    assert User.objects.get(pk=user.pk).invited_by == owner
    assert points_of(owner) == {"registered": 5}


def test_being_referred_is_audited() -> None:
    owner, user = person(), person()

    refer(owner, user)

    line = LogEntry.objects.get(additional_data__what="referral.made")
    assert line.additional_data["whom"] == user.pk


def test_an_inviter_who_was_there_before_stays() -> None:
    first, owner = person(), person()
    user = person(invited_by=first)

    refer(owner, user)

    assert User.objects.get(pk=user.pk).invited_by == first


def test_nobody_is_referred_twice() -> None:
    user = person()
    others = [person(date_joined=EARLIER) for _ in range(2)]
    refer(others[0], user)

    assert refusal(user, referrals.code_of(others[1])).code == "already_referred"


def test_an_unknown_code_and_ones_own_are_refused() -> None:
    user = person()

    assert refusal(user, "NOBODYS1").code == "code_unknown"
    assert refusal(user, referrals.code_of(user)).code == "own_code"


def test_who_is_here_for_longer_than_a_week_came_by_himself() -> None:
    owner = person(date_joined=EARLIER)
    user = person()

    assert refusal(user, referrals.code_of(owner), NOON + timedelta(days=8)).code == "too_late"


def test_nobody_refers_whoever_came_before_him() -> None:
    older, newer = person(), person()
    refer(older, newer)

    assert refusal(older, referrals.code_of(newer)).code == "too_late"


def test_stages_bring_their_points_in_order() -> None:
    owner, user = person(), person()
    refer(owner, user)

    credited = [referrals.progress(user, stage, now=NOON) for stage in list(Stage)[1:]]

    assert credited == [[Stage.TRADED], [Stage.SUBSCRIBED], [Stage.ACTIVE]]
    assert points_of(owner) == {"registered": 5, "traded": 20, "subscribed": 100, "active": 50}


def test_a_stage_reached_early_is_noted_and_paid_when_those_before_are_reached() -> None:
    owner, user = person(), person()
    refer(owner, user)

    assert referrals.progress(user, Stage.SUBSCRIBED, now=NOON) == []
    assert Referral.objects.get().subscribed_at == NOON

    later = NOON + timedelta(days=1)
    assert referrals.progress(user.pk, Stage.TRADED, now=later) == [Stage.TRADED, Stage.SUBSCRIBED]


def test_a_stage_is_reached_once() -> None:
    owner, user = person(), person()
    refer(owner, user)
    referrals.progress(user, Stage.TRADED, now=NOON)

    assert referrals.progress(user, Stage.TRADED, now=NOON + timedelta(days=1)) == []
    assert Referral.objects.get().traded_at == NOON


def test_progress_of_somebody_nobody_referred_is_nothing() -> None:
    assert referrals.progress(person(), Stage.TRADED) == []


def test_who_pays_is_found_by_what_was_paid() -> None:
    owner, payer, guest = person(), person(), person()
    refer(owner, payer)
    refer(owner, guest)
    SubscriptionFactory.create(user=payer, price_usd=Decimal(29))
    SubscriptionFactory.create(user=guest, source=TierSource.GRANT)

    assert referrals.follow(NOON) == 1

    assert Referral.objects.get(referred=payer).subscribed_at == NOON
    assert Referral.objects.get(referred=guest).subscribed_at is None


def test_who_is_still_here_a_month_after_paying_is_active() -> None:
    owner = person(date_joined=EARLIER)
    stayed = person(seen_at=NOON + timedelta(days=29))
    gone = person(seen_at=NOON - timedelta(days=1))
    for user in (stayed, gone):
        refer(owner, user)
        referrals.progress(user, Stage.SUBSCRIBED, now=NOON)

    assert referrals.follow(NOON + timedelta(days=30), batch=1) == 1

    assert Referral.objects.get(referred=stayed).active_at is not None
    assert Referral.objects.get(referred=gone).active_at is None
