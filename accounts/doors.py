"""The web's door: the cookie that names a session, what each visit does to it, and its end.

The cookie holds the session's own 256-bit token, made anew at every log-in, so nobody can plant
one beforehand. It opens no console: operators log in there by themselves, with a second factor.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import audit, permissions, sessions, standing
from accounts.models import Outcome, Session, User
from accounts.permissions import Permission
from accounts.standing import Standing
from arbedge import sealing, visitor
from arbedge.errors import Forbidden
from arbedge.names import AccountState, Door

COOKIE_LIFE_S: Final = 400 * 86_400  # the session decides when it ends, not the cookie
LONGEST_AGENT: Final = 200
LONGEST_PATH: Final = 500
NOT_OURS: Final = ("/console/", "/static/", "/health/", "/metrics")
PERSONAL: Final = ("/account", "/login", "/logout")

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Guarded = Callable[..., HttpResponse]


def cookie_name() -> str:
    """The cookie's name; where it is secure, browsers refuse to let other hosts set it."""
    return "__Host-arbedge_session" if settings.SESSION_COOKIE_SECURE else "arbedge_session"


def standing_of(request: HttpRequest) -> Standing | None:
    """Who is logged in on the web; None for visitors."""
    found: Standing | None = getattr(request, "standing", None)
    return found


def session_of(request: HttpRequest) -> int | None:
    """The id of the session this visit belongs to."""
    found: int | None = getattr(request, "web_session", None)
    return found


class DoorMiddleware:
    """Tells who visits (`request.standing`, `request.user`), and keeps the session alive by it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request.COOKIES.get(cookie_name())
        if token is None or request.path.startswith(NOT_OURS):
            return self.get_response(request)
        now = datetime.now(UTC)
        found = sessions.check_token(token, now)
        if found is None or found[1].state != AccountState.ACTIVE:
            messages.warning(request, _why_ended(token, now))
            response = self.get_response(request)
            if cookie_name() not in response.cookies:  # unless this very visit logged in anew
                forget(response)
            return response
        _recognise(request, *found)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """A page that refreshes itself is no sign of life; everything else is."""
        who, session = standing_of(request), session_of(request)
        if who is None or session is None or request.resolver_match is None:
            return
        if request.method == "GET" and request.headers.get("HX-Request"):
            return
        what = f"web.{request.resolver_match.url_name or 'page'}"
        sessions.touch(who.user_id, session, what, datetime.now(UTC))


def _recognise(request: HttpRequest, session_id: int, who: Standing) -> None:
    """The person's row is not read until something of it is asked for. Staff rights belong to the
    console's own log-in, so they are not given here; a console log-in is kept on public pages."""
    request.standing = who  # type: ignore[attr-defined]
    request.web_session = session_id  # type: ignore[attr-defined]
    console = settings.SESSION_COOKIE_NAME in request.COOKIES
    if console and not request.path.startswith(PERSONAL):
        return
    request.user = person(who.user_id)


def person(user_id: int) -> User:
    """A person by id without a query and without staff rights; the rest is read when asked for."""
    known = {"id": user_id, "is_active": True, "is_staff": False, "is_superuser": False}
    columns = [one.attname for one in User._meta.concrete_fields if one.attname in known]  # noqa: SLF001
    return User.from_db("default", columns, [known[name] for name in columns])


def _why_ended(token: str, now: datetime) -> str:
    """Why this token opens nothing any more, asked once: the cookie goes with the answer."""
    row = Session.objects.filter(digest=sealing.sha256(token)).select_related("user").first()
    if row is None:
        return "You are logged out. Log in again."
    if row.user.state != AccountState.ACTIVE:
        return state_message(row.user_id, now)
    if row.outcome == Outcome.EXPIRED or row.expires_at <= now:
        return "Your session ended after seven days without a visit. Log in again."
    if row.outcome == Outcome.BY_STAFF:
        return "Your session was ended by our staff. Log in again; ask support if you wonder why."
    return "This session was ended. Log in again."


def state_message(user_id: int, now: datetime) -> str:
    """Why an account cannot be used, and what to do about it; "" where it can."""
    who = standing.known(user_id)
    if who.state == AccountState.ACTIVE:
        return ""
    return permissions.may(who, Permission.OPPORTUNITIES_VIEW, now=now).message


def enter(request: HttpRequest, response: HttpResponse, user: User, now: datetime) -> None:
    """Logs a person in: a new session, its cookie, a new CSRF secret.

    Raises Forbidden where the account is not active; its code is the account's state.
    """
    if closed := state_message(user.pk, now):
        audit.record("login.refused", user, whom=user, security=True, by=user)
        raise Forbidden(closed, code=user.state)
    leave(request, now)
    agent = request.headers.get("User-Agent", "")[:LONGEST_AGENT]
    with audit.doing(door=Door.WEB, actor=user):
        started = sessions.start(user, Door.WEB, now, ip=visitor.address(request), agent=agent)
        audit.record("login.succeeded", user, whom=user, security=True, by=user)
    rotate_token(request)
    response.set_cookie(
        cookie_name(), started.token, max_age=COOKIE_LIFE_S, path="/", httponly=True,
        samesite="Lax", secure=bool(settings.SESSION_COOKIE_SECURE),
    )  # fmt: skip


def leave(request: HttpRequest, now: datetime) -> None:
    """Ends the session of this visit, where there is one."""
    session_id, who = session_of(request), standing_of(request)
    if session_id is not None and who is not None:
        sessions.end(session_id, Outcome.LOGOUT, now, by=person(who.user_id))
    request.standing = None  # type: ignore[attr-defined]
    request.web_session = None  # type: ignore[attr-defined]


def forget(response: HttpResponse) -> None:
    """Takes the cookie back."""
    response.delete_cookie(cookie_name(), path="/", samesite="Lax")


def safe_path(asked: str, otherwise: str) -> str:
    """The path to go on to: only one of our own, never another site's."""
    ours = (
        asked.startswith("/")
        and len(asked) <= LONGEST_PATH
        and asked.isprintable()
        and url_has_allowed_host_and_scheme(asked, allowed_hosts=None, require_https=True)
    )
    return asked if ours else otherwise


def logged_in(view: View[P]) -> Guarded:
    """Only for whoever is logged in; others are led to the log-in page and back. Never cached."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if standing_of(request) is None:
            response = _to_login(request)
        else:
            response = view(request, *args, **kwargs)
        return uncached(response)

    return guarded


def uncached(response: HttpResponse) -> HttpResponse:
    """The response, kept by no cache on its way and none in the browser."""
    patch_cache_control(response, no_store=True, private=True)
    return response


def _to_login(request: HttpRequest) -> HttpResponse:
    """What was posted is lost, so that the way back leads to a page, not to a write."""
    back = request.get_full_path() if request.method == "GET" else reverse("accounts:account")
    target = f"{reverse('accounts:login')}?{urlencode({'next': back})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
