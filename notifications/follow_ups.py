"""Telling those who were sent an opening what became of it.

A follow-up goes to whoever was sent the opening, or is being sent it; the queue keeps it behind the
opening. Whoever still waits for the opening gets no follow-up: his opening takes the new figures,
or is cancelled where the opportunity is over. Of several follow-ups that wait the latest survives.

Whoever has muted the coin or a venue of it since, or hides it by his preferences, is told of
neither improvement, fading nor return: he wants to hear no more of it. Its end is told him all the
same, without a sound, for he may hold the trade, and what may cost money is never withheld; so is
a venue's silence. A chat's own choice of venues counts the same.

Openings are deliveries of the opportunity without an opening of their own, whatever their message:
an improvement is the opening to whoever had not been told before.
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from accounts import audience
from arbedge.choices import VENUE_BITS, Notice
from arbedge.names import CloseReason, State
from notifications.choosing.eligibility_due import NO_ONES_VENUE
from notifications.codes import Code, Why
from notifications.names import (
    ARRIVED,
    FOLLOW_UPS,
    OPENINGS,
    WAITING,
    DeliveryState,
    Recipient,
    Topic,
)
from notifications.statements import listed
from notifications.telling import SWITCHES

MAY_COST: Final = (Topic.CLOSED, Topic.VENUE_BLIND)  # told of what is muted too
ONE_NOTICE_IN: Final = timedelta(minutes=10)  # about the same venue, to the same recipient
LONGEST_LIFE: Final = timedelta(days=60)  # of an opportunity, as far as old openings are looked for

# Bits of venues as preferences hold them; a leg that is none asks for no bit.
_BITS: Final = json.dumps({"": 0} | {name: 1 << bit for name, bit in VENUE_BITS.items()})
PENDING, CANCELLED = DeliveryState.PENDING, DeliveryState.CANCELLED


def _switch(topic: Topic) -> int:
    return 1 << list(Notice).index(SWITCHES[topic])


def _bit(venue: str) -> str:
    return f"coalesce((%(bits)s::jsonb ->> coalesce({venue}, ''))::bigint, {1 << NO_ONES_VENUE})"


_TOLD_OF: Final = (*FOLLOW_UPS, Topic.VENUE_BLIND)
_SWITCH: Final = " ".join(f"WHEN '{topic}' THEN {_switch(topic)}" for topic in _TOLD_OF)
# The opportunities a follow-up is about: its own, or all that were open where nothing is seen now.
# `over` are those that nobody need be sent any more.
_TARGETS: Final = f"""
due AS (
    SELECT s.id AS slice_id, m.id AS message_id, m.topic, m.priority, m.expires_at,
           m.opportunity_id, m.at, m.facts ->> 'venue' AS venue,
           CASE m.topic {_SWITCH} END AS switch
    FROM notifications_slice s JOIN notifications_message m ON m.id = s.message_id
    WHERE s.id = ANY(%(slices)s)
), target AS (
    SELECT due.*, due.opportunity_id AS about, due.topic = '{Topic.CLOSED}' AS over,
           o.asset, {_bit("o.long_venue")} | {_bit("o.short_venue")} AS venues
    FROM due LEFT JOIN opportunities_opportunity o ON o.id = due.opportunity_id
    WHERE due.opportunity_id IS NOT NULL
    UNION ALL
    SELECT due.*, o.id, o.state = '{State.CLOSED}', NULL, {_bit("due.venue")}
    FROM due JOIN opportunities_opportunity o ON due.venue IN (o.long_venue, o.short_venue)
    WHERE due.topic = '{Topic.VENUE_BLIND}' AND (o.live_key IS NOT NULL
          OR o.close_reason = '{CloseReason.NO_DATA}' AND o.closed_at > due.at - %(window)s)
)
"""
# Rows in a worker's hands are passed by: waiting for them could hold up what he has to tell. They
# count as being sent, and the claim of an opening asks for itself whether the opportunity is over.
_EARLIER: Final = f"""
WITH {_TARGETS}, earlier AS (
    SELECT d.id, t.message_id, t.over, d.opening_id IS NOT NULL AS follows
    FROM target t JOIN notifications_delivery d ON d.opportunity_id = t.about
    WHERE d.state = '{PENDING}' AND (t.over OR t.topic <> '{Topic.VENUE_BLIND}')
      AND CASE WHEN d.opening_id IS NOT NULL THEN d.message_id < t.message_id
               ELSE d.topic IN ({listed(OPENINGS)}) AND d.facts_of_id < t.message_id END
    FOR NO KEY UPDATE OF d SKIP LOCKED
), ended AS (
    UPDATE notifications_delivery d
    SET state = '{CANCELLED}', settled_at = %(now)s,
        code = CASE WHEN follows THEN '{Code.SUPERSEDED}' ELSE '{Code.CLOSED}' END
    FROM earlier WHERE d.id = earlier.id AND (over OR follows)
)
UPDATE notifications_delivery d SET facts_of_id = earlier.message_id
FROM earlier WHERE d.id = earlier.id AND NOT (over OR follows)
"""
_COPIED: Final = (
    "tier", "language", "zone", "notional_usd", "horizon_hours", "vip_levels", "leverage",
    "channels", "place", "channel", "to_all",
)  # fmt: skip
_FOUND: Final = ", ".join((
    "id", "recipient", "recipient_id", "topic", "opportunity_id", "opening_id", "state",
    "facts_of_id", *_COPIED,
))  # fmt: skip
# Whether the person `a` or the chat `c` hides what the opening `o` is about.
_WANTED: Final = "coalesce(a.venues, c.venues, -1)"
_VENUE_HIDDEN: Final = f"({_WANTED} <> -1 AND {_WANTED} & o.venues <> o.venues)"
_COIN_HIDDEN: Final = (
    "coalesce(o.asset = ANY(a.assets_out) OR NOT o.asset = ANY(a.assets_in), false)"
)
# Of a venue's notice the channels are those of the latest opening that arrived.
_FOLLOW: Final = f"""
WITH {_TARGETS}, opening AS (
    SELECT DISTINCT ON (t.slice_id, d.recipient, d.recipient_id)
           t.slice_id, t.message_id, t.topic AS about_topic, t.priority, t.expires_at, t.venue,
           t.switch, t.opportunity_id AS about, t.asset, t.venues, d.*
    FROM target t JOIN (
        SELECT {_FOUND} FROM notifications_delivery
        UNION ALL
        SELECT {_FOUND} FROM notifications_deliverylog WHERE settled_at > %(oldest)s
    ) d ON d.opportunity_id = t.about
    WHERE d.opening_id IS NULL AND d.topic IN ({listed(OPENINGS)})
      AND d.facts_of_id < t.message_id
      AND (d.state IN ({listed(ARRIVED)})
           OR d.state IN ({listed(WAITING)}) AND t.topic <> '{Topic.VENUE_BLIND}')
    ORDER BY t.slice_id, d.recipient, d.recipient_id, d.id DESC
), notice AS (
    SELECT m.id, m.facts ->> 'venue' AS venue FROM notifications_message m
    WHERE m.topic = '{Topic.VENUE_BLIND}' AND m.created_at > %(now)s - %(window)s
), judged AS (
    SELECT o.*, (NOT ({audience.AWAKE}) OR coalesce(a.silent & o.switch <> 0, false)
                 OR {_VENUE_HIDDEN} OR {_COIN_HIDDEN}) AS hush,
           CASE WHEN o.recipient = '{Recipient.CHAT}' AND (c.id IS NULL OR c.paused OR c.gone <> '')
                THEN {Why.CHAT_PAUSED.value}
                WHEN o.recipient = '{Recipient.USER}' AND a.user_id IS NULL
                THEN {Why.NO_SESSION.value}
                WHEN a.notices & o.switch = 0 THEN {Why.SWITCHED_OFF.value}
                WHEN o.about_topic NOT IN ({listed(MAY_COST)}) AND {_VENUE_HIDDEN}
                THEN {Why.VENUE_UNWANTED.value}
                WHEN o.about_topic NOT IN ({listed(MAY_COST)}) AND {_COIN_HIDDEN}
                THEN {Why.ASSET_UNWANTED.value}
                WHEN o.about_topic = '{Topic.VENUE_BLIND}' AND EXISTS (
                    SELECT FROM notice JOIN (
                        SELECT message_id, recipient, recipient_id FROM notifications_delivery
                        UNION ALL
                        SELECT message_id, recipient, recipient_id FROM notifications_deliverylog
                        WHERE settled_at > %(now)s - %(window)s
                    ) told ON told.message_id = notice.id
                    WHERE notice.venue = o.venue AND told.recipient = o.recipient
                      AND told.recipient_id = o.recipient_id)
                THEN {Why.TOLD_ALREADY.value}
                ELSE {Why.ELIGIBLE.value} END AS why
    FROM opening o
    LEFT JOIN accounts_audience a ON o.recipient = '{Recipient.USER}'
         AND a.user_id = o.recipient_id AND a.session_until > %(now)s
    LEFT JOIN notifications_chat c ON o.recipient = '{Recipient.CHAT}' AND c.id = o.recipient_id
), written AS (
    INSERT INTO notifications_delivery (
        message_id, facts_of_id, recipient, recipient_id, topic, opportunity_id, opening_id, state,
        code, priority, silent, counted, attempts, unended, refs, variant, created_at, due_at,
        expires_at, {", ".join(_COPIED)})
    SELECT message_id, message_id, recipient, recipient_id, about_topic, about,
           CASE WHEN about IS NOT NULL THEN id END, '{PENDING}', '', priority, hush, false, 0, 0,
           '{{}}', '', %(now)s, %(now)s, expires_at, {", ".join(_COPIED)}
    FROM judged WHERE why = {Why.ELIGIBLE.value}
    ORDER BY message_id, tier DESC, id
    ON CONFLICT (message_id, recipient, recipient_id) DO NOTHING
)
SELECT slice_id, why, count(*) FROM judged GROUP BY slice_id, why
"""


def write(slice_ids: Sequence[int], now: datetime) -> dict[int, dict[str, int]]:
    """Sets right what waits of earlier messages, and writes the deliveries of these slices.

    Returns for every slice how many recipients there were by Why.code, `eligible` among them. Two
    statements, in the caller's transaction.
    """
    values: dict[str, Any] = {
        "slices": list(slice_ids),
        "now": now,
        "window": ONE_NOTICE_IN,
        "oldest": now - LONGEST_LIFE,
        "clocks": audience.clocks(now),
        "bits": _BITS,
    }
    counts: dict[int, dict[str, int]] = {number: {} for number in slice_ids}
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, values)
        cursor.execute(_FOLLOW, values)
        for slice_id, why, people in cursor.fetchall():
            counts[slice_id][Why(why).code] = people
    return counts
