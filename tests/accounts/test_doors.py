"""The web's door: who is recognised, for how long, and what ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import Morsel

import pytest
from auditlog.models import LogEntry
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import activity, doors, people, sessions
from accounts.models import Outcome, Session, User
from arbedge.names import Door, Role
from tests.accounts.factories import UserFactory
from tests.accounts.web import body, fresh_cache, log_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who is logged in."""
    user = UserFactory(name="Ada")
    log_in(client, user)
    return user


def test_visitors_are_nobody_and_cost_no_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        response = client.get("/login")
    assert response.status_code == 200
    assert not hasattr(response.wsgi_request, "standing")


def test_a_session_is_recognised_without_a_query(
    client: Client, ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/login")
    with django_assert_num_queries(0):
        response = client.get("/login")
    assert response.wsgi_request.standing.user_id == ada.pk  # type: ignore[attr-defined]
    assert response["Location"] == "/account"


def test_a_visit_keeps_the_session_alive(client: Client, ada: User) -> None:
    Session.objects.update(seen_at=datetime.now(UTC) - timedelta(days=1))
    client.get("/account")
    activity.flush(datetime.now(UTC), everything=True)
    session = Session.objects.get()
    assert session.seen_at > datetime.now(UTC) - timedelta(minutes=1)
    assert session.commands["web.account"] == 1


def test_a_page_that_refreshes_itself_does_not(client: Client, ada: User) -> None:
    client.get("/", headers={"HX-Request": "true"})
    activity.flush(datetime.now(UTC), everything=True)
    assert "web.board" not in Session.objects.get().commands


def test_the_board_offers_the_account_and_the_way_out(client: Client, ada: User) -> None:
    page = body(client.get("/"))
    assert 'href="/account"' in page
    assert 'action="/logout"' in page


def test_the_board_offers_visitors_the_way_in(client: Client) -> None:
    page = body(client.get("/"))
    assert 'href="/login"' in page
    assert 'action="/logout"' not in page


@pytest.mark.parametrize("page", ["account", "profile", "sessions", "keys", "tokens",
                                  "preferences", "invitations"])  # fmt: skip
def test_account_pages_lead_visitors_to_the_log_in_and_back(client: Client, page: str) -> None:
    address = reverse(f"accounts:{page}")
    response = client.get(address)
    assert response["Location"] == f"/login?next={address.replace('/', '%2F')}"
    assert "no-store" in response["Cache-Control"]


def test_htmx_is_led_to_the_log_in_by_a_header(client: Client) -> None:
    response = client.get("/account", headers={"HX-Request": "true"})
    assert response["HX-Redirect"].startswith("/login?next=")


@pytest.mark.django_db(transaction=True)
def test_logging_out_ends_the_session_and_takes_the_cookie(client: Client, ada: User) -> None:
    token = client.cookies[doors.cookie_name()].value
    response = client.post("/logout", follow=True)
    assert "You are logged out" in body(response)
    assert Session.objects.get().outcome == Outcome.LOGOUT
    assert client.cookies[doors.cookie_name()].value == ""
    assert sessions.check_token(token, datetime.now(UTC)) is None


def test_logging_out_needs_a_post(client: Client, ada: User) -> None:
    assert client.get("/logout").status_code == 405
    assert Session.objects.get().outcome == ""


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(Outcome.BY_STAFF, "ended by our staff"), (Outcome.LOGOUT, "This session was ended")],
)
@pytest.mark.django_db(transaction=True)
def test_whoever_was_logged_out_is_told_why_once(
    client: Client, outcome: Outcome, words: str
) -> None:
    session = log_in(client, UserFactory())
    sessions.end(session, outcome, datetime.now(UTC), by=UserFactory(role=Role.ADMIN))
    first, second = body(client.get("/account", follow=True)), body(client.get("/login"))
    assert words in first
    assert words not in second


def test_seven_days_without_a_visit_end_a_session(client: Client, ada: User) -> None:
    fresh_cache()
    long_ago = datetime.now(UTC) - timedelta(days=8)
    Session.objects.update(started_at=long_ago, seen_at=long_ago, expires_at=long_ago)
    assert "seven days without a visit" in body(client.get("/account", follow=True))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", ["suspend", "ban", "deactivate"])
