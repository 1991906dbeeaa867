"""What the system checks say of the bot's settings."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from notifications import checks

TOKEN = "12345:" + "a" * 35


def found() -> list[str]:
    """The ids of what is wrong."""
    return [str(one.id) for one in checks.bot()]


def given(settings: Settings, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)


def test_the_settings_of_a_new_installation_are_fine() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"TELEGRAM_WEBHOOK": True, "SITE_URL": "https://arbedge.example"},
        {"TELEGRAM_WEBHOOK": True, "SITE_URL": "https://arbedge.example:8443/app"},
        {"TELEGRAM_WEBHOOK": False, "SITE_URL": "http://127.0.0.1:8000"},
        {"BOT_TOKEN": "", "TELEGRAM_WEBHOOK": True, "SITE_URL": "http://127.0.0.1:8000"},
        {"PRODUCTION": True, "TELEGRAM_API_URL": "https://api.telegram.org"},
        {"BOT_THREADS": 1, "TELEGRAM_PER_SECOND": 1_000},
    ],
)
def test_what_works_passes(settings: Settings, changes: dict[str, Any]) -> None:
    given(settings, {"BOT_TOKEN": TOKEN, **changes})
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"TELEGRAM_WEBHOOK": True, "SITE_URL": "http://arbedge.example"}, "E007"),
        ({"TELEGRAM_WEBHOOK": True, "SITE_URL": "https://arbedge.example:9000"}, "E007"),
        ({"PRODUCTION": True, "TELEGRAM_API_URL": "http://127.0.0.1:9"}, "E008"),
        ({"BOT_THREADS": 0}, "E009"),
        ({"BOT_THREADS": 65}, "E009"),
        ({"TELEGRAM_PER_SECOND": 0}, "E009"),
        ({"TELEGRAM_PER_SECOND": 1_001}, "E009"),
    ],
)
def test_what_is_wrong_has_a_number_and_a_hint(
    settings: Settings, changes: dict[str, Any], number: str
) -> None:
    given(settings, {"BOT_TOKEN": TOKEN, **changes})
    assert found() == [f"notifications.{number}"]
    assert all(one.hint for one in checks.bot())
