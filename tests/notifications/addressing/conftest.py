"""Somebody with a chat and a mailbox, and another mailbox that waits to be verified."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import User
from arbedge.names import Channel
from notifications.models import Address
from notifications.names import AddressState
from tests.accounts.factories import NOON, UserFactory
from tests.notifications.addressing.places import OTHER_MAIL, kept


@pytest.fixture
def site(settings: Settings) -> None:
    """Where links lead."""
    settings.SITE_URL = "https://arbedge.example"


@pytest.fixture
def ada() -> User:
    """Ada, who has a chat and a verified mailbox."""
    made: User = UserFactory(name="Ada", telegram_id=4242, email="ada@example.org",
                             email_verified_at=NOON)  # fmt: skip
    return made


@pytest.fixture
def mailbox(ada: User) -> Address:
    """A mailbox of Ada's that waits to be verified."""
    return kept(ada, Channel.EMAIL, OTHER_MAIL, AddressState.UNVERIFIED, verified_at=None)
