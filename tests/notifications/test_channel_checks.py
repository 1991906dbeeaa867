"""What the system checks say of the channels' settings."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from notifications import checks
from notifications.channels import vapid


def found() -> list[str]:
    """The ids of what is wrong."""
    return [str(one.id) for one in checks.channels()]


def test_the_settings_of_a_new_installation_are_fine() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"PRODUCTION": True, "TRUSTED_RECEIVER_HOSTS": ["127.0.0.1"]}, "E001"),
        ({"VAPID_PRIVATE_KEY": "nonsense"}, "E002"),
        ({"VAPID_PRIVATE_KEY": "%%%"}, "E002"),
        ({"VAPID_PRIVATE_KEY": vapid.encoded(32 * b"\xff")}, "E002"),
        ({"VAPID_CONTACT": "nobody"}, "E003"),
        ({"TWILIO_ACCOUNT": "AC1", "TWILIO_TOKEN": ""}, "E004"),
        ({"PRODUCTION": True, "TWILIO_API_URL": "http://sms.example.com"}, "E005"),
        ({"APPRISE_SCHEMES": ["pover", "json"]}, "E006"),
    ],
)
def test_what_is_wrong_has_a_number(
    settings: Settings, changes: dict[str, Any], number: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    assert found() == [f"notifications.{number}"]


def test_receivers_may_be_trusted_outside_production(settings: Settings) -> None:
    settings.TRUSTED_RECEIVER_HOSTS = ["127.0.0.1:8091"]

    assert found() == []


def test_without_a_key_for_web_pushes_nothing_is_wrong(settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    settings.VAPID_CONTACT = "nobody"

    assert found() == []


def test_the_hint_names_what_is_missing(settings: Settings) -> None:
    settings.TWILIO_ACCOUNT, settings.TWILIO_FROM = "AC1", "+15005550006"

    [problem] = checks.channels()

    assert problem.hint == "Set TWILIO_TOKEN too, or none of the three."
