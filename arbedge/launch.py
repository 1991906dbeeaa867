"""What `manage.py up` does: prepare, start the processes, look after them, end them."""

from __future__ import annotations

import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from arbedge import addresses as where
from arbedge import demo, embedded, ports, schedule, status
from arbedge.logins import local_login
from arbedge.screen import View, draw, login_lines
from arbedge.session import claim
from arbedge.supervisor import GaveUpError, Supervisor, read_procfile

LOOK_EVERY_S = 0.2
REPORT_EVERY_S = 3.0
HEALTH_WITHIN_S = 2.0
TITLES = {
    "live": "ArbEdge on live public markets",
    "simulator": "ArbEdge on simulated markets",
    "replay": "ArbEdge on recorded markets",
}


class PortTakenError(Exception):
    """Another program listens where one of ours should."""


class Stopped(Exception):
    """SIGINT, SIGTERM or SIGHUP came."""


def run(base_dir: Path, *, say: Callable[[str], Any], screen: bool) -> None:
    """Runs until a signal comes, then returns with nothing left running.

    Raises AlreadyUpError, PortTakenError, or GaveUpError when a process keeps crashing.
    """
    began = time.monotonic()
    session = claim(settings.DATA_DIR)
    try:
        check_ports()
        environment = children_environment()
        session.tell(environment, addresses=addresses())
        with until_signalled():
            say("Preparing the database …")
            if settings.MARKET_MODE == "replay":
                begin_replay_anew()
            prepare_database()
            if settings.DEMO:
                demo.prepare()
            _supervise(base_dir, environment, began, say=say, screen=screen)
    except (Stopped, KeyboardInterrupt):
        say("Stopped.")
    finally:
        session.close()


def check_ports() -> None:
    """Raises PortTakenError with the setting to change when a port is in use."""
    wanted = {"WEB_PORT": settings.BIND, "FLOWER_PORT": settings.FLOWER_BIND}
    if settings.MARKET_MODE != "live":
        wanted["SIMULATOR_PORT"] = "127.0.0.1"
    if settings.DEMO:
        wanted["RECEIVER_PORT"] = wanted["RECEIVER_MAIL_PORT"] = "127.0.0.1"
    for name, address in wanted.items():
        port = getattr(settings, name)
        if not ports.is_free(port, address):
            raise PortTakenError(
                f"Port {port} is in use by another program. Set {name} to another one, for"
                f" example: {name}={ports.free()} make run"
            )


def children_environment() -> dict[str, str]:
    """Returns what the processes, and commands in other terminals, need to know beyond ours."""
    return {
        "MARKET_MODE": settings.MARKET_MODE,
        "DEMO": str(settings.DEMO).lower(),
        "RECORDINGS": settings.RECORDINGS,
        "BIND": settings.BIND,
        "WEB_PORT": str(settings.WEB_PORT),
        "WEB_WORKERS": str(settings.WEB_WORKERS),
        "FLOWER_BIND": settings.FLOWER_BIND,
        "FLOWER_PORT": str(settings.FLOWER_PORT),
        "SIMULATOR_PORT": str(settings.SIMULATOR_PORT),
        "RECEIVER_PORT": str(settings.RECEIVER_PORT),
        "RECEIVER_MAIL_PORT": str(settings.RECEIVER_MAIL_PORT),
        "LOG_LEVEL": settings.LOG_LEVEL,
    }


def addresses() -> dict[str, str]:
    """Returns the addresses people open, by name."""
    host = "127.0.0.1" if settings.BIND in {"0.0.0.0", "::"} else settings.BIND  # noqa: S104
    web = f"http://{host}:{settings.WEB_PORT}"
    phone = {"Phone": f"http://127.0.0.1:{settings.RECEIVER_PORT}/"} if settings.DEMO else {}
    return {
        "Board": f"{web}/",
        "Console": f"{web}/console/",
        **phone,
        "Flower": f"http://127.0.0.1:{settings.FLOWER_PORT}/",
        "Metrics": f"{web}/metrics",
        "Health": f"{web}/health/",
    }


