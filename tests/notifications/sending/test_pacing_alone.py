"""The pace while the cache is gone: one process goes on, slowly; the others wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from arbedge import aio, clock
from arbedge.names import Channel
from notifications.sending import pacing, pacing_alone
from tests.notifications.sending.paces import HOST, START_MS, admit, most_within, number_let_go, to

NOWHERE = "unix:///nonexistent/no-cache-here?db=0"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def url_before(settings: Settings) -> Iterator[str]:
    """The cache is gone, and no pause of another test is known; where the cache was."""
    with_cache = settings.CACHE_URL
    pacing_alone._alone.pauses.clear()
    settings.CACHE_URL = NOWHERE
    yield with_cache
    aio.run(pacing_alone.end(), 5)


@pytest.fixture
def another_process_holds_the_lock() -> Iterator[None]:
    told = connection.get_connection_params()
    names = {name: told[name] for name in ("dbname", "host", "user") if told.get(name)}
    with closing(psycopg.connect(**names, autocommit=True)) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [pacing_alone.LOCK])
        yield
        other.execute("SELECT pg_advisory_unlock(%s)", [pacing_alone.LOCK])


def went(at_ms: float, number: int = 50) -> int:
    return number_let_go([to() for _ in range(number)], at_ms)


def test_what_was_sent_before_is_not_known_so_it_begins_full() -> None:
    assert went(0) == 0
    assert went(999) == 0
    assert went(1000) == 20


def test_twenty_a_second_are_never_passed() -> None:
    times = [float(at) for at in range(0, 5000, 200) for _ in range(went(at))]
    assert most_within(times, 1000) == 20
    assert len(times) == 80


def test_chats_and_groups_keep_their_pace() -> None:
    admit([to()], 0)
    assert number_let_go([to(7), to(7), to(-7)], 1000) == 1
    minute = [at for at in range(2000, 62_000, 1500) if number_let_go([to(-7)], at)]
    assert 15 <= len(minute) <= 20


def test_who_must_wait_is_told_when() -> None:
    (go,) = admit([to()], 0)
    assert go.at_ms == START_MS + 1000


@pytest.mark.usefixtures("another_process_holds_the_lock")
def test_another_process_waits() -> None:
    assert went(0) == 0
    assert went(2000) == 0
    (go,) = admit([to()], 3000)
    assert go.at_ms == START_MS + 3000 + pacing_alone.OTHERS_WAIT_MS


def test_a_pause_holds_without_the_cache_too() -> None:
    aio.run(pacing.pause(Channel.TELEGRAM, HOST, 14), 30)
    before = clock.now_ms() - START_MS
    admit([to()], before)
    assert went(before + 1000) == 0
    assert went(before + 14_001) == 20


def test_the_lock_is_given_back_when_the_cache_is_there_again(
    settings: Settings, url_before: str
) -> None:
    admit([to()], 0)
    held = """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    with connection.cursor() as cursor:
        cursor.execute(held, [pacing_alone.LOCK])
        assert cursor.fetchone() == (1,)
        settings.CACHE_URL = url_before
        admit([to()], 0)
        cursor.execute(held, [pacing_alone.LOCK])
        assert cursor.fetchone() == (0,)
