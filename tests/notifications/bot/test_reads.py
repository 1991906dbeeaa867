"""Commands that say they change nothing: their answers are not kept, so it has to be true."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from arbedge.names import Role, Tier
from notifications.bot import loading, registry
from notifications.bot.registry import Command
from tests.notifications.bot.asking import ask, member, press
from tests.notifications.bot.test_matrix import line_of, registered_group
from tests.notifications.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_cache")]
loading.load()
READS = [one for one in registry.every() if one.reads]
HARMLESS = re.compile(r"(?is)\s*SELECT\b(?!.*\bFOR (?:NO KEY )?(?:UPDATE|SHARE)\b)")


class Statements:
    """Everything the database was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        self.asked.append(statement)
        return execute(statement, *rest)


@pytest.mark.parametrize("role", [Role.USER, Role.SUPER_ADMIN])
@pytest.mark.parametrize("command", READS, ids=lambda one: one.name)
def test_what_reads_changes_nothing(command: Command, role: Role) -> None:
    registered_group()
    person = member(role=role, tier=Tier.ENTERPRISE, tier_until=NOON + timedelta(days=9))
    seen = Statements()
    with connection.execute_wrapper(seen):
        for line in (command.name, line_of(command)):
            assert ask(person, f"/{line}").calls
            assert press(person, line).calls

    assert seen.asked
    assert [one for one in seen.asked if not HARMLESS.match(one)] == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE x SET y = 1", "WITH z AS (DELETE FROM x RETURNING 1) SELECT * FROM z",
     "SELECT id FROM x FOR UPDATE", "select id\nfrom x\nfor no key update"],
)  # fmt: skip
def test_a_statement_that_changes_something_would_be_seen(statement: str) -> None:
    assert not HARMLESS.match(statement)


def test_what_reads_is_neither_confirmed_nor_done_outside() -> None:
    assert not [one.name for one in READS if one.confirms or one.outside]
