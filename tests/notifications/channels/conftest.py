"""A mail server on loopback, and a bot at the receivers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from notifications.receivers import smtp
from notifications.receivers.book import Book
from notifications.receivers.smtp import Mailboxes
from tests.notifications.receiving import TOKEN, Running, running


@pytest.fixture
def boxes(settings: Settings) -> Iterator[Mailboxes]:
    """A server that answers on loopback, and settings that lead there."""
    fake = Mailboxes(Book())
    with smtp.running(fake) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "ArbEdge <no-reply@arbedge.example>"
        yield fake


@pytest.fixture
def bot(settings: Settings) -> Iterator[Running]:
    """The receivers, and settings that lead there."""
    settings.BOT_TOKEN = TOKEN
    with running(TOKEN) as begun:
        settings.TELEGRAM_API_URL = begun.url
        yield begun
