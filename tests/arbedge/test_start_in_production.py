"""A server that would keep people's secrets without keys, or open to all, does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from arbedge.checks import stop_if_unsafe

ROOT = Path(__file__).resolve().parents[2]
KEY = Fernet.generate_key().decode()
LONG = "long-enough-for-production-" * 2


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.PRODUCTION, settings.SECRET_KEY, settings.ENCRYPTION_KEYS = True, LONG, [KEY]
    return settings


def refusal() -> str:
    with pytest.raises(SystemExit) as caught:
        stop_if_unsafe()
    return str(caught.value)


def test_with_everything_set_it_starts(production: Settings) -> None:
    stop_if_unsafe()


def test_without_keys_it_says_how_to_make_one(production: Settings) -> None:
    production.ENCRYPTION_KEYS = []

    assert "arbedge.E013" in refusal()
    assert "Fernet.generate_key" in refusal()


def test_a_malformed_key_is_named_by_its_place_and_not_shown(production: Settings) -> None:
    production.ENCRYPTION_KEYS = [KEY, "canary-of-a-key"]

    assert "Key number 2" in refusal()
    assert "canary" not in refusal()


def test_a_short_secret_key_is_refused_too(production: Settings) -> None:
    production.SECRET_KEY = "short"

    assert "arbedge.E010" in refusal()


@pytest.mark.parametrize("starts", [True, False])
def test_the_web_server_asks_before_it_serves(starts: bool) -> None:
    keys = KEY if starts else ""
    names = {"ARBEDGE_ENV": "production", "SECRET_KEY": LONG, "ENCRYPTION_KEYS": keys}
    started = subprocess.run(
        [sys.executable, "-c", "import arbedge.wsgi"],
        cwd=ROOT, env={**os.environ, **names}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (started.returncode == 0) is starts
    assert ("arbedge.E013" in started.stderr) is not starts
