"""The list of people and the page of one: bounded, readable, and without anybody's secrets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.utils import timezone

from accounts.models import Referral, StoredKey, User
from accounts.models.preferences import Preferences
from arbedge import desk as bounds
from arbedge.names import AccountState, Role, Tier
from tests.accounts.console import desk, page, statements
from tests.accounts.factories import SessionFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
MOST_QUERIES = 8


def a_key(person: User) -> StoredKey:
    """A sealed key of this person."""
    return StoredKey.objects.create(
        user=person, slot=1, kind="exchange", provider="okx", last4="WXYZ", sealed="SEALED-TEXT",
        digest=bytes(32), can_read=True, label="main account",
    )  # fmt: skip


@pytest.mark.parametrize("asked", ["", "?q=person", "?tier=free&active=now&o=-5", "?p=2"])
def test_a_list_page_takes_few_queries_however_many_people(asked: str) -> None:
    client, _ = desk()
    UserFactory.create_batch(60)
    assert len(statements(client, f"user/{asked}")) <= MOST_QUERIES


def test_the_number_of_queries_does_not_grow_with_people() -> None:
    client, _ = desk()
    page(client, "user/")
    few = len(statements(client, "user/"))
    UserFactory.create_batch(120)
    assert len(statements(client, "user/")) == few


def test_no_list_page_counts_everybody() -> None:
    client, _ = desk()
    counts = [sql for sql in statements(client, "user/") if "COUNT(" in sql]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


def test_a_list_that_is_cut_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "COUNTED_AT_MOST", 3)
    monkeypatch.setattr("accounts.admin.people.PersonAdmin.counted_at_most", 3)
    client, _ = desk()
    assert "are listed. Search" not in page(client, "user/")
    UserFactory.create_batch(3)
    assert "The first 3 are listed. Search" in page(client, "user/")


def test_the_list_answers_the_first_question() -> None:
    client, _ = desk()
    UserFactory(
        name="Ada", telegram_name="ada_l", state=AccountState.SUSPENDED, tier=Tier.PRO,
        tier_since=timezone.now(), tier_until=timezone.now() + timedelta(days=9),
        seen_at=timezone.now() - timedelta(minutes=5),
    )  # fmt: skip
    text = page(client, "user/?q=ada")
    for words in ("Ada", "@ada_l", "suspended", "pro until", "5\u2009min ago"):
        assert words in text


def test_the_list_is_newest_first_and_sorts_by_joining_alone() -> None:
    client, _ = desk()
    old = UserFactory(name="Old", date_joined=timezone.now())
    new = UserFactory(name="New", date_joined=timezone.now() - timedelta(days=9))
    text = page(client, "user/")
    assert text.index(f"/{new.pk}/change/") < text.index(f"/{old.pk}/change/")
    sent = [sql for sql in statements(client, "user/?o=5") if "ORDER BY" in sql]
    assert any('"date_joined" ASC' in sql for sql in sent)
    sent = [sql for sql in statements(client, "user/?o=2") if "ORDER BY" in sql]
    assert all("state" not in sql.partition("ORDER BY")[2] for sql in sent)


def test_a_name_is_shown_and_not_obeyed() -> None:
    client, _ = desk()
    person = UserFactory(name="<script>alert(1)</script>", telegram_name="ev<il")
    for path in ("user/", f"user/{person.pk}/change/", f"user/{person.pk}/do/ban/"):
        assert "<script>alert(1)" not in page(client, path)


@pytest.fixture
def ada() -> User:
    """Somebody with a bit of everything."""
    now = timezone.now()
    ada: User = UserFactory(
        name="Ada Lovelace", email="ada@example.org", country="GB", tier=Tier.PREMIUM,
        tier_since=now, beta_until=now + timedelta(days=3), onboarding="venues",
    )  # fmt: skip
    SubscriptionFactory(user=ada, note="first month")
    SubscriptionFactory(user=ada, tier=Tier.PRO, note="better offer")
    SessionFactory(user=ada, ip="203.0.113.7", interactions=41)
    a_key(ada)
    Preferences.objects.create(user=ada, focus="hybrid", quiet_from_min=1320, quiet_to_min=420)
    Referral.objects.create(referrer=ada, referred=UserFactory(), code="ADA1843")
    return ada


def test_the_page_of_a_person_tells_everything_about_him(ada: User) -> None:
    client, _ = desk()
    text = page(client, f"user/{ada.pk}/change/")
    for words in (
        "ada@example.org", "GB", "premium", "venues, not finished", "first month", "better offer",
        "203.0.113.7", "41 actions", "okx …WXYZ", "main account", "hybrid", "22:00 to 07:00",
        "1, of whom 0 traded", "read",
    ):  # fmt: skip
        assert words in text, words


def test_the_page_of_a_person_shows_no_secret(ada: User) -> None:
    client, _ = desk()
    for path in (f"user/{ada.pk}/change/", "storedkey/", f"storedkey/{a_key_of(ada)}/change/"):
        assert "SEALED-TEXT" not in page(client, path)
        assert "sealed" not in "".join(
            sql.partition("FROM")[0] for sql in statements(client, path) if "storedkey" in sql
        )


def a_key_of(person: User) -> int:
    """The number of the person's only key."""
    return StoredKey.objects.values_list("pk", flat=True).get(user=person)


