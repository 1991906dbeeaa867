"""Venues that check keys, a phone that sees messages go, and lanes on their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from exchanges.simulator.faults import Board
from notifications.bot import intake, loading
from tests.accounts.web import fresh_cache
from tests.notifications.bot.handling import Bot, use_bot
from tests.notifications.bot.typing_keys import Phone
from tests.simulated import simulated_venues

loading.load()  # before a test's own import of one module moves its commands to the front of help


@pytest.fixture
def faults() -> Board:
    """What goes wrong at the simulated venues."""
    return Board()


@pytest.fixture
def venues(settings: Settings, faults: Board) -> Iterator[None]:
    """The simulated venues."""
    with simulated_venues(settings, faults):
        yield


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    """Telegram beside the answers."""
    return Phone().connect(monkeypatch)


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """What handles updates and sends answers, stood in for; nothing waits in the cache."""
    fresh_cache()
    monkeypatch.setattr(intake._cache, "gone_until", 0.0)
    yield use_bot(monkeypatch)
    fresh_cache()
