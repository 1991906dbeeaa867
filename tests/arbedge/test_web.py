"""Health, metrics, console frame and audit, seen from outside."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from auditlog.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.test import Client
from django.utils import formats
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django import Settings

from arbedge import console, writing

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    """A super-user's browser."""
    get_user_model().objects.create_superuser("ada", password="correct horse")
    browser = Client()
    browser.login(username="ada", password="correct horse")
    return browser


@pytest.fixture
def every_minute() -> IntervalSchedule:
    return IntervalSchedule.objects.create(every=1, period=IntervalSchedule.MINUTES)


@pytest.mark.django_db(transaction=True)
def test_health_is_good_while_database_and_cache_answer(client: Client) -> None:
    answer = client.get("/health/?format=json")
    assert answer.status_code == 200
    assert set(answer.json().values()) == {"OK"}


@pytest.mark.django_db(transaction=True)
def test_health_fails_when_the_cache_is_gone(client: Client, settings: Settings) -> None:
    gone = {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/valkey.sock"}
    settings.CACHES = {"default": gone}
    answer = client.get("/health/?format=json")
    assert answer.status_code == 500
    told = answer.json()
    assert [said for check, said in told.items() if "Database" in check] == ["OK"]
    assert [said for check, said in told.items() if "Cache" in check] != ["OK"]
    caches.close_all()


def test_metrics_are_told_to_this_machine(client: Client) -> None:
    answer = client.get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


@pytest.mark.parametrize(
    ("address", "headers"),
    [("203.0.113.7", {}), ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}), ("", {})],
)
def test_metrics_are_hidden_from_everybody_else(
    client: Client, address: str, headers: dict[str, str]
) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code == 404


def test_the_console_lists_schedules_and_the_audit_log(operator: Client) -> None:
    page = operator.get("/console/").content.decode()
    assert "/console/django_celery_beat/periodictask/" in page
    assert "/console/auditlog/logentry/" in page


def test_support_sees_the_audit_log_and_changes_no_schedule(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("bob", password="pw", role="support"))
    assert "/console/auditlog/logentry/" in client.get("/console/").content.decode()
    assert client.get("/console/django_celery_beat/periodictask/add/").status_code == 403


def test_every_link_of_the_console_leads_somewhere(operator: Client) -> None:
    request = operator.get("/console/").wsgi_request
    links = [item["link"] for group in console.navigation(request) for item in group["items"]]
    assert links
    assert {link: operator.get(link).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("notifications/delivery/", "Queue"),
        ("notifications/delivery/channels/", "Channels"),
        ("notifications/variant/texts/", "Texts"),
        ("notifications/chat/", "Chats"),
    ],
)
def test_the_navigation_marks_the_one_page_the_operator_is_on(
    operator: Client, path: str, title: str
) -> None:
    request = operator.get(f"/console/{path}").wsgi_request
    items = [item for group in console.navigation(request) for item in group["items"]]
    assert [item["title"] for item in items if item["active"]] == [title]


def test_the_first_page_is_none_of_the_navigations(operator: Client) -> None:
    request = operator.get("/console/").wsgi_request
    items = [item for group in console.navigation(request) for item in group["items"]]
    assert not any(item["active"] for item in items)


def test_the_console_writes_times_as_all_pages_do() -> None:
    at = datetime(2026, 11, 21, 14, 42, tzinfo=UTC)
    assert formats.localize(at) == writing.moment(at)


def test_an_empty_table_says_whether_the_search_left_anything_out(operator: Client) -> None:
    page = operator.get("/console/notifications/suppression/").content.decode()
    assert "Nothing here yet" in page
    page = operator.get("/console/notifications/suppression/?q=nobody").content.decode()
    assert "Nothing matches" in page


@pytest.mark.parametrize("page", ["periodictask/add/", "intervalschedule/", "crontabschedule/add/"])
def test_schedule_pages_open(operator: Client, page: str) -> None:
    assert operator.get(f"/console/django_celery_beat/{page}").status_code == 200


def test_a_write_in_the_console_leaves_an_audit_entry(
    operator: Client, every_minute: IntervalSchedule
) -> None:
    answer = operator.post(
        f"/console/django_celery_beat/intervalschedule/{every_minute.pk}/change/",
        {"every": "7", "period": IntervalSchedule.MINUTES},
    )
    assert answer.status_code == 302
    entry = (
        LogEntry.objects.get_for_object(every_minute).filter(action=LogEntry.Action.UPDATE).get()
    )
    assert entry.actor is not None
    assert entry.actor.get_username() == "ada"
    assert entry.changes["every"] == ["1", "7"]


def test_a_password_never_reaches_the_audit_log(operator: Client) -> None:
    person = get_user_model().objects.get(username="ada")
    person.set_password("another horse")
    person.save()
    told = json.dumps(
        list(LogEntry.objects.get_for_object(person).values_list("changes", flat=True))
    )
    assert "password" in told
    assert person.password not in told


def test_what_beat_notes_at_every_run_is_no_audit_entry(every_minute: IntervalSchedule) -> None:
    task = PeriodicTask.objects.create(name="scan", task="scan", interval=every_minute)
    before = LogEntry.objects.get_for_object(task).count()
    task.total_run_count += 1
    task.save()
    assert LogEntry.objects.get_for_object(task).count() == before
