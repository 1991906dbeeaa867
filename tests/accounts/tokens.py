"""Tokens as the account page makes them, for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from accounts import tokens
from accounts.models import User
from accounts.tokens import Made
from arbedge.names import Door

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=90)


def make(user: User, name: str = "laptop", scopes: Any = ("read",), **more: Any) -> Made:
    """A token as the account page makes it."""
    wanted: dict[str, Any] = {"expires_at": LATER, "door": Door.WEB, "now": NOW} | more
    return tokens.make(user, name, scopes, **wanted)
