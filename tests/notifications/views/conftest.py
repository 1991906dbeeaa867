"""Somebody who is logged in, before the pages of his channels."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.web import fresh_cache, log_in


@pytest.fixture
def site(settings: Settings) -> None:
    """The site as the test's browser knows it; nothing is remembered of the test before."""
    fresh_cache()
    settings.SITE_URL = "http://testserver"


@pytest.fixture
def ada(client: Client) -> User:
    """Somebody who is logged in."""
    user: User = UserFactory(name="Ada", telegram_id=7_004_242, telegram_name="ada",
                             email="ada@example.org", email_verified_at=NOON)  # fmt: skip
    log_in(client, user)
    return user