def test_the_queries_of_a_persons_page_do_not_grow_with_what_he_has(ada: User) -> None:
    client, _ = desk()
    path = f"user/{ada.pk}/change/"
    page(client, path)
    few = len(statements(client, path))
    for _ in range(5):
        SubscriptionFactory(user=ada)
        SessionFactory(user=ada, door="web")
    assert len(statements(client, path)) == few


def test_the_audit_of_a_person_is_on_his_page_whoever_acted(ada: User) -> None:
    client, operator = desk()
    other = UserFactory()
    from accounts import audit
    from arbedge.names import Door

    with audit.doing(Door.CONSOLE, operator):
        audit.record("person.warned", ada, whom=ada, changes={"reason": ("", "spam")})
        audit.record("person.praised", other, whom=other)
    with audit.doing(Door.TELEGRAM, ada):
        audit.record("preferences.changed", ada, changes={"focus": ("hybrid", "technical")})
    text = page(client, f"user/{ada.pk}/change/")
    for words in ("person warned", "reason spam", "preferences changed", "hybrid → technical"):
        assert words in text
    assert "person praised" not in text


def test_the_audit_of_a_person_is_found_by_indexes() -> None:
    from accounts.admin.trail import about

    lines = about(LogEntry.objects.order_by("-timestamp", "-id"), User(pk=7))[:10]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "audit_by_whom" in lines.explain()


def test_nobody_is_edited_or_deleted_in_place() -> None:
    client, _ = desk()
    person = UserFactory(name="Ada")
    client.post(f"/console/accounts/user/{person.pk}/change/", {"name": "Eve", "role": "admin"})
    assert client.post(f"/console/accounts/user/{person.pk}/delete/").status_code == 403
    person.refresh_from_db()
    assert (person.name, person.role) == ("Ada", Role.USER)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
def test_somebody_is_added_by_his_address_as_a_plain_user(role: Role) -> None:
    client, _ = desk(role)
    wish = {"email": "new@example.org", "name": "Grace Hopper", "role": "super_admin"}
    answer = client.post("/console/accounts/user/add/", wish)
    made = User.objects.get(email="new@example.org")
    assert answer.headers["Location"].endswith(f"/user/{made.pk}/change/")
    assert (made.name, made.role, made.has_usable_password()) == ("Grace Hopper", Role.USER, False)
    again = client.post("/console/accounts/user/add/", wish | {"email": "NEW@example.org"})
    assert again.headers["Location"] == answer.headers["Location"]
    line = LogEntry.objects.get(additional_data__what="person.registered")
    assert line.additional_data["door"] == "console"


@pytest.mark.parametrize("wrong", [{"email": "no address"}, {"email": ""}, {"name": "x" * 129}])
def test_somebody_who_cannot_be_told_is_not_added(wrong: dict[str, str]) -> None:
    client, _ = desk()
    wish = {"email": "new@example.org", "name": "Grace"} | wrong
    assert 'role="alert"' in client.post("/console/accounts/user/add/", wish).content.decode()
    assert User.objects.count() == 1


def test_support_adds_nobody() -> None:
    client, _ = desk(Role.SUPPORT)
    wish = {"email": "new@example.org", "name": "Grace"}
    assert client.post("/console/accounts/user/add/", wish).status_code == 403
    assert "user/codes/" not in page(client, "user/")


def test_the_list_leads_to_making_codes() -> None:
    client, _ = desk()
    assert "user/codes/" in page(client, "user/")
    answer = client.get("/console/accounts/user/codes/")
    assert answer.headers["Location"].endswith("/invitationbatch/add/")


def test_a_person_that_is_not_there_leads_back_to_the_list() -> None:
    client, _ = desk()
    answer = client.get("/console/accounts/user/987654/change/")
    assert answer.status_code == 302


def test_strangers_and_users_see_nothing() -> None:
    client, _ = desk(Role.USER)
    assert client.get("/console/accounts/user/").status_code == 302


def test_support_sees_everything_and_is_offered_nothing(ada: User) -> None:
    client, _ = desk(Role.SUPPORT)
    text = page(client, f"user/{ada.pk}/change/")
    assert "ada@example.org" in text
    assert "/do/" not in text
    assert 'name="action"' not in page(client, "user/")


def test_somebody_with_nothing_has_a_page_too() -> None:
    client, _ = desk()
    person = UserFactory(name="", telegram_id=None, email="")
    text = page(client, f"user/{person.pk}/change/")
    for words in ("Always on free.", "Never had one.", "the defaults", "none yet"):
        assert words in text
