"""A bot at the receivers, and a server of its own that listens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notifications.receivers.listening import Listener, listening
from tests.notifications.receiving import TOKEN, Running, running


@pytest.fixture
def bot() -> Iterator[Running]:
    """The receivers behind a socket; a webhook that failed is tried again at once."""
    with running(TOKEN) as begun:
        begun.receivers.bot.updates.webhook.retry_s = 0.01
        yield begun


@pytest.fixture
def listener() -> Iterator[Listener]:
    """The bot's own server."""
    with listening() as begun:
        yield begun
