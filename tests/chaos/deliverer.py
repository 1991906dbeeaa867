"""Workers that deliver until they are killed, and what they need to find.

`python -m tests.chaos.deliverer` makes a worker for every line it reads, as Celery's prefork does,
and each claims, sends and sweeps with the product's own code, saying the token of every claim.
`--seed N` writes N deliveries and says whose they are.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from redis.exceptions import RedisError

from arbedge.errors import NoData
from tests.chaos.forking import fork_for_every_line, say, set_up

MESSAGES = 20
GREEDY = 8  # deliveries of some people, who may have five an hour
SWEEP_EVERY_S = 1.0
IDLE_S = 0.05


def main() -> None:
    set_up()
    if "--seed" in sys.argv:
        say(seed(int(sys.argv[-1]), timezone.now()))
    else:
        be_quick()
        make_workers()


def make_workers() -> None:
    """The modules are read once; nothing is connected before the fork."""
    from notifications.sending import delivery, journal, sweeping  # noqa: F401

    fork_for_every_line(deliver_for_ever)


def be_quick() -> None:
    """Leases of seconds, so that a run need not wait a minute for every worker it kills."""
    from notifications.sending import claims, delivery, journal, teller

    lease_s = float(os.environ["CHAOS_LEASE_S"])
    claims.LEASE = timedelta(seconds=lease_s)  # type: ignore[misc]
    teller.TELL_WITHIN_S = 0.9 * lease_s  # type: ignore[misc]
    delivery.BEGIN_WITHIN_S = 0.4 * lease_s  # type: ignore[misc]
    journal.KEPT = timedelta(seconds=lease_s)  # type: ignore[misc]


def deliver_for_ever() -> None:
    from arbedge.names import Channel
    from notifications.sending import delivery, journal, outbox, sweeping

    claim, swept_at = outbox.claim, 0.0

    def claim_aloud(*asked: Any, **how: Any) -> Any:
        batch = claim(*asked, **how)
        if batch.rows:
            say({"token": str(batch.rows[0].token)})
        return batch

    outbox.claim = claim_aloud
    say({"began": True})
    while True:
        try:
            close_old_connections()  # as Celery does between two tasks
            ran = delivery.run(Channel.TELEGRAM, timezone.now(), budget_s=1.0)
            if time.monotonic() - swept_at > SWEEP_EVERY_S:
                swept_at = time.monotonic()
                sweeping.sweep(timezone.now())
                journal.move(timezone.now())
            if not ran.more:
                time.sleep(IDLE_S)
        except (DatabaseError, RedisError, NoData, OSError) as error:
            say({"failed": type(error).__name__})
            time.sleep(IDLE_S)


def seed(number: int, now: datetime) -> dict[str, Any]:
    """Some people get eight deliveries each, the others one; all count for their limits."""
    from accounts.models import Session, User
    from notifications import names
    from notifications.models import Delivery, Message
    from tests.notifications.factories import facts

    greedy = number // (10 * GREEDY)
    people = User.objects.bulk_create(
        User(username=f"chaos{n}", name=f"Chaos {n}", telegram_id=1_000_000 + n)
        for n in range(greedy + number - greedy * GREEDY)
    )
    Session.objects.bulk_create(
        Session(
            user=user, door="telegram", digest=user.pk.to_bytes(32, "big"), seen_at=now,
            expires_at=now + timedelta(days=7),
        )
        for user in people
    )  # fmt: skip
    messages = Message.objects.bulk_create(
        Message(
            topic=names.Topic.OPENED, asset=f"C{n:03d}X", kind="funding", fingerprint=f"print{n}",
            facts=facts(asset=f"C{n:03d}X", fingerprint=f"print{n}"), at=now,
            expires_at=now + timedelta(hours=4),
        )
        for n in range(MESSAGES)
    )  # fmt: skip
    wanted = [(user, message) for user in people[:greedy] for message in messages[:GREEDY]]
    wanted += [(user, messages[n % MESSAGES]) for n, user in enumerate(people[greedy:])]
    rows = Delivery.objects.bulk_create(
        Delivery(
            message=message, facts_of=message, recipient="user", recipient_id=user.pk,
            topic=message.topic, priority=2, tier=0, counted=True, channels=[0], channel=0,
            created_at=now, due_at=now, expires_at=message.expires_at,
        )
        for user, message in wanted
    )  # fmt: skip
    return {
        "deliveries": {
            f"{user.telegram_id} {message.asset}": row.pk
            for (user, message), row in zip(wanted, rows, strict=True)
        },
        "greedy": [user.pk for user in people[:greedy]],
        "modest": [user.telegram_id for user in people[greedy:]],
    }


if __name__ == "__main__":
    main()
