"""Venues that check keys, and a phone that sees messages go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from exchanges.simulator.faults import Board
from tests.notifications.bot.typing_keys import Phone
from tests.simulated import simulated_venues


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
