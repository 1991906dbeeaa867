"""Coming in by a link in a mail, from the form to the session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core import mail
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import doors, magic_links
from accounts.models import LoginLink, Session, User
from arbedge.names import AccountState
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, link_in, send_link, token_of

pytestmark = pytest.mark.django_db
SITE = "https://arbedge.example.org"


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> None:
    fresh_cache()
    settings.SITE_URL = SITE
    settings.ALLOWED_HOSTS = ["testserver", "evil.example.net"]


def ask(client: Client, email: str = "ada@example.org", **more: Any) -> str:
    """Asks for a link on the log-in page and returns the answer."""
    return body(client.post("/login", {"email": email}, **more))


def test_somebody_new_comes_in_by_a_link(client: Client) -> None:
    ask(client, "Ada@Example.org")
    address = link_in(str(mail.outbox[0].body)).removeprefix(SITE)
    assert "Log in" in body(client.get(address))
    response = client.post("/login/link", {"token": token_of(str(mail.outbox[0].body))})
    assert (response.status_code, response["Location"]) == (302, "/account")
    ada = User.objects.get(email="ada@example.org")
    assert ada.email_verified_at is not None
    assert Session.objects.get(user=ada).door == "web"
    assert client.get("/account").status_code == 200


def test_somebody_known_comes_in_as_himself(client: Client) -> None:
    ada = UserFactory(email="Ada@Example.org")
    ask(client)
    client.post("/login/link", {"token": token_of(str(mail.outbox[0].body))})
    assert Session.objects.get().user == ada
    assert User.objects.count() == 1


def test_the_answer_is_the_same_whether_somebody_is_known_or_not(client: Client) -> None:
    UserFactory(email="ada@example.org")
    known = ask(client, "ada@example.org")
    unknown = ask(client, "eve@example.org")
    assert known == unknown.replace("eve@example.org", "ada@example.org")
    assert len(mail.outbox) == 2


def test_the_known_and_the_unknown_cost_the_same(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    UserFactory(email="ada@example.org")
    for email in ("ada@example.org", "eve@example.org"):
        with django_assert_max_num_queries(3) as counted:
            ask(client, email)
        assert len(counted) == 3


def test_a_mail_scanner_that_opens_the_link_does_not_log_in(client: Client) -> None:
    ask(client)
    address = link_in(str(mail.outbox[0].body)).removeprefix(SITE)
    for _ in range(3):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    assert not Session.objects.exists()
    assert LoginLink.objects.get().used_at is None


def test_a_forged_host_does_not_get_into_the_mail(client: Client) -> None:
    ask(client, headers={"host": "evil.example.net"})
    sent: Any = mail.outbox[0]
    assert "evil" not in sent.body + sent.alternatives[0][0]
    assert link_in(str(sent.body)).startswith(f"{SITE}/login/link?token=")


def test_a_post_from_another_site_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/login", {"email": "ada@example.org"}).status_code == 403
    assert strict.post("/login/link", {"token": send_link()}).status_code == 403
    assert LoginLink.objects.get().used_at is None


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda token: token[:-1], "cut short"),
        (lambda token: "", "cut short"),
    ],
)
def test_a_bad_link_says_what_is_wrong(client: Client, spoil: object, words: str) -> None:
    token = spoil(send_link())  # type: ignore[operator]
    response = client.get("/login/link", {"token": token})
    assert response.status_code == 400
    assert words in body(response)


def test_a_used_link_says_so(client: Client) -> None:
    token = send_link(now=datetime.now(UTC))
    client.post("/login/link", {"token": token})
    assert "was used" in body(Client().get("/login/link", {"token": token}))


def test_an_old_link_says_so(client: Client) -> None:
    token = send_link(now=datetime.now(UTC) - timedelta(minutes=16))
    assert "older than 15 minutes" in body(client.get("/login/link", {"token": token}))


@pytest.mark.parametrize("typed", ["", "ada", "a" * 400])
def test_a_slip_in_the_address_is_told_beside_it(client: Client, typed: str) -> None:
    response = client.post("/login", {"email": typed})
    assert response.status_code == 422
    assert 'class="wrong"' in body(response)
    assert not mail.outbox


def test_an_address_gets_five_links_in_a_quarter_of_an_hour(client: Client) -> None:
    for number in range(5):
        client.post("/login", {"email": "ada@example.org"}, REMOTE_ADDR=f"192.0.2.{number}")
    response = client.post("/login", {"email": "ADA@example.org"}, REMOTE_ADDR="192.0.2.99")
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "Too many links" in body(response)
    assert len(mail.outbox) == 5


def test_a_machine_gets_twenty_links_an_hour(client: Client) -> None:
    answers = [
        client.post("/login", {"email": f"person{number}@example.org"}).status_code
        for number in range(21)
    ]
    assert answers == [200] * 20 + [429]


def test_without_a_cache_links_are_still_limited(client: Client, settings: Settings) -> None:
    settings.CACHES["default"]["LOCATION"] = "redis://127.0.0.1:1/0"
    from django.core.cache import caches

    del caches["default"]
    try:
        answers = [
            client.post("/login", {"email": "ada@example.org"}).status_code for _ in "123456"
        ]
    finally:
        settings.CACHES["default"]["LOCATION"] = settings.CACHE_URL
        del caches["default"]
    assert answers == [200] * 5 + [429]


def test_a_mail_server_that_is_away_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(magic_links, "_mail", broken)
    response = client.post("/login", {"email": "ada@example.org"})
    assert response.status_code == 503
    assert "could not be sent" in body(response)


@pytest.mark.parametrize("state", ["suspended", "banned", "deactivated"])
def test_a_closed_account_is_not_let_in_and_told_why(client: Client, state: str) -> None:
    UserFactory(email="ada@example.org", state=AccountState(state))
    response = client.post("/login/link", {"token": send_link(now=datetime.now(UTC))})
    assert response.status_code == 403
    assert "account" in body(response)
    assert doors.cookie_name() not in response.cookies
    assert LogEntry.objects.filter(additional_data__what="login.refused").count() == 1
    assert not Session.objects.exists()


def test_staff_who_come_by_mail_get_no_console(client: Client) -> None:
    User.objects.create_superuser("root", "root@example.org", "a password")
    client.post("/login/link", {"token": send_link("root@example.org", datetime.now(UTC))})
    assert client.get("/account").status_code == 200
    assert "/console/login" in client.get("/console/")["Location"]


def test_pages_with_a_token_are_kept_nowhere_and_tell_no_other_site(client: Client) -> None:
    response = client.get("/login/link", {"token": send_link(now=datetime.now(UTC))})
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
