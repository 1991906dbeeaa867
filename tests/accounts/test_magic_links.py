"""Log-in links sent by mail, from the form to the session."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import doors, magic_links
from accounts.models import LoginLink, Session, User
from arbedge.errors import BadInput
from arbedge.names import AccountState
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, link_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SITE = "https://arbedge.example.org"


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> None:
    fresh_cache()
    settings.SITE_URL = SITE
    settings.ALLOWED_HOSTS = ["testserver", "evil.example.net"]


def send(email: str = "ada@example.org", now: datetime = NOW) -> str:
    """Sends a link and returns its token."""
    magic_links.send(email, ip="192.0.2.7", now=now)
    return token_of(str(mail.outbox[-1].body))


def token_of(text: str) -> str:
    """The token of the link in a mail."""
    return parse_qs(urlsplit(link_in(text)).query)["token"][0]


def refusal(token: str, now: datetime = NOW) -> str:
    """The code this token is refused with."""
    with pytest.raises(BadInput) as refused:
        magic_links.use(token, now)
    return refused.value.code


# The link.


def test_a_link_tells_the_address_it_was_sent_to() -> None:
    assert magic_links.use(send(), NOW) == "ada@example.org"


def test_the_mail_says_it_in_text_and_in_html() -> None:
    token = send()
    sent: Any = mail.outbox[0]
    html, kind = sent.alternatives[0]
    assert kind == "text/html"
    assert token in str(sent.body)
    assert token in html
    assert sent.to == ["ada@example.org"]
    assert "15 minutes" in sent.body


def test_the_database_keeps_only_the_digest() -> None:
    token = send()
    with connection.cursor() as cursor:
        cursor.execute("SELECT l::text FROM accounts_loginlink l")
        (row,) = cursor.fetchone()
    assert hashlib.sha256(token.encode()).hexdigest() in row
    assert token not in row


def test_what_a_stolen_database_shows_opens_nothing() -> None:
    send()
    digest = bytes(LoginLink.objects.get().digest)
    assert refusal(digest.hex()[:43]) == "link_unknown"


def test_a_link_serves_once() -> None:
    token = send()
    magic_links.use(token, NOW)
    assert refusal(token) == "link_used"


def test_looking_does_not_use_a_link_up() -> None:
    token = send()
    magic_links.look(token, NOW)
    assert magic_links.use(token, NOW)


def test_a_link_serves_for_15_minutes() -> None:
    token = send()
    assert magic_links.look(token, NOW + timedelta(minutes=14, seconds=59))
    assert refusal(token, NOW + timedelta(minutes=15)) == "link_old"


def test_using_one_link_ends_the_others_of_the_address() -> None:
    first, second, other = send(), send(), send("eve@example.org")
    magic_links.use(second, NOW)
    assert refusal(first) == "link_used"
    assert magic_links.use(other, NOW) == "eve@example.org"


@pytest.mark.parametrize("token", ["", "short", "A" * 43, "A" * 5000, "é" * 43])
def test_a_token_nobody_was_sent_is_unknown(token: str) -> None:
    assert refusal(token) == "link_unknown"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("  ada@example.org ", "ada@example.org"),
        ("ada+arbedge@example.org", "ada+arbedge@example.org"),
    ],
)
def test_addresses_are_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert magic_links.normal(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "ada", "@example.org", "ada@", "a b@example.org", "ada@example.org\nBcc: x@example.org",
     "a" * 300 + "@example.org", "ada@example.org,eve@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused_beside_its_field(typed: str) -> None:
    with pytest.raises(BadInput) as refused:
        magic_links.normal(typed)
    assert (refused.value.code, refused.value.details["field"]) == ("bad_email", "email")


def test_a_mail_that_cannot_be_sent_leaves_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(magic_links, "_mail", broken)
    with pytest.raises(OSError, match="no route"):
        send()
    assert not LoginLink.objects.exists()


def test_old_links_are_forgotten() -> None:
    send(now=NOW - timedelta(days=2))
    send()
    assert magic_links.forget_old(NOW) == 1
    assert LoginLink.objects.get().made_at == NOW


@pytest.mark.django_db(transaction=True)
def test_of_many_who_press_at_once_one_gets_in() -> None:
    token = send()

    def press(_: int) -> str:
        try:
            return magic_links.use(token, NOW)
        except BadInput as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(press, range(8)))
    assert sorted(outcomes) == ["ada@example.org", *["link_used"] * 7]


# The pages.


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
    assert strict.post("/login/link", {"token": send()}).status_code == 403
    assert LoginLink.objects.get().used_at is None


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda token: token[:-1], "cut short"),
        (lambda token: "", "cut short"),
    ],
)
def test_a_bad_link_says_what_is_wrong(client: Client, spoil: object, words: str) -> None:
    token = spoil(send())  # type: ignore[operator]
    response = client.get("/login/link", {"token": token})
    assert response.status_code == 400
    assert words in body(response)


def test_a_used_link_says_so(client: Client) -> None:
    token = send(now=datetime.now(UTC))
    client.post("/login/link", {"token": token})
    assert "was used" in body(Client().get("/login/link", {"token": token}))


def test_an_old_link_says_so(client: Client) -> None:
    token = send(now=datetime.now(UTC) - timedelta(minutes=16))
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
    response = client.post("/login/link", {"token": send(now=datetime.now(UTC))})
    assert response.status_code == 403
    assert "account" in body(response)
    assert doors.cookie_name() not in response.cookies
    assert not Session.objects.exists()


def test_staff_who_come_by_mail_get_no_console(client: Client) -> None:
    User.objects.create_superuser("root", "root@example.org", "a password")
    client.post("/login/link", {"token": send("root@example.org", datetime.now(UTC))})
    assert client.get("/account").status_code == 200
    assert "/console/login" in client.get("/console/")["Location"]


def test_pages_with_a_token_are_kept_nowhere_and_tell_no_other_site(client: Client) -> None:
    response = client.get("/login/link", {"token": send(now=datetime.now(UTC))})
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
