"""How tests come into the console: by HTTP, as a browser does."""

from __future__ import annotations

import re
from html import unescape

from auditlog.models import LogEntry
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from arbedge.names import AccountState, Role
from tests.accounts.factories import UserFactory

PASSWORD = "correct horse battery staple"
LOGIN = "/console/login/"
CODE = "/console/second-factor/code/"
NEW = "/console/second-factor/new/"
OWN = "/console/second-factor/"


def person(name: str, role: Role, state: AccountState = AccountState.ACTIVE) -> User:
    """Somebody with the password of all tests."""
    made: User = UserFactory(username=name, role=role, state=state)
    made.set_password(PASSWORD)
    made.save()
    return made


def give_password(
    browser: Client, name: str = "ada", password: str = PASSWORD, **more: str
) -> HttpResponse:
    return browser.post(LOGIN, {"username": name, "password": password, **more})  # type: ignore[return-value]


def give_code(browser: Client, code: str) -> HttpResponse:
    return browser.post(CODE, {"code": code})  # type: ignore[return-value]


def is_inside(browser: Client) -> bool:
    return browser.get("/console/").status_code == 200


def text(response: HttpResponse) -> str:
    """What a page says, without the breaks of its lines."""
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def lines(what: str) -> list[LogEntry]:
    """The lines of the audit about this."""
    return list(LogEntry.objects.filter(additional_data__what=what))


def shown_secret(page: str) -> str:
    """The secret an enrolment page shows for typing."""
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert found is not None
    return found[1]


def shown_codes(page: str) -> list[str]:
    """The backup codes a page shows."""
    return re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", page)
