"""Processes of the bot that work until they are killed.

`python -m tests.chaos.talker` makes one for every line it reads and says its pid. Each runs as
`manage.py bot` does, but takes a moment between a command's effects and their commit, the worst one
to be killed in, and writes down the update there. `--forget` takes away whom the bot has met.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Any

from tests.chaos.forking import fork_for_every_line, say, set_up

MOMENT_S = 0.05
FIRST = 7_300_000  # people of this test


def main() -> None:
    set_up()
    if "--forget" in sys.argv:
        forget()
    else:
        make_bots()


def make_bots() -> None:
    """The modules are read once; nothing is connected before the fork."""
    from notifications.bot import loading, running

    loading.load()
    take_a_moment()

    def talk() -> None:
        say({"began": os.getpid()})
        running.run(Event())

    fork_for_every_line(talk)


def take_a_moment() -> None:
    from django.db import connection

    from notifications.bot import dispatch

    handle = dispatch.handle

    def slowly(update: Any, now: datetime, keep: Callable[[Any], None]) -> Any:
        def note(calls: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO chaos_effect VALUES (%s)", [update["update_id"]])
            keep(calls)
            time.sleep(MOMENT_S)

        return handle(update, now, note)

    dispatch.handle = slowly


def forget() -> None:
    from accounts.models import User
    from notifications.models import BotUpdate

    User.objects.filter(telegram_id__gte=FIRST, telegram_id__lt=FIRST + 100_000).delete()
    BotUpdate.objects.all().delete()


if __name__ == "__main__":
    main()
