"""A worker process for chaos tests: the product's own code, one order a line, one JSON line back.

Orders: `collect` (ask the venues, read lists, networks and histories as the tasks do), `scan`, and
`hang`: scan, but stop inside the transaction and wait to be killed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import django
from django.db import DatabaseError, close_old_connections

from arbedge.errors import NoData


def main() -> None:
    django.setup()
    say({"ready": True})
    for line in sys.stdin:
        close_old_connections()  # as Celery does between two tasks
        try:
            say(ORDERS[line.strip()]())
        except NoData as error:
            say({"no_data": error.message})
        except DatabaseError as error:
            say({"database": str(error)})


def collect() -> dict[str, Any]:
    from arbedge import clock
    from exchanges import history, networks, rounds

    report = rounds.run()
    if networks.missing():
        networks.refresh()
    histories = history.refresh(clock.now_ms())
    return {"came": report.came() if report else None, "histories": histories}


def scan() -> dict[str, Any]:
    from opportunities import live

    advance = live.run()
    changed = {event: list(ids) for event, ids in advance.changed.items()}
    return {"stale": advance.stale, "live": advance.live, "changed": changed}


def hang() -> dict[str, Any]:
    from opportunities.signals import opportunity_events

    def stop(**_: Any) -> None:
        say({"in_transaction": True})
        time.sleep(600)

    opportunity_events.connect(stop)
    return scan()


def say(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


ORDERS = {"collect": collect, "scan": scan, "hang": hang}

if __name__ == "__main__":
    main()
