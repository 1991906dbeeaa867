"""What every task of a worker can rely on."""

from __future__ import annotations

import os

import psycopg
import pytest
from celery import shared_task
from django.conf import settings
from django.db import connection

from arbedge.celery import app


@shared_task(name="tests.ask_the_database")
def ask_the_database() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_task_after_a_lost_connection_gets_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 600)
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    app.tasks["tests.ask_the_database"].apply(throw=True)

    _end_all_connections()

    assert app.tasks["tests.ask_the_database"].apply(throw=True).get() == 42


def _end_all_connections() -> None:
    name = settings.DATABASES["default"]["NAME"]
    url = os.environ["DATABASE_URL"].replace("/arbedge?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
