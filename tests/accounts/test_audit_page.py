"""The audit log in the console: its questions, its speed, and that nothing in it can be changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from auditlog.models import LogEntry
from django.contrib.admin import site
from django.db import connection
from django.db.models import QuerySet
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from accounts import audit
from accounts.models import User
from arbedge import audit_page
from arbedge.names import Door, Role
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/console/auditlog/logentry/"


@pytest.fixture
def boss() -> User:
    return UserFactory(username="boss", name="Bea Boss", role=Role.SUPER_ADMIN)


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", name="Ada", email="ada@example.com")


@pytest.fixture
def desk(boss: User) -> Client:
    browser = Client()
    browser.force_login(boss)
    return browser


@pytest.fixture
def lines(boss: User, ada: User) -> dict[str, LogEntry]:
    """One line of each sort."""
    bob = UserFactory(username="bob", name="Bob")
    with audit.doing(Door.CONSOLE, boss, "203.0.113.7"):
        suspended = audit.record("person.suspended", ada, whom=ada, security=True)
    with audit.doing(Door.API, ada, "198.51.100.9"):
        changed = audit.record("preferences.changed", ada, whom=ada, changes={"net": ("1", "2")})
    pruned = audit.record("quality.pruned", User)
    renamed = audit.record("person.renamed", bob, whom=bob, by=bob)
    return {"suspended": suspended, "changed": changed, "pruned": pruned, "renamed": renamed}


def found(desk: Client, lines: dict[str, LogEntry], **asked: str) -> set[str]:
    """Which of the four lines a question finds."""
    context = desk.get(PAGE, asked).context
    shown = {entry.pk for entry in context["cl"].result_list}
    return {name for name, line in lines.items() if line.pk in shown}


def plan(rows: QuerySet[LogEntry]) -> str:
    """How the database would answer, had it reason to mind reading everything."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    ordered = rows.order_by("-timestamp", "-id")[:50]
    return ordered.explain()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"suspended", "changed", "pruned", "renamed"}),
        ({"who": "boss"}, {"suspended"}),
        ({"who": "bea b"}, {"suspended"}),
        ({"who": "nobody at all"}, set()),
        ({"whom": "ADA"}, {"suspended", "changed"}),
        ({"whom": "ada@exam"}, {"suspended", "changed"}),
        ({"whom": "b"}, {"renamed"}),
        ({"what": "person."}, {"suspended", "renamed"}),
        ({"what": "Person.Suspended"}, {"suspended"}),
        ({"what": "100%"}, set()),
        ({"door": "api"}, {"changed"}),
        ({"door": "task"}, {"pruned", "renamed"}),
        ({"security": "true"}, {"suspended"}),
        ({"ip": "198.51.100.9"}, {"changed"}),
        ({"ip": "no address"}, set()),
        ({"when": "1h"}, {"suspended", "changed", "pruned", "renamed"}),
        ({"when": "1h", "door": "console", "what": "person"}, {"suspended"}),
    ],
)
def test_a_question_finds_its_lines(
    desk: Client, lines: dict[str, LogEntry], asked: dict[str, str], expected: set[str]
) -> None:
    assert found(desk, lines, **asked) == expected


def test_a_person_is_found_by_id(desk: Client, lines: dict[str, LogEntry], ada: User) -> None:
    assert found(desk, lines, whom=str(ada.pk)) == {"suspended", "changed"}
    assert found(desk, lines, who=str(ada.pk)) == {"changed"}


def test_old_lines_are_outside_the_past_hour(desk: Client, ada: User) -> None:
    old = audit.record("person.renamed", ada, whom=ada)
    old.pk, old.timestamp = None, datetime(2025, 1, 1, tzinfo=UTC)
    old.save(force_insert=True)
    about = {"whom": str(ada.pk)}
    assert found(desk, {"old": old}, when="30d", **about) == set()
    assert found(desk, {"old": old}, **about) == {"old"}


def test_a_line_is_told_in_words(desk: Client, lines: dict[str, LogEntry]) -> None:
    page = desk.get(PAGE, {"what": "person.suspended"}).content.decode()
    for told in ("Bea Boss", "person: suspended", "Ada", "console · 203.0.113.7"):
        assert told in page


def test_a_line_alone_shows_before_and_after(desk: Client, lines: dict[str, LogEntry]) -> None:
    page = desk.get(f"{PAGE}{lines['changed'].pk}/change/").content.decode()
    assert "<tr><th>net</th><td>1</td><td>2</td></tr>" in page


def test_people_who_are_gone_are_named_by_number(desk: Client, ada: User) -> None:
    bob = UserFactory(username="bob")
    audit.record("person.renamed", bob, whom=bob, by=bob)
    number = bob.pk
    bob.delete()
    page = desk.get(PAGE, {"what": "person.renamed"}).content.decode()
    assert page.count(f"#{number} (deleted)") == 2


def test_what_somebody_wrote_stays_text(desk: Client) -> None:
    eve = UserFactory(username="eve", name="<script>alert(1)</script>")
    line = audit.record("person.renamed", eve, whom=eve, by=eve, changes={"<b>": ("<i>", "<u>")})
    for path in (PAGE, f"{PAGE}{line.pk}/change/"):
        page = desk.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<td><u></td>" not in page


def test_nothing_can_be_added_changed_or_deleted(desk: Client, lines: dict[str, LogEntry]) -> None:
    number = lines["suspended"].pk
    before = LogEntry.objects.filter(pk=number).values().get()
    assert desk.get(f"{PAGE}add/").status_code == 403
    assert desk.post(f"{PAGE}{number}/change/", {"object_repr": "x"}).status_code == 403
    assert desk.post(f"{PAGE}{number}/delete/", {"post": "yes"}).status_code == 403
    desk.post(PAGE, {"action": "delete_selected", "_selected_action": number, "post": "yes"})
    assert LogEntry.objects.filter(pk=number).values().get() == before


def test_a_page_costs_as_many_queries_however_much_it_shows(
    desk: Client, ada: User, boss: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        audit.record("person.renamed", ada, whom=ada, by=boss)
    desk.get(PAGE)
    with django_assert_max_num_queries(6):
        desk.get(PAGE)


def test_the_list_is_never_counted_to_its_end(desk: Client, ada: User) -> None:
    page = site._registry[LogEntry]
    assert page.show_full_result_count is False
    counted = page.get_paginator(RequestFactory().get(PAGE), LogEntry.objects.all(), 50)
    assert type(counted).__name__ == "BoundedPaginator"


@pytest.mark.parametrize(
    ("facts", "index"),
    [
        ({"whom": "5"}, "audit_by_whom"),
        ({"door": "api"}, "audit_by_door"),
        ({"security": "true"}, "audit_security"),
        ({"what__startswith": "person."}, "audit_by_what"),
    ],
)
def test_each_fact_is_found_by_its_index(facts: dict[str, str], index: str) -> None:
    rows = audit_page.with_facts(LogEntry.objects.all(), **facts)
    if "what__startswith" in facts:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_indexscan = off")  # leaves the bitmaps of an index
        assert index in rows.explain()
    else:
        assert index in plan(rows)


def test_who_and_where_are_found_by_index(boss: User) -> None:
    assert "audit_by_actor" in plan(LogEntry.objects.filter(actor=boss))
    assert "audit_by_address" in plan(LogEntry.objects.filter(remote_addr="203.0.113.7"))
    assert "auditlog_logentry_timestamp" in plan(LogEntry.objects.all())
