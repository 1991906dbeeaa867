"""Who asks by the API: tokens, browser sessions, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import activity, doors, people, sessions, tokens
from accounts.api.authentication import HasScope, TokenAuthentication, WebAuthentication
from accounts.models import Session, User
from accounts.tokens import Scope
from arbedge.names import Door, Role
from tests.accounts.factories import UserFactory
from tests.accounts.web import fresh_cache

pytestmark = pytest.mark.django_db


class Whoami(APIView):
    """Tells who asks; readable with the scope to read."""

    authentication_classes = [TokenAuthentication, WebAuthentication]
    permission_classes = [HasScope]
    scope: Scope | None = Scope.READ

    def get(self, request: Request) -> Response:
        scopes: Any = request.auth
        return Response({"user": request.user.pk, "scopes": sorted(scopes)})

    post = get


class Closed(Whoami):
    """Names no scope."""

    scope = None


@pytest.fixture(autouse=True)
def _fresh() -> None:
    fresh_cache()


@pytest.fixture
def ada() -> User:
    return UserFactory(name="Ada")


def token_of(user: User, *scopes: str, life: timedelta | None = None) -> str:
    """A token of this person, made now."""
    now = datetime.now(UTC)
    ends = None if life is None else now + life
    made = tokens.make(user, f"t{user.api_tokens.count()}", scopes, ends, door=Door.WEB, now=now)
    return made.token


def ask(view: type[APIView] = Whoami, header: str | None = None) -> Any:
    """What the view answers to this Authorization header."""
    headers = {} if header is None else {"authorization": header}
    return view.as_view()(RequestFactory().get("/api/v1/whoami", headers=headers))


def test_a_token_tells_who_asks_and_for_what(ada: User) -> None:
    answer = ask(header=f"Bearer {token_of(ada, 'read', 'ai')}")
    assert answer.status_code == 200
    assert answer.data == {"user": ada.pk, "scopes": ["ai", "read"]}


def test_a_warm_request_asks_the_database_nothing(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    header = f"Bearer {token_of(ada, 'read')}"
    ask(header=header)
    with django_assert_num_queries(0):
        assert ask(header=header).status_code == 200


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Token abc"])
def test_without_a_token_nobody_is_let_in(header: str | None) -> None:
    answer = ask(header=header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="ArbEdge"'


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Bearer ae_AAAAAAAA_" + "A" * 43]
)
def test_a_bad_token_is_refused(header: str) -> None:
    answer = ask(header=header)
    assert answer.status_code == 401
    assert answer.data["detail"].code == "token_invalid"


def test_a_token_lacking_the_scope_is_refused(ada: User) -> None:
    answer = ask(header=f"Bearer {token_of(ada, 'account')}")
    assert answer.status_code == 403
    assert answer.data["detail"].code == "scope_missing"


def test_a_view_without_a_scope_is_closed_to_everybody() -> None:
    admin = UserFactory(role=Role.SUPER_ADMIN)
    every = token_of(admin, *(scope.value for scope in Scope))
    assert ask(Closed, f"Bearer {every}").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_closed_account_is_told_so(ada: User) -> None:
    header = f"Bearer {token_of(ada, 'read')}"
    people.suspend(ada, "test", door=Door.CONSOLE, by=UserFactory(role=Role.ADMIN))
    answer = ask(header=header)
    assert answer.status_code == 403
    assert answer.data["detail"].code == "suspended"


@pytest.mark.django_db(transaction=True)
def test_a_revoked_token_is_refused_at_the_next_request(ada: User) -> None:
    header = f"Bearer {token_of(ada, 'read')}"
    assert ask(header=header).status_code == 200
    tokens.revoke(ada.pk, ada.api_tokens.get().pk, door=Door.WEB, now=datetime.now(UTC))
    assert ask(header=header).status_code == 401


def test_using_a_token_keeps_the_session_alive(ada: User) -> None:
    started = sessions.start(ada, Door.TELEGRAM, datetime.now(UTC))
    fresh_cache()
    ask(header=f"Bearer {token_of(ada, 'read')}")
    activity.flush(datetime.now(UTC), everything=True)
    assert Session.objects.get(pk=started.session.pk).commands["api"] == 1


def test_a_token_gives_no_rights_of_staff() -> None:
    admin = UserFactory(role=Role.SUPER_ADMIN)
    request = Request(
        RequestFactory().get("/", headers={"authorization": f"Bearer {token_of(admin, 'read')}"})
    )
    found = TokenAuthentication().authenticate(request)
    assert found is not None
    assert (found[0].pk, found[0].is_staff, found[0].is_superuser) == (admin.pk, False, False)


# Browsers.


def browse(user: User, method: str = "get", csrf: bool = True) -> Any:
    """What the view answers to a browser that is logged in."""
    started = sessions.start(user, Door.WEB, datetime.now(UTC))
    request = getattr(RequestFactory(), method)("/api/v1/whoami")
    request.COOKIES[doors.cookie_name()] = started.token
    if csrf:
        secret = _get_new_csrf_string()
        request.COOKIES["csrftoken"] = request.META["HTTP_X_CSRFTOKEN"] = secret
    answers: list[Any] = []

    def view(asked: Any) -> HttpResponse:
        answers.append(Whoami.as_view()(asked))
        return HttpResponse()

    doors.DoorMiddleware(view)(request)
    return answers[0]


def test_a_browser_that_is_logged_in_may_ask(ada: User) -> None:
    answer = browse(ada)
    assert answer.data["user"] == ada.pk
    assert "admin" not in answer.data["scopes"]


def test_a_browser_writes_only_with_the_csrf_token(ada: User) -> None:
    assert browse(ada, "post").status_code == 200
    assert browse(ada, "post", csrf=False).status_code == 403


def test_a_console_log_in_is_none_of_the_api(client: Client) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "a password")
    request = RequestFactory().get("/")
    request.user = root
    assert WebAuthentication().authenticate(Request(request)) is None
