"""The console's pages of messages, and what is done on their lists."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from tests.accounts import console

CONSOLE = "/console/notifications"


def page(client: Client, path: str) -> str:
    """The text of a console page that must be there."""
    return console.page(client, path, CONSOLE)


def choose(client: Client, model: str, deed: str, rows: list[Any], **given: Any) -> Any:
    """Chooses rows of a list and one of its actions, and says yes."""
    return console.choose(client, model, deed, rows, CONSOLE, sure=len(rows), **given)


def text(answer: Any) -> str:
    """What a page that must be there says, without the breaks of its lines."""
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())
