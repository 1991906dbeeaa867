"""What the bot's process found when it last asked Telegram."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings
from structlog.testing import capture_logs

from arbedge.errors import NoData
from notifications.bot import ears
from tests.notifications.factories import MINUTE, NOON

pytestmark = pytest.mark.usefixtures("empty_cache")


def tell(minutes: float = 0, trouble: str = "") -> None:
    at = NOON + timedelta(minutes=minutes)
    ears.tell(at, at + MINUTE, trouble)


def test_nothing_is_known_before_somebody_asked() -> None:
    assert ears.found() is None


def test_where_updates_come_there_is_no_trouble_and_no_since() -> None:
    tell()
    assert ears.found() == ears.Heard(NOON, NOON + MINUTE)


def test_a_trouble_is_as_old_as_its_first_look() -> None:
    tell(0, "The token is wrong.")
    tell(7, "The token is wrong.")
    found = ears.found()
    assert found is not None
    assert (found.trouble, found.since) == ("The token is wrong.", NOON)
    assert found.at == NOON + timedelta(minutes=7)


def test_another_trouble_is_as_old_as_the_silence() -> None:
    tell(0, "The token is wrong.")
    tell(3, "Telegram cannot be reached.")
    found = ears.found()
    assert found is not None
    assert (found.trouble, found.since) == ("Telegram cannot be reached.", NOON)


def test_a_trouble_that_is_over_is_forgotten() -> None:
    tell(0, "The token is wrong.")
    tell(1)
    tell(2, "The token is wrong.")
    found = ears.found()
    assert found is not None
    assert found.since == NOON + timedelta(minutes=2)


def test_without_a_cache_the_log_tells(settings: Settings) -> None:
    settings.CACHE_URL = "unix:///nonexistent/valkey.socket"
    with capture_logs() as logged:
        tell(0, "The token is wrong.")
    assert [(one["event"], one["trouble"]) for one in logged] == [
        ("ears_not_kept", "The token is wrong.")
    ]
    with pytest.raises(NoData):
        ears.found()
