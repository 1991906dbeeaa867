"""Senders, a pace and texts that do as a test says."""

from __future__ import annotations

import pytest

from arbedge.names import Channel
from tests.notifications.sending.delivering import (
    FakeSender,
    Pace,
    Texts,
    use_pace,
    use_senders,
    use_texts,
)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> dict[Channel, FakeSender]:
    """Fakes in the place of three channels' senders."""
    return use_senders(monkeypatch, Channel.TELEGRAM, Channel.EMAIL, Channel.WEBHOOK)


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    """A pace that lets everything go unless it is told otherwise."""
    return use_pace(monkeypatch)


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """Texts that need no facts."""
    return use_texts(monkeypatch)


@pytest.fixture
def telegram(fakes: dict[Channel, FakeSender]) -> FakeSender:
    """Telegram's fake."""
    return fakes[Channel.TELEGRAM]


@pytest.fixture
def email(fakes: dict[Channel, FakeSender]) -> FakeSender:
    """The mail server's fake."""
    return fakes[Channel.EMAIL]
