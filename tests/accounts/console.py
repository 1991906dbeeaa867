"""Before the console: somebody of each role, its pages, and what is done on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditlog.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from arbedge.names import Role
from tests.accounts.factories import UserFactory

CONSOLE = "/console/accounts"


def desk(role: Role = Role.SUPER_ADMIN, **more: Any) -> tuple[Client, User]:
    """A browser in which somebody of this role has logged in, and who that is."""
    more.setdefault("name", f"The {role}")
    operator = UserFactory(role=role, **more)
    client = Client()
    client.force_login(operator)
    return client, operator


def page(client: Client, path: str, root: str = CONSOLE) -> str:
    """The text of a console page that must be there."""
    answer = client.get(f"{root}/{path}")
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def statements(client: Client, path: str) -> list[str]:
    """The statements a page sends to the database."""
    with CaptureQueriesContext(connection) as sent:
        page(client, path)
    return [query["sql"] for query in sent]


def do(client: Client, person: User, deed: str, **given: Any) -> Any:
    """Says yes to a deed on one person's page; the answer after it."""
    sent = {"sure": "1", "reason": "because", **given}
    return client.post(f"{CONSOLE}/user/{person.pk}/do/{deed}/", sent, follow=True)


def choose(
    client: Client, model: str, deed: str, rows: Iterable[Any], root: str = CONSOLE, **given: Any
) -> Any:
    """Chooses rows of a list and one of its actions, as the list's form does."""
    chosen = [row.pk for row in rows]
    sent = {"action": deed, "_selected_action": chosen, "index": 0, **given}
    return client.post(f"{root}/{model}/", sent, follow=True)


def told(answer: Any) -> str:
    """The text of an answer."""
    text: str = answer.content.decode()
    return text


def audited(whom: User, what: str) -> LogEntry:
    """The newest line of the audit that says this was done to somebody."""
    lines = LogEntry.objects.filter(additional_data__whom=whom.pk, additional_data__what=what)
    line: LogEntry = lines.latest("pk")
    return line
