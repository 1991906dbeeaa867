"""Fixtures every room may use."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "arbedge_template"


def pytest_configure() -> None:
    """Passwords of tests are hashed quickly; the real hash takes a second on purpose."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _nothing_was_read_before() -> None:
    """A test has a database and a cache of its own."""
    from arbedge import recent

    recent.forget_all()


@pytest.fixture
def empty_cache() -> Iterator[None]:
    """Nothing is in the cache before a test, and nothing of it afterwards."""
    from arbedge import cache

    cache.client().flushdb()
    yield
    cache.client().flushdb()


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    """What the event loop of this process keeps open for good ends with the tests."""
    yield
    from arbedge import aio

    if aio._home.loop is not None:
        aio.run(_closed())


async def _closed() -> None:
    from arbedge import cache

    for client in cache._per_loop.pop(asyncio.get_running_loop(), {}).values():
        await client.aclose()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All texts that a drawing puts down, in their order."""
    from matplotlib.text import Text

    texts: list[str] = []
    plain = Text.draw

    def note(self: Text, *args: object, **more: object) -> None:
        texts.append(self.get_text())
        plain(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Text, "draw", note)
    return texts


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded real answers; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("ARBEDGE_RECORDINGS") or ROOT / "../shared/recordings").resolve()
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder} (set ARBEDGE_RECORDINGS)")
    return folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A copy of one migrated template database per worker: migrations run once per test run."""
    from django.conf import settings
    from django.db import connection

    name = f"test_{settings.CACHE_PREFIX}"
    with django_db_blocker.unblock():
        _make_template()
        with psycopg.connect(_server(), autocommit=True) as server:
            server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(TEMPLATE)
                )
            )
        connection.close()
        settings.DATABASES["default"]["NAME"] = name
        connection.settings_dict["NAME"] = name
    yield
    with django_db_blocker.unblock():
        connection.close()


def _server() -> str:
    return os.environ["DATABASE_URL"].replace("/arbedge?", "/postgres?")


def _make_template() -> None:
    """The first worker that needs the database migrates the template; the others wait."""
    from django.core.management import call_command
    from django.db import connection

    with (Path(os.environ["ARBEDGE_DATA"]) / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(_server(), autocommit=True) as server:
            known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
            if known.fetchone():
                return
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier("migrating")))
            connection.close()
            connection.settings_dict["NAME"] = "migrating"
            call_command("migrate", verbosity=0, interactive=False)
            connection.close()
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier("migrating"), sql.Identifier(TEMPLATE)
                )
            )
