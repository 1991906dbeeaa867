"""The bot's process: workers that handle lanes, somebody who listens for them, a look each second.

Several processes share the work: lanes are taken by locks, and each wake goes to one of them.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from threading import Event, Thread
from typing import Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from arbedge import aio
from arbedge.errors import ArbEdgeError, NoData
from notifications.bot import intake, lanes, setup, webhook_watch
from notifications.bot.polling import Poller
from opportunities import charts

LISTEN_S: Final = 1.0
LOOK_EVERY_S: Final = 1.0
STOP_WITHIN_S: Final = 4.0
SET_UP_AGAIN_S: Final = 5.0

log = structlog.get_logger(__name__)


class Bot:
    """One process's workers. `stop` may be set by anybody, from a signal too."""

    def __init__(self, threads: int, *, polls: bool, stop: Event | None = None) -> None:
        self.stop = stop or Event()
        # As many as are worked on: what waits here, another process could be doing.
        self.lanes: queue.Queue[int] = queue.Queue(maxsize=threads)
        self.listens = Event()
        work: list[tuple[str, Callable[[], None]]] = [(f"lane-{n}", self._work)
                                                      for n in range(threads)]  # fmt: skip
        work += [("wakes", self._listen), ("sweep", self._look)]
        if polls:
            work.append(("poll", Poller(self.stop).run))
        self.threads = [Thread(target=run, name=f"bot-{name}", daemon=True) for name, run in work]

    def run(self) -> None:
        """Works until `stop` is set, then returns within some seconds: what is not done is
        another process's, or done at the next start."""
        for thread in self.threads:
            thread.start()
        wait(self.stop)
        until = time.monotonic() + STOP_WITHIN_S
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        looked_at = 0.0
        while not self.stop.is_set():
            try:
                lane = self.lanes.get(timeout=LISTEN_S)
            except queue.Empty:
                continue
            if time.monotonic() - looked_at > LOOK_EVERY_S:  # a lane is less work than that look
                self._with_database("connection_not_looked_at", close_old_connections)
                looked_at = time.monotonic()
            work = partial(lanes.work, lane, timezone.now())
            if not self._with_database("lane_not_worked", work):
                looked_at = 0.0
        connection.close()

    def _listen(self) -> None:
        while not self.stop.is_set():
            try:
                lane = intake.woken(LISTEN_S)
            except NoData as error:
                self._heard(listens=False, why=error.message)
                self.stop.wait(LISTEN_S)
                continue
            self._heard(listens=True)
            if lane is not None:
                self._offer([lane])

    def _look(self) -> None:
        while not self.stop.wait(LOOK_EVERY_S):
            self._with_database("lanes_not_looked_for", self._look_once)
        connection.close()

    def _look_once(self) -> None:
        """For lanes nobody is woken for: what waits among the woken would only be found twice."""
        close_old_connections()
        after = timedelta()
        if self.listens.is_set():
            after = lanes.WOKEN_LATE if intake.backlog() else lanes.WOKEN_WITHIN
        self._offer(lanes.due(timezone.now(), after))

    def _offer(self, found: Iterable[int]) -> None:
        """Waits for a worker with a free hand."""
        for lane in found:
            while not self.stop.is_set():
                try:
                    self.lanes.put(lane, timeout=LISTEN_S)
                    break
                except queue.Full:
                    continue

    def _heard(self, *, listens: bool, why: str = "") -> None:
        if listens == self.listens.is_set():
            return
        if listens:
            self.listens.set()
        else:
            self.listens.clear()
            log.warning("bot_hears_no_wakes", reason=why, hint="It looks each second instead.")

    def _with_database(self, event: str, do: Callable[[], object]) -> bool:
        """Returns whether it went well; what fails is logged, and no thread ends of it."""
        try:
            do()
        except (OperationalError, InterfaceError) as error:
            log.warning(event, error=type(error).__name__)
            self.stop.wait(LOOK_EVERY_S)
        except Exception:  # a worker lives on; the update's attempt was counted
            log.exception(event)
        else:
            return True
        return False


def wait(stop: Event) -> None:
    """Returns when `stop` is set; a signal another thread got is seen within a second."""
    while not stop.wait(LISTEN_S):
        pass


def run(stop: Event) -> None:
    """The bot of the settings, until `stop` is set. Without a token it waits for its end."""
    if not settings.BOT_TOKEN:
        log.warning("bot_idle", hint="Set BOT_TOKEN, which BotFather gives you, and start again.")
        wait(stop)
        return
    polls = not settings.TELEGRAM_WEBHOOK
    log.info("bot_runs", threads=settings.BOT_THREADS, polls=polls)
    Thread(target=charts.warm, name="bot-charts", daemon=True).start()
    tell = _set_up if polls else webhook_watch.watch
    Thread(target=tell, args=[stop], name="bot-setup", daemon=True).start()
    Bot(settings.BOT_THREADS, polls=polls, stop=stop).run()
    log.info("bot_stopped", left=threading.active_count() - 1)


def _set_up(stop: Event) -> None:
    """Menus and texts, as soon as the Bot API answers. A webhook is set by `manage.py bot_setup`:
    that changes where updates go for every process."""
    try:
        while not stop.is_set():
            try:
                aio.run(setup.carry_out(setup.plan(polls=True)))
            except setup.Unreachable:
                stop.wait(SET_UP_AGAIN_S)
            except ArbEdgeError as error:
                log.warning("bot_not_set_up", hint=error.message)
                return
            else:
                return
    finally:
        connection.close()
