"""Writers of broadcasts and bundles that work until they are killed, and what they need to find.

`python -m tests.chaos.writer` makes a writer for every line it reads, as Celery's prefork does, and
says its process; `--seed PEOPLE ITEMS` writes people, a running broadcast, and items that wait.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from tests.chaos.forking import fork_for_every_line, say, set_up

STEP = 25  # small, so that there are many moments to be killed in
BUNDLED_AT_ONCE = 5
OPENINGS = 4


def main() -> None:
    set_up()
    from notifications.sending import waking

    waking._send = lambda *_: True
    if "--seed" in sys.argv:
        people, items = map(int, sys.argv[-2:])
        say(seed(people, items, timezone.now()))
    else:
        make_writers()


def make_writers() -> None:
    """The modules are read once; nothing is connected before the fork."""
    from notifications.broadcasting import broadcasts  # noqa: F401
    from notifications.bundling import digests  # noqa: F401

    fork_for_every_line(write_for_ever)


def write_for_ever() -> None:
    from notifications.broadcasting import broadcasts
    from notifications.bundling import digests
    from notifications.models import Broadcast

    say({"writer": os.getpid()})
    while True:
        try:
            close_old_connections()  # as Celery does between two tasks
            now = timezone.now()
            for row_id in Broadcast.objects.values_list("pk", flat=True):
                broadcasts.step(row_id, now, size=STEP)
            digests.run(now, limit=BUNDLED_AT_ONCE)
        except DatabaseError:
            time.sleep(0.05)


def seed(people: int, items: int, now: datetime) -> dict[str, Any]:
    """Everybody is meant by the broadcast; `items` of them wait for four openings each."""
    from accounts.models import Session, User
    from arbedge.names import Role
    from notifications.broadcasting import broadcasts
    from notifications.models import DigestItem, Message
    from tests.notifications.factories import facts

    users = User.objects.bulk_create(
        User(username=f"chaos-reader{n}", name=f"Reader {n}", telegram_id=2_000_000 + n)
        for n in range(people)
    )
    Session.objects.bulk_create(
        Session(
            user=user, door="telegram", digest=user.pk.to_bytes(32, "big"), seen_at=now,
            expires_at=now + timedelta(days=7),
        )
        for user in users
    )  # fmt: skip
    messages = Message.objects.bulk_create(
        Message(
            topic="opened", asset=f"C{n}", kind="funding", facts=facts(asset=f"C{n}"), at=now,
            expires_at=now + timedelta(hours=4),
        )
        for n in range(OPENINGS)
    )  # fmt: skip
    DigestItem.objects.bulk_create(
        DigestItem(
            recipient="user", recipient_id=user.pk, message=message, due_at=now, created_at=now
        )
        for user in users[:items]
        for message in messages
    )
    admin = User.objects.create(username="operator", name="Operator", role=Role.ADMIN)
    row = broadcasts.draft(admin, "Maintenance", {"en": "Back at ten."}, {})
    started = broadcasts.start(row, admin, now)
    return {
        "broadcast": started.message_id,
        "people": [user.pk for user in users],
        "openings": [message.pk for message in messages],
    }


if __name__ == "__main__":
    main()
