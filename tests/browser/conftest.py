"""A real Chromium before a server that shares the test's transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class QuietHandler(WSGIRequestHandler):
    """Serves without a line for every request."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(db: None) -> Iterator[str]:
    """The product's address: one request at a time, on the test's own connection."""
    listening = WSGIServer(("127.0.0.1", 0), QuietHandler)
    listening.set_app(StaticFilesHandler(WSGIHandler()))
    shared = connections["default"]
    shared.inc_thread_sharing()
    ends = (request_started, request_finished)
    for signal in ends:  # the test's transaction outlives its requests
        signal.disconnect(close_old_connections)

    def serve() -> None:
        connections["default"] = shared
        listening.serve_forever(poll_interval=0.02)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()
    for signal in ends:
        signal.connect(close_old_connections)
    shared.dec_thread_sharing()


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """The machine's Chromium; tests that need it are skipped where there is none.

    Playwright keeps an event loop running in this thread, so it ends with its module.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM} (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, server: str) -> Iterator[BrowserContext]:
    """A window of its own for each test."""
    opened = chromium.new_context(base_url=server, viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(15_000)
    yield opened
    opened.close()


@pytest.fixture
def desk(context: BrowserContext) -> Page:
    """A page as wide as a desk's screen."""
    return context.new_page()


@pytest.fixture
def phone(context: BrowserContext) -> Page:
    """A page as narrow as a phone."""
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    return page
