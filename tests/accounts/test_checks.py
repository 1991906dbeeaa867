"""What is wrong with the ways in is said at start."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from accounts import checks


def told(settings: Settings, **changed: Any) -> list[str | None]:
    """The ids of what is found with these settings."""
    good = {
        "SITE_URL": "https://arbedge.example.org", "BOT_TOKEN": "", "BOT_NAME": "",
        "PRODUCTION": False, "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    }  # fmt: skip
    for name, value in (good | changed).items():
        setattr(settings, name, value)
    return [one.id for one in checks.ways_in()]


def test_good_settings_are_silent(settings: Settings) -> None:
    token = "4711:" + "a" * 35
    assert told(settings, BOT_TOKEN=token, BOT_NAME="arbedge_bot", PRODUCTION=True) == []


@pytest.mark.parametrize(
    "url", ["", "arbedge.example.org", "ftp://x", "https://", "https://x/?a=1"]
)
def test_a_site_nobody_can_open_is_told(settings: Settings, url: str) -> None:
    assert told(settings, SITE_URL=url) == ["accounts.E001"]


def test_production_is_reached_by_https(settings: Settings) -> None:
    assert told(settings, SITE_URL="http://x.example.org", PRODUCTION=True) == ["accounts.W002"]
    assert told(settings, SITE_URL="http://x.example.org") == []


@pytest.mark.parametrize("token", ["4711", "abc:def", "4711:short", "4711:" + "a" * 35 + " "])
def test_half_a_bot_token_is_told_without_showing_it(settings: Settings, token: str) -> None:
    assert told(settings, BOT_TOKEN=token) == ["accounts.E003"]
    assert token not in str(checks.ways_in()[0])


def test_a_name_that_is_no_bots_is_told(settings: Settings) -> None:
    assert told(settings, BOT_NAME="https://t.me/x") == ["accounts.E004"]


def test_production_without_mail_is_warned_about(settings: Settings) -> None:
    console = "django.core.mail.backends.console.EmailBackend"
    assert told(settings, EMAIL_BACKEND=console, PRODUCTION=True) == ["accounts.W005"]
    assert told(settings, EMAIL_BACKEND=console) == []


@pytest.mark.parametrize(
    ("word", "production", "found"),
    [
        ("required", True, []),
        ("optional", False, []),
        ("optional", True, ["accounts.W007"]),
        ("sometimes", False, ["accounts.E006"]),
    ],
)
def test_staff_totp_is_one_of_two_words(
    settings: Settings, word: str, production: bool, found: list[str]
) -> None:
    settings.STAFF_TOTP, settings.PRODUCTION = word, production
    assert [one.id for one in checks.second_factor()] == found
