"""An operator who writes to the people."""

from __future__ import annotations

import pytest

from accounts.models import User
from arbedge.names import Role
from tests.accounts.factories import UserFactory


@pytest.fixture
def admin() -> User:
    """An administrator."""
    person: User = UserFactory(role=Role.ADMIN)
    return person
