"""Starting proofs of addresses, and entering what came."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail

from accounts.models import User
from arbedge.names import Door
from notifications.addressing import verification
from notifications.models import Address


def start(user: User, row: Address, **more: Any) -> verification.Started:
    return verification.start(user, row.pk, door=Door.WEB, **more)


def confirm(user: User, row: Address, code: str, **more: Any) -> Address:
    return verification.confirm(user, row.pk, code, door=Door.WEB, **more)


def mailed() -> str:
    """The newest mail's text."""
    return str(mail.outbox[-1].body)


def code_in(text: str) -> str:
    """The six digits in a text."""
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, text
    return found[0]


def state(row: Address) -> str:
    row.refresh_from_db()
    return row.state
