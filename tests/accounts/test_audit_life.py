"""How lines of the audit live: nobody changes one, and each goes when its time is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from auditlog.models import LogEntry
from django.db import Error, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import audit, audit_life, tasks
from accounts.models import User
from arbedge import schedule
from arbedge.names import Role
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


@pytest.fixture
def line(ada: User) -> LogEntry:
    return audit.record("person.renamed", ada, whom=ada)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE auditlog_logentry SET object_repr = 'nothing'",
        "UPDATE auditlog_logentry SET actor_id = NULL, object_repr = 'nothing'",
        "UPDATE auditlog_logentry SET timestamp = now()",
        "DELETE FROM auditlog_logentry",
    ],
)
def test_the_database_refuses_to_change_or_remove_a_line(line: LogEntry, statement: str) -> None:
    with (
        pytest.raises(Error, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert LogEntry.objects.filter(pk=line.pk, object_repr=line.object_repr).exists()


def test_djangos_own_ways_are_refused_too(line: LogEntry) -> None:
    for way in (line.delete, line.save, LogEntry.objects.all().delete):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            way()


def test_lines_outlive_their_author_and_still_name_him(ada: User) -> None:
    boss = UserFactory(username="gone", role=Role.ADMIN)
    number = boss.pk
    line = audit.record("person.renamed", ada, by=boss)
    boss.delete()
    line.refresh_from_db()
    assert line.actor is None
    assert line.additional_data["who"] == number


# How long it remembers.


def aged(days: float, *, security: bool) -> int:
    """A line as it was written `days` ago."""
    then = timezone.now() - timedelta(days=days)
    entry = audit.record("person.renamed", User, security=security)
    old = LogEntry.objects.get(pk=entry.pk)
    old.pk, old.timestamp = None, then
    old._state.adding = True
    old.save()
    return int(old.pk)


def kept(numbers: list[int]) -> list[int]:
    return [number for number in numbers if LogEntry.objects.filter(pk=number).exists()]


def test_a_line_is_kept_a_year_and_a_security_event_two() -> None:
    fresh, old = aged(364, security=False), aged(366, security=False)
    alarm, older = aged(729, security=True), aged(731, security=True)
    assert audit_life.prune(timezone.now()) == audit_life.Pruned(2, finished=True)
    assert kept([fresh, old, alarm, older]) == [fresh, alarm]


def test_pruning_goes_in_batches_and_says_what_is_left() -> None:
    numbers = [aged(400 + day, security=False) for day in range(5)]
    assert audit_life.prune(timezone.now(), batch=2, batches=2) == audit_life.Pruned(4, False)
    assert kept(numbers) == numbers[:1]
    assert audit_life.prune(timezone.now(), batch=2, batches=2) == audit_life.Pruned(1, True)


def test_after_pruning_the_log_is_append_only_again(line: LogEntry) -> None:
    aged(400, security=False)
    audit_life.prune(timezone.now())
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        line.delete()


def test_operators_may_keep_lines_longer(settings: Settings) -> None:
    settings.AUDIT_DAYS = {"plain": 500}
    number = aged(400, security=False)
    assert audit_life.prune(timezone.now()).removed == 0
    assert kept([number]) == [number]


def test_the_daily_task_prunes() -> None:
    number = aged(400, security=False)
    tasks.prune_audit()
    assert kept([number]) == []


def test_both_daily_tasks_are_scheduled() -> None:
    assert schedule.entries["Prune the audit log"].at == "03:40"
    assert schedule.entries["Clear web log-ins"].task == "accounts.clear_web_logins"


def test_pruning_reads_by_index() -> None:
    """On an empty table any index by time costs as little, so the plain ones go first."""
    plain = (
        "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%%auditlog_logentry%%(%%timestamp%%'"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{plain} AND indexname NOT LIKE 'audit\\_%%'", [])
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
        for kind, condition in audit_life._CONDITIONS.items():
            cursor.execute(
                f"EXPLAIN SELECT id FROM auditlog_logentry WHERE {condition}"
                " AND timestamp < %s ORDER BY timestamp LIMIT 10",
                [datetime.now().astimezone()],
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert f"audit_{kind}" in plan
