"""Log-ins, log-outs and failed tries as security events, whichever door they came by."""

from __future__ import annotations

from typing import Any

from accounts import audit
from accounts.models import User


def entered(user: User, **_: Any) -> None:
    """Somebody logged in."""
    audit.record("login.succeeded", user, whom=user, security=True, by=user)


def left(user: User | None, **_: Any) -> None:
    """Somebody logged out; nobody, where the log-in was over already."""
    if user is not None:
        audit.record("login.ended", user, whom=user, security=True, by=user)


def failed(credentials: dict[str, Any], **_: Any) -> None:
    """A wrong password. Names nobody has are not written down: people type passwords into them."""
    name = credentials.get("username")
    person = User.objects.filter(username=name).first() if name else None
    audit.record("login.failed", person or User, whom=person, security=True)
