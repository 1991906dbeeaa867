from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def found(id_: str) -> list[Any]:
    return [message for message in run_checks() if message.id == id_]


def test_the_settings_of_a_fresh_clone_are_fine() -> None:
    assert [message for message in run_checks() if message.is_serious()] == []


@pytest.mark.parametrize(
    ("name", "value", "id_", "told"),
    [
        ("SCAN_EVERY_S", -1, "arbedge.E001", "SCAN_EVERY_S"),
        ("DATABASE_POOL_SIZE", 0, "arbedge.E001", "DATABASE_POOL_SIZE"),
        ("WEB_PORT", 70_000, "arbedge.E002", "WEB_PORT"),
        ("DATABASE_PROBLEM", "it names no host", "arbedge.E003", "DATABASE_URL"),
        ("CACHE_URL", "http://cache", "arbedge.E004", "CACHE_URL"),
        ("CELERY_BROKER_URL", "redis://", "arbedge.E004", "BROKER_URL"),
        ("VENUE_URLS", {"okx": {"api": "okx.com"}}, "arbedge.E005", "VENUE_URL_OKX_API"),
        ("MARKET_MODE", "paper", "arbedge.E006", "MARKET_MODE"),
        ("QUOTE", "us dollar", "arbedge.E008", "QUOTE"),
        ("VENUES", [], "arbedge.E009", "VENUES"),
    ],
)
def test_a_bad_setting_is_named_with_what_to_change(
    settings: Settings, name: str, value: Any, id_: str, told: str
) -> None:
    setattr(settings, name, value)
    (message,) = found(id_)
    assert told in message.msg
    assert told in message.hint


def test_a_replay_needs_something_to_replay(settings: Settings) -> None:
    settings.MARKET_MODE = "replay"
    settings.RECORDINGS = ""
    assert "RECORDINGS" in found("arbedge.E007")[0].hint


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [
        ("SECRET_KEY", "short", "arbedge.E010"),
        ("DEBUG", True, "arbedge.E011"),
        ("ALLOWED_HOSTS", ["*"], "arbedge.E012"),
    ],
)
def test_production_refuses_what_a_laptop_may_do(
    settings: Settings, name: str, value: Any, id_: str
) -> None:
    setattr(settings, name, value)
    assert found(id_) == []
    settings.PRODUCTION = True
    assert len(found(id_)) == 1
