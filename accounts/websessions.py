"""Django's session store (`SESSION_ENGINE`), keyed by digests.

The cookie holds a random key; the database holds its SHA-256. Who reads the table, a backup or a
log of statements cannot log in with what is found there. 32 random characters of 36 are 165 bits,
so the digest needs no salt.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as PlainStore
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import WebSession

BATCH = 5000


def stored(session_key: str) -> str:
    """What the database knows a cookie's key by."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(PlainStore):
    """Looks up and writes by `stored(key)`; everything else is Django's."""

    @classmethod
    def get_model_class(cls) -> type[WebSession]:
        return WebSession

    def _get_session_from_db(self) -> WebSession | None:
        found = self._alive().first()
        if found is None:
            self._session_key = None
        return found

    async def _aget_session_from_db(self) -> WebSession | None:
        found = await self._alive().afirst()
        if found is None:
            self._session_key = None
        return found

    def _alive(self) -> QuerySet[WebSession]:
        return WebSession.objects.filter(
            session_key=stored(self.session_key or ""), expire_date__gt=timezone.now()
        )

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(stored(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> WebSession:
        return _keyed(cast("WebSession", super().create_model_instance(data)), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> WebSession:
        return _keyed(cast("WebSession", await super().acreate_model_instance(data)), data)

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            WebSession.objects.filter(session_key=stored(key)).delete()

    async def adelete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            await WebSession.objects.filter(session_key=stored(key)).adelete()

    @classmethod
    def clear_expired(cls) -> None:
        while _clear_batch():
            pass


def _keyed(row: WebSession, data: dict[str, Any]) -> WebSession:
    row.session_key = stored(row.session_key)
    person = data.get(SESSION_KEY)
    row.user_id = None if person is None else int(person)
    return row


def _clear_batch() -> int:
    due = WebSession.objects.filter(expire_date__lt=timezone.now()).values("pk")[:BATCH]
    return WebSession.objects.filter(pk__in=list(due.values_list("pk", flat=True))).delete()[0]


def end_all(user_id: int, *, but: str | None = None) -> int:
    """Logs a person out of every browser, `but` the one with this cookie key; returns how many."""
    rows = WebSession.objects.filter(user_id=user_id)
    if but:
        rows = rows.exclude(session_key=stored(but))
    return rows.delete()[0]
