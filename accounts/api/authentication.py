"""Who asks by the API, and with which scopes: a token, or the session of a browser.

`request.auth` is the set of scopes. A view names the one it needs as `scope`; a view that names
none is closed to everybody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import doors, sessions, tokens
from accounts.models import User
from accounts.tokens import Scope
from arbedge.errors import Forbidden

SCHEME: Final = "Bearer"
OF_THE_WEB: Final = frozenset(Scope) - {Scope.ADMIN}  # administering needs the second factor

Who = tuple[User, frozenset[Scope]]


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer ae_…`. Its use extends the owner's session, if one is active."""

    def authenticate(self, request: Request) -> Who | None:
        """Who presents the token. None without one; 401 for a bad one, 403 for a closed account."""
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        now = datetime.now(UTC)
        try:
            known = tokens.check(token.strip(), now)
        except Forbidden as closed:
            raise PermissionDenied(closed.message, code=closed.code) from closed
        if known is None:
            raise AuthenticationFailed(
                "This token is unknown, revoked or expired.", code="token_invalid"
            )
        who = known.standing
        if who.session_id is not None and who.has_session(now):
            sessions.touch(who.user_id, who.session_id, "api", now)
        request._request.standing = who  # type: ignore[attr-defined]  # noqa: SLF001  as doors do
        return doors.person(who.user_id), known.scopes

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """What a 401 asks for."""
        return f'{SCHEME} realm="ArbEdge"'


class WebAuthentication(SessionAuthentication):
    """The session of a browser that is logged in on our pages; writes need its CSRF token."""

    def authenticate(self, request: Request) -> Who | None:
        """Who is logged in, or None. 403 for a write without the CSRF token."""
        who = doors.standing_of(request._request)  # noqa: SLF001  the request doors have marked
        if who is None:
            return None
        self.enforce_csrf(request)
        return doors.person(who.user_id), OF_THE_WEB


class HasScope(BasePermission):
    """Lets in whose scopes hold the one the view names."""

    message = "This token may not do this: it lacks the scope."
    code = "scope_missing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request holds the view's scope. A view without one is closed."""
        needed: Any = getattr(view, "scope", None)
        return needed is not None and isinstance(request.auth, frozenset) and needed in request.auth
