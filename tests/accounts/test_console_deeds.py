"""What operators do to people: asked first with numbers and consequences, then done, audited."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import standing
from accounts.admin import asking, deeds
from accounts.models import Session, SessionState, Subscription, TierSource, User
from accounts.signals import tier_changed
from arbedge.names import AccountState, Role, Tier
from tests.accounts.console import audited, choose, desk, do, page, told
from tests.accounts.factories import SessionFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
BELOW_ADMIN = (Role.USER, Role.SUPPORT)
HURTING = ("suspend", "ban", "deactivate", "end_sessions")


def again(person: User) -> User:
    """The person as the database has him now."""
    return User.objects.get(pk=person.pk)


@pytest.mark.parametrize("deed", [one.name for one in deeds.DEEDS])
def test_every_deed_is_asked_before_it_is_done(deed: str) -> None:
    client, _ = desk()
    role = Role.SUPPORT if deed == "password" else Role.USER
    state = "suspended" if deed == "reinstate" else "active"
    person = UserFactory(name="Ada", role=role, state=state)
    before = User.objects.filter(pk=person.pk).values().get()
    text = page(client, f"user/{person.pk}/do/{deed}/")
    assert "Ada?" in text
    assert 'name="sure" value="1"' in text
    assert User.objects.filter(pk=person.pk).values().get() == before


@pytest.mark.parametrize("deed", [one.name for one in deeds.DEEDS])
def test_no_deed_is_done_without_a_reason(deed: str) -> None:
    client, _ = desk()
    role = Role.SUPPORT if deed == "password" else Role.USER
    person = UserFactory(role=role, state="suspended" if deed == "reinstate" else "active")
    before = User.objects.filter(pk=person.pk).values().get()
    given = {"tier": "pro", "price_usd": "0", "days": "5", "role": "support", "points": "5"}
    answer = do(client, person, deed, reason="  ", **given)
    assert "This field is required" in told(answer)
    assert User.objects.filter(pk=person.pk).values().get() == before


@pytest.mark.parametrize(
    ("deed", "state"),
    [("suspend", "suspended"), ("ban", "banned"), ("deactivate", "deactivated")],
)
def test_a_person_is_shut_out_for_a_reason(deed: str, state: str) -> None:
    client, operator = desk()
    person = SessionFactory(expires_at=timezone.now() + timedelta(days=7)).user
    answer = do(client, person, deed, reason="spam in groups")
    assert "1 person." in told(answer)
    person = again(person)
    assert (person.state, person.state_reason, person.is_active) == (state, "spam in groups", False)
    line = audited(person, f"person.{state}")
    assert line.actor == operator
    assert line.additional_data["door"] == "console"


def test_a_person_is_let_in_again() -> None:
    client, _ = desk()
    person = UserFactory(state=AccountState.BANNED)
    do(client, person, "reinstate")
    assert again(person).state == AccountState.ACTIVE


def test_a_tier_is_given_for_a_time_a_price_and_a_reason() -> None:
    client, operator = desk()
    person = UserFactory()
    do(client, person, "tier", tier="pro", days="30", price_usd="49", reason="invoice 7")
    row = Subscription.objects.get(user=person)
    assert (row.tier, row.source, row.price_usd) == (Tier.PRO, TierSource.PAID, Decimal(49))
    assert (row.note, row.made_by) == ("invoice 7", operator)
    assert row.ends_at is not None
    assert row.ends_at - row.starts_at == timedelta(days=30)
    assert (again(person).tier, again(person).tier_until) == (Tier.PRO, row.ends_at)
    assert audited(person, "tier.granted").changes["tier"] == ["free", "pro"]


def test_a_tier_without_days_is_for_good_and_without_a_price_a_gift() -> None:
    client, _ = desk()
    person = UserFactory()
    do(client, person, "tier", tier="basic", days="", price_usd="0")
    row = Subscription.objects.get(user=person)
    assert (row.ends_at, row.source) == (None, TierSource.GRANT)


def test_whoever_asks_knows_of_a_tier_at_once(django_capture_on_commit_callbacks: Any) -> None:
    client, _ = desk()
    person = UserFactory()
    assert standing.known(person.pk).tier == Tier.FREE
    with django_capture_on_commit_callbacks(execute=True):
        do(client, person, "tier", tier="enterprise", days="9", price_usd="0")
    assert standing.known(person.pk).tier == Tier.ENTERPRISE


def test_floors_above_hear_of_a_tier_that_changed() -> None:
    client, _ = desk()
    free, pro = UserFactory(), UserFactory(tier=Tier.PRO)
    heard: list[Any] = []

    def hear(changes: list[Any], **_: Any) -> None:
        heard.extend((one.user_id, one.before, one.after) for one in changes)

    tier_changed.connect(hear)
    choose(client, "user", "tier", [free, pro], sure="2", reason="x", tier="pro", days="9",
           price_usd="0")  # fmt: skip
    tier_changed.disconnect(hear)
    assert heard == [(free.pk, Tier.FREE, Tier.PRO)]


@pytest.mark.parametrize(
    "wrong", [{"days": "0"}, {"days": "4000"}, {"price_usd": "-1"}, {"tier": "gold"}]
)
def test_a_tier_that_makes_no_sense_is_refused_in_words(wrong: dict[str, str]) -> None:
    client, _ = desk()
    person = UserFactory()
    given = {"tier": "pro", "days": "30", "price_usd": "0"} | wrong
    assert 'role="alert"' in told(do(client, person, "tier", **given))
    assert not Subscription.objects.exists()


def test_a_beta_is_granted_and_a_longer_one_stays() -> None:
    client, _ = desk()
    now = timezone.now()
    fresh, long = UserFactory(), UserFactory(beta_until=now + timedelta(days=200))
    answer = choose(client, "user", "beta", [fresh, long], sure="2", reason="x", days="90")
    assert "Beta for 1 person. 1 person had a longer one already." in told(answer)
    left = again(fresh).beta_until
    assert left is not None
    assert timedelta(days=89) < left - now < timedelta(days=91)
    assert again(long).beta_until == long.beta_until


def test_sessions_of_a_person_end_by_every_door() -> None:
    client, operator = desk()
    ada = UserFactory()
    later = timezone.now() + timedelta(days=7)
    for door in ("telegram", "web"):
        SessionFactory(user=ada, door=door, expires_at=later)
    other = SessionFactory(expires_at=later)
    assert "Ended 2 sessions of 1 person." in told(do(client, ada, "end_sessions"))
    ended = Session.objects.filter(user=ada)
    assert {(one.state, one.outcome, one.ended_by) for one in ended} == {
        (SessionState.TERMINATED, "by_staff", operator)
    }
    other.refresh_from_db()
    assert other.state == SessionState.ACTIVE
    assert audited(ada, "sessions.ended").changes["reason"] == ["", "because"]


def test_points_are_given_and_taken_but_never_below_none() -> None:
    client, _ = desk()
    person = UserFactory()
    do(client, person, "points", points="50")
    assert "costs 60 points" in told(do(client, person, "points", points="-60"))
    do(client, person, "points", points="-20")
    assert sum(person.points.values_list("points", flat=True)) == 30


def test_a_super_admin_sets_a_role_and_the_reason_is_kept() -> None:
    client, _ = desk()
    chosen = UserFactory()
    do(client, chosen, "role", role="support", reason="joins the desk")
    person = again(chosen)
    assert (person.role, person.is_staff) == (Role.SUPPORT, True)
    assert audited(person, "person.role_reason").changes["reason"] == ["", "joins the desk"]


def test_staff_gets_a_password_and_it_is_told_nowhere() -> None:
    client, _ = desk()
    person = UserFactory(role=Role.SUPPORT, username="grace")
    secret = "CANARY horse battery"
    answer = do(client, person, "password", password=secret, again=secret)
    assert again(person).check_password(secret)
    assert Client().login(username="grace", password=secret)
    line = audited(person, "person.password_set")
    assert secret not in told(answer) + str(line.changes)
    assert again(person).password not in str(line.changes)


@pytest.mark.parametrize(
    ("password", "second", "because"),
    [
        ("CANARY horse battery", "another", "not the same"),
        ("shrt77", "shrt77", "too short"),
        ("123456789012", "123456789012", "numeric"),
    ],
)
def test_a_bad_password_is_refused_and_not_sent_back(
    password: str, second: str, because: str
) -> None:
    client, _ = desk()
    person = UserFactory(role=Role.SUPPORT)
    text = told(do(client, person, "password", password=password, again=second))
    assert because in text
    assert password not in text
    assert again(person).password == person.password


def test_a_plain_user_needs_no_password() -> None:
    client, _ = desk()
    person = UserFactory()
    given = {"password": "CANARY horse battery", "again": "CANARY horse battery"}
    assert "Only staff" in told(do(client, person, "password", **given))
    assert "/do/password/" not in page(client, f"user/{person.pk}/change/")


def test_an_admin_sets_nobodys_password() -> None:
    client, _ = desk(Role.ADMIN)
    person = UserFactory(role=Role.SUPPORT)
    given = {"password": "CANARY horse battery", "again": "CANARY horse battery"}
    assert do(client, person, "password", **given).status_code == 403


def test_nobody_changes_his_own_role_or_shuts_himself_out() -> None:
    client, operator = desk()
    UserFactory(role=Role.SUPER_ADMIN)
    for deed in ("role", *HURTING):
        assert "You are among them." in told(do(client, operator, deed, role="user"))
    assert again(operator).role == Role.SUPER_ADMIN
    assert again(operator).state == AccountState.ACTIVE


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
@pytest.mark.parametrize("deed", [*HURTING, "tier", "beta", "points"])
def test_an_admin_touches_nobody_of_his_own_role_or_above(role: Role, deed: str) -> None:
    client, _ = desk(Role.ADMIN)
    above = SessionFactory(user__role=role, expires_at=timezone.now() + timedelta(days=7)).user
    given = {"tier": "pro", "days": "9", "price_usd": "0", "points": "9"}
    assert "your role or a higher one" in told(do(client, above, deed, **given))
    assert (again(above).state, again(above).tier) == (AccountState.ACTIVE, Tier.FREE)
    assert again(above).beta_until is None
    assert Session.objects.get(user=above).state == SessionState.ACTIVE


@pytest.mark.parametrize("role", BELOW_ADMIN)
def test_an_admin_suspends_whoever_stands_below(role: Role) -> None:
    client, _ = desk(Role.ADMIN)
    below = UserFactory(role=role)
    do(client, below, "suspend")
    assert again(below).state == AccountState.SUSPENDED


def test_an_admin_gives_nobody_a_role() -> None:
    client, _ = desk(Role.ADMIN)
    person = UserFactory()
    assert do(client, person, "role", role="support").status_code == 403
    assert "/do/role/" not in page(client, f"user/{person.pk}/change/")
    choose(client, "user", "role", [person], sure="1", reason="x", role="admin")
    assert again(person).role == Role.USER


@pytest.mark.parametrize("deed", [one.name for one in deeds.DEEDS])
def test_support_does_nothing_by_any_way(deed: str) -> None:
    client, _ = desk(Role.SUPPORT)
    person = UserFactory()
    before = User.objects.filter(pk=person.pk).values().get()
    given = {"tier": "pro", "days": "9", "price_usd": "0", "role": "admin", "points": "9"}
    assert do(client, person, deed, **given).status_code == 403
    choose(client, "user", deed, [person], sure="1", reason="x", **given)
    assert User.objects.filter(pk=person.pk).values().get() == before


def test_many_are_asked_for_by_their_number() -> None:
    client, _ = desk()
    people = [UserFactory(name=f"Person of note {n}") for n in range(15)]
    text = told(choose(client, "user", "suspend", people))
    assert "Suspend 15 people?" in text
    assert "Person of note 11" in text
    assert "and 3 more" in text
    assert not User.objects.filter(state=AccountState.SUSPENDED).exists()


def test_many_are_done_by_few_statements_and_told(django_assert_max_num_queries: Any) -> None:
    client, _ = desk()
    people = UserFactory.create_batch(40)
    with django_assert_max_num_queries(25):
        choose(client, "user", "tier", people, sure="40", reason="x", tier="pro", days="9",
               price_usd="0")  # fmt: skip
    assert User.objects.filter(tier=Tier.PRO).count() == 40
    assert Subscription.objects.count() == 40


def test_all_means_all_that_the_filters_leave() -> None:
    client, _ = desk()
    banned = UserFactory.create_batch(3, state=AccountState.BANNED)
    UserFactory.create_batch(2)
    sent = {"action": "reinstate", "_selected_action": [banned[0].pk], "select_across": "1",
            "index": 0}  # fmt: skip
    url = "/console/accounts/user/?state=banned"
    assert "Reinstate 3 people?" in told(client.post(url, sent))
    client.post(url, {**sent, "sure": "3", "reason": "amnesty"})
    assert not User.objects.filter(state=AccountState.BANNED).exists()


def test_if_the_number_changed_meanwhile_it_is_asked_again() -> None:
    client, _ = desk()
    banned = UserFactory.create_batch(3, state=AccountState.BANNED)
    sent = {"action": "reinstate", "_selected_action": [banned[0].pk], "select_across": "1",
            "index": 0, "sure": "2", "reason": "amnesty"}  # fmt: skip
    text = told(client.post("/console/accounts/user/?state=banned", sent))
    assert "There are 3 now" in text
    assert User.objects.filter(state=AccountState.BANNED).count() == 3


def test_too_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = desk()
    people = UserFactory.create_batch(3)
    few = next(one for one in deeds.DEEDS if one.name == "role")
    monkeypatch.setitem(few.__dict__, "at_most", 2)
    answer = choose(client, "user", "role", people, sure="3", reason="x", role="support")
    assert "more than 2. Narrow" in told(answer)
    assert not User.objects.filter(role=Role.SUPPORT).exists()


def test_one_who_stands_above_stops_the_whole_crowd() -> None:
    client, _ = desk(Role.ADMIN)
    people = [UserFactory(), UserFactory(role=Role.SUPER_ADMIN)]
    choose(client, "user", "ban", people, sure="2", reason="x")
    assert not User.objects.filter(state=AccountState.BANNED).exists()


def test_a_person_is_offered_only_what_changes_something() -> None:
    client, _ = desk()
    banned = page(client, f"user/{UserFactory(state=AccountState.BANNED).pk}/change/")
    active = page(client, f"user/{UserFactory().pk}/change/")
    assert "/do/reinstate/" in banned
    assert "/do/ban/" not in banned
    assert "/do/reinstate/" not in active
    assert "/do/ban/" in active


def test_what_is_unknown_is_not_done() -> None:
    client, _ = desk()
    person = UserFactory()
    assert do(client, person, "fly").status_code == 404
    assert client.get("/console/accounts/user/999999/do/ban/").status_code == 404
    assert client.get("/console/accounts/user/abc/do/ban/").status_code == 404


@pytest.mark.parametrize(
    ("given", "valid"), [("END ALL", True), (" END ALL ", True), ("end", False)]
)
def test_words_to_be_typed_are_compared(given: str, valid: bool) -> None:
    form = asking.typed("END ALL")({"typed": given, "reason": "x"})
    assert form.is_valid() is valid