def test_a_closed_account_is_logged_out_and_told(client: Client, deed: str) -> None:
    user, staff = UserFactory(), UserFactory(role=Role.ADMIN)
    log_in(client, user)
    getattr(people, deed)(user, "test", door=Door.CONSOLE, by=staff)
    page = body(client.get("/account", follow=True))
    assert "support" in page
    assert client.cookies[doors.cookie_name()].value == ""


def test_an_invented_cookie_is_nobody(client: Client) -> None:
    client.cookies[doors.cookie_name()] = "A" * 43
    assert "You are logged out" in body(client.get("/account", follow=True))


def entered(**cookies: str) -> Morsel[str]:
    """The cookie a log-in sets in a browser that had these."""
    request, response = RequestFactory().get("/login"), HttpResponse()
    request.COOKIES.update(cookies)
    doors.enter(request, response, UserFactory(), datetime.now(UTC))
    return response.cookies[doors.cookie_name()]


def test_a_log_in_makes_a_token_of_its_own() -> None:
    """Whatever was in the browser before cannot become somebody's session."""
    planted = "A" * 43
    cookie = entered(**{doors.cookie_name(): planted})
    assert cookie.value != planted
    assert len(cookie.value) == len(planted)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    cookie = entered()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


def test_in_production_the_cookie_is_bound_to_the_host(settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = True
    assert doors.cookie_name().startswith("__Host-")


def test_the_token_is_not_in_the_database(client: Client, ada: User) -> None:
    from django.db import connection

    token = client.cookies[doors.cookie_name()].value
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(s::text, '') FROM accounts_session s")
        assert token not in cursor.fetchone()[0]


def test_a_session_of_staff_opens_no_console(client: Client) -> None:
    log_in(client, User.objects.create_superuser("root", "root@example.org", "a password"))
    assert client.get("/account").status_code == 200
    assert client.get("/console/").status_code == 302
    assert "Rows dropped" not in body(client.get("/status"))


def test_a_person_at_the_door_has_no_rights_of_staff_and_costs_no_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "a password")
    with django_assert_num_queries(0):
        known = doors.person(root.pk)
        assert (known.pk, known.is_active, known.is_authenticated) == (root.pk, True, True)
        assert (known.is_staff, known.is_superuser) == (False, False)
    assert not known.has_perm("accounts.view_user")
    assert root.has_perm("accounts.view_user")
    assert known == root
    assert known.email == root.email


def test_an_operator_in_the_console_is_no_person_on_the_account_pages(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root", "root@example.org", "a password"))
    assert client.get("/account")["Location"].startswith("/login")
    assert 'href="/console/"' in body(client.get("/"))


def test_an_operator_may_be_somebody_else_as_a_person(client: Client, ada: User) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "a password")
    client.force_login(root)
    people.rename(ada, "Ada L.", door=Door.WEB, by=ada)
    client.post("/account/profile", {"name": "Countess", "language": "en", "time_zone": "UTC"})
    line = LogEntry.objects.filter(additional_data__what="person.renamed").first()
    assert line is not None
    assert (line.actor_id, line.additional_data["whom"]) == (ada.pk, ada.pk)


def test_without_a_cache_people_stay_logged_in(
    client: Client, ada: User, settings: Settings
) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    assert client.get("/account/sessions").status_code == 200


@pytest.mark.parametrize(
    "asked",
    ["https://evil.example.net/", "//evil.example.net", "/\\evil.example.net", "javascript:x()",
     "account", "", "/x\r\nSet-Cookie: a=b", "/" + "a" * 600, "///evil.example.net", "/\tx"],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(client: Client, ada: User, asked: str) -> None:
    assert client.get("/login", {"next": asked})["Location"] == "/account"


def test_people_are_led_back_to_where_they_wanted(client: Client, ada: User) -> None:
    assert client.get("/login", {"next": "/o/5?size=100"})["Location"] == "/o/5?size=100"
