"""Deliveries to named people, written by one statement: many messages, each to somebody else.

Whoever has no session by then is left out: nothing is pushed to him.
"""
# ruff: noqa: S608  (statements are put together from this module's own words, never from data)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from accounts import audience
from arbedge.choices import Spread
from notifications.names import CHANNELS, DeliveryState, Recipient
from notifications.sending import waking

# What a delivery takes from a row `a` of the audience, as {column: expression}.
OF_PERSON: Final = {
    "recipient": f"'{Recipient.USER}'",
    "recipient_id": "a.user_id",
    "tier": audience.rank("a."),
    "language": "a.language",
    "zone": "a.zone",
    "notional_usd": "a.notional_usd",
    "horizon_hours": "a.horizon_hours",
    "vip_levels": "a.vip_levels",
    "leverage": "a.leverage",
    "channels": "a.channels",
    "channel": "a.channels[1]",
    "to_all": f"a.spread = {list(Spread).index(Spread.ALL)}",
}
# What every new delivery begins with.
AT_FIRST: Final = {
    "state": f"'{DeliveryState.PENDING}'",
    "code": "''",
    "place": "0",
    "attempts": "0",
    "unended": "0",
    "refs": "'{}'::jsonb",
    "variant": "''",
    "created_at": "%(now)s",
    "due_at": "%(now)s",
}
# The person `a` has a session, and a channel to be written to.
REACHABLE: Final = "a.session_until > %(now)s AND cardinality(a.channels) > 0"


def inserting(more: dict[str, str], rows: str) -> str:
    """The statement that writes a delivery for each of `rows` (a FROM clause with `a`).

    `more` adds what is not the person's: message, topic, priority and the like. Who has the
    message already is left alone. It returns the channel of each delivery written.
    """
    columns = OF_PERSON | AT_FIRST | more
    return f"""
        INSERT INTO notifications_delivery ({", ".join(columns)})
        SELECT {", ".join(columns.values())} FROM {rows}
        ON CONFLICT (message_id, recipient, recipient_id) DO NOTHING
        RETURNING channel
    """


_POST: Final = inserting(
    {
        "message_id": "m.id",
        "facts_of_id": "m.id",
        "topic": "m.topic",
        "opportunity_id": "NULL",
        "priority": "m.priority",
        "expires_at": "m.expires_at",
        "silent": "one.silent",
        "counted": "false",
    },
    f"""unnest(%(messages)s::bigint[], %(people)s::bigint[], %(silent)s::boolean[])
            AS one(message_id, user_id, silent)
        JOIN notifications_message m ON m.id = one.message_id
        JOIN accounts_audience a ON a.user_id = one.user_id AND {REACHABLE}""",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message for one person."""

    message_id: int
    user_id: int
    silent: bool = False


def post(letters: Sequence[Letter], now: datetime) -> int:
    """Writes the deliveries, and wakes those who send them after the commit. Returns how many."""
    if not letters:
        return 0
    told: dict[str, Any] = {
        "now": now,
        "messages": [one.message_id for one in letters],
        "people": [one.user_id for one in letters],
        "silent": [one.silent for one in letters],
    }
    with connection.cursor() as cursor:
        cursor.execute(_POST, told)
        channels = [row[0] for row in cursor.fetchall()]
    wake(channels)
    return len(channels)


def wake(channels: Sequence[int]) -> None:
    """After the commit, wakes the senders of these channels."""
    if channels:
        waking.after_commit(waking.deliver, [CHANNELS[number] for number in sorted(set(channels))])
