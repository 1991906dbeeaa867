"""Log-ins of browsers: Django's sessions, found by a digest of what the cookie holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase


class WebSession(AbstractBaseSession):
    """One log-in of one browser. `session_key` is the SHA-256 of the cookie, in hex."""

    session_key = models.CharField(max_length=64, primary_key=True)
    user_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        verbose_name = "web log-in"

    def __str__(self) -> str:
        return f"web log-in until {self.expire_date:%Y-%m-%d %H:%M}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from accounts.websessions import SessionStore

        return SessionStore