def begin_replay_anew() -> None:
    """A recording's clock starts again, so what an earlier replay left would be its future.

    Only the bundled database is emptied, and only the one that replays have for themselves.
    """
    connection.close()
    for engines in embedded.held:
        embedded.begin_anew(engines, where.database_name(), where.database_numbers())


def prepare_database() -> None:
    """Migrates where something is to be migrated, and writes the declared schedule."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    else:
        schedule.sync()


@contextmanager
def until_signalled() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP end the program as Ctrl-C does.

    SIGINT is taken too: a shell that starts programs in the background lets them ignore it.
    """

    def stop(*_: Any) -> None:
        raise Stopped

    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {sign: signal.signal(sign, stop) for sign in ends}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _supervise(
    base_dir: Path,
    environment: dict[str, str],
    began: float,
    *,
    say: Callable[[str], Any],
    screen: bool,
) -> None:
    lines = dict(read_procfile(base_dir / "Procfile"))
    if settings.MARKET_MODE == "live":
        lines.pop("simulate", None)
    if not settings.DEMO:
        lines.pop("receive", None)
    supervisor = Supervisor(
        lines,
        folder=base_dir,
        logs=settings.DATA_DIR / "logs",
        environment={**environment, **_only_for_children()},
        keep_open=embedded.lock_files(),
    )
    view = View(
        title=TITLES.get(settings.MARKET_MODE, "ArbEdge"),
        addresses=addresses(),
        login=None if settings.PRODUCTION else _login(),
        processes=supervisor.processes,
        hints=_hints(),
    )
    connection.close()
    try:  # from its start on, a signal must not pass by its stop
        supervisor.start()
        _Watch(supervisor, view, began).run(say=say, screen=screen)
    finally:
        with _undisturbed():
            supervisor.stop()


def _login() -> Any:
    return local_login(settings.DATA_DIR, str(settings.DATABASES["default"]["NAME"]))


def _only_for_children() -> dict[str, str]:
    """Counters of several web processes are added up through a folder, empty at each start."""
    folder = settings.DATA_DIR / "metrics"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


def _hints() -> list[str]:
    return [
        f"Logs: {settings.DATA_DIR / 'logs'}",
        "In another terminal: .venv/bin/python manage.py scan --once",
        "Ctrl-C stops everything.",
    ]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C while stopping must not leave anything running."""
    before = {
        sign: signal.signal(sign, signal.SIG_IGN)
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


class _Watch:
    """Looks after the processes and shows them, until it is told to stop."""

    def __init__(self, supervisor: Supervisor, view: View, began: float) -> None:
        self.supervisor = supervisor
        self.view = view
        self.began = began
        threading.Thread(target=self._ask, daemon=True, name="reports").start()

    def run(self, *, say: Callable[[str], Any], screen: bool) -> None:
        if screen:
            self._on_screen()
        else:
            self._in_lines(say)

    def _on_screen(self) -> None:
        from rich.live import Live

        with Live(draw(self.view), screen=True, refresh_per_second=2) as live:
            while True:
                self.view.news += self._tend()
                live.update(draw(self.view))
                time.sleep(LOOK_EVERY_S)

    def _in_lines(self, say: Callable[[str], Any]) -> None:
        for name, text in (*self.view.addresses.items(), *login_lines(self.view.login)):
            say(f"{name}: {text}")
        told_ready = False
        while True:
            for line in self._tend():
                say(line)
            if self.view.ready and not told_ready:
                told_ready = True
                say(f"Ready after {time.monotonic() - self.began:.1f} s.")
            sys.stdout.flush()
            time.sleep(LOOK_EVERY_S)

    def _tend(self) -> list[str]:
        if not embedded.running_still():
            log = settings.DATA_DIR / "logs" / "engines.log"
            raise GaveUpError(f"The bundled database or cache ended. See {log}.")
        return self.supervisor.tend()

    def _ask(self) -> None:
        """Slow answers are waited for here, so that the screen never stands still."""
        while True:
            self.view.ready = self.view.ready or _answers(self.view.addresses["Health"])
            self.view.reports = status.report()
            time.sleep(REPORT_EVERY_S if self.view.ready else LOOK_EVERY_S)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=HEALTH_WITHIN_S) as answer:  # noqa: S310  our own
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
