"""Telling named recipients something at once: alerts, codes, tests, broadcasts."""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from accounts import audience
from arbedge.choices import Notice, Spread
from arbedge.names import Channel
from notifications.models import Message
from notifications.names import (
    ASKED_FOR,
    CHANNEL_NUMBERS,
    CHANNELS,
    DeliveryState,
    Priority,
    Recipient,
    Topic,
)
from notifications.sending import waking

SWITCHES: Final[Mapping[Topic, Notice]] = {
    Topic.ALERT: Notice.ALERT,
    Topic.BROADCAST: Notice.NEWS,
    Topic.VENUE_BLIND: Notice.SERVICE,
    Topic.OPENED: Notice.OPENED,
    Topic.RECOVERED: Notice.OPENED,
    Topic.IMPROVED: Notice.IMPROVED,
    Topic.FADING: Notice.FADING,
    Topic.CLOSED: Notice.CLOSED,
}

_ALL: Final = list(Spread).index(Spread.ALL)
_BY_TELEGRAM: Final = f"'{{{CHANNEL_NUMBERS[Channel.TELEGRAM]}}}'::smallint[]"
_BY_EMAIL: Final = f"'{{{CHANNEL_NUMBERS[Channel.EMAIL]}}}'::smallint[]"

# Whoever has no row in the audience is known from his account, where he may be told all the same.
_TELL: Final = f"""
WITH known AS (
    SELECT w.recipient, w.recipient_id,
           {audience.rank("a.")} AS tier,
           NOT %(asked)s AND (coalesce(a.silent & %(switch)s <> 0, false)
                               OR NOT ({audience.AWAKE})) AS silent,
           coalesce(a.language, c.language, u.language) AS language,
           coalesce(a.zone, c.zone, u.time_zone) AS zone,
           coalesce(a.notional_usd, c.notional_usd, 1000) AS notional_usd,
           coalesce(a.horizon_hours, c.horizon_hours, 72) AS horizon_hours,
           coalesce(a.vip_levels, 0) AS vip_levels,
           coalesce(a.leverage, 2) AS leverage,
           coalesce(a.spread = {_ALL}, false) AS to_all,
           coalesce(%(channels)s::smallint[], nullif(a.channels, '{{}}'), CASE
               WHEN c.id IS NOT NULL OR u.telegram_id IS NOT NULL THEN {_BY_TELEGRAM}
               WHEN u.email_verified_at IS NOT NULL THEN {_BY_EMAIL} END) AS channels
    FROM (SELECT DISTINCT * FROM unnest(%(kinds)s::text[], %(ids)s::bigint[])
          AS named (recipient, recipient_id)) w
    LEFT JOIN accounts_audience a ON w.recipient = '{Recipient.USER}'
         AND a.user_id = w.recipient_id AND a.session_until > %(now)s
    LEFT JOIN accounts_user u ON w.recipient = '{Recipient.USER}' AND u.id = w.recipient_id
    LEFT JOIN notifications_chat c ON w.recipient = '{Recipient.CHAT}' AND c.id = w.recipient_id
    WHERE CASE WHEN %(asked)s THEN u.id IS NOT NULL OR c.id IS NOT NULL
               ELSE (a.user_id IS NOT NULL AND a.notices & %(switch)s = %(switch)s)
                    OR (c.id IS NOT NULL AND NOT c.paused AND c.gone = '') END
), written AS (
    INSERT INTO notifications_delivery (
        message_id, facts_of_id, recipient, recipient_id, topic, opportunity_id, state, code,
        priority, tier, silent, counted, language, zone, notional_usd, horizon_hours, vip_levels,
        leverage, channels, place, channel, to_all, attempts, unended, refs, variant,
        created_at, due_at, expires_at)
    SELECT m.id, m.id, k.recipient, k.recipient_id, m.topic, m.opportunity_id,
           '{DeliveryState.PENDING}', '', m.priority, k.tier, %(silent)s OR k.silent, %(counted)s,
           k.language, k.zone, k.notional_usd, k.horizon_hours, k.vip_levels, k.leverage,
           k.channels, 0, k.channels[1], k.to_all, 0, 0, '{{}}', '', %(now)s, %(now)s, m.expires_at
    FROM known k JOIN notifications_message m ON m.id = %(message)s
    WHERE cardinality(k.channels) > 0
    ORDER BY k.tier DESC, k.recipient, k.recipient_id
    ON CONFLICT (message_id, recipient, recipient_id) DO NOTHING
    RETURNING channel
)
SELECT channel, count(*) FROM written GROUP BY channel
"""


def tell(
    topic: Topic,
    facts: Mapping[str, Any],
    *,
    to: Sequence[tuple[Recipient, int]],
    priority: Priority,
    now: datetime,
    expires_at: datetime | None = None,
    silent: bool = False,
    counted: bool = False,
    channels: Sequence[Channel] | None = None,
    notice: Notice | None = None,
) -> Message:
    """Writes a message and its deliveries, and wakes the channels after the commit.

    Reaches who has a session and has not switched the topic off (silently while he is not to be
    disturbed), and chats that are not paused; codes and tests reach everybody there is. `channels`
    replaces the recipients' own, `notice` the switch of the topic. Whoever has no channel gets
    nothing.
    """
    with transaction.atomic():
        message = Message.objects.create(
            topic=topic, facts=dict(facts), priority=priority, at=now, expires_at=expires_at
        )
        tell_more(
            message, to, now=now, silent=silent, counted=counted, channels=channels, notice=notice
        )
    return message


def tell_more(
    message: Message,
    to: Sequence[tuple[Recipient, int]],
    *,
    now: datetime,
    silent: bool = False,
    counted: bool = False,
    channels: Sequence[Channel] | None = None,
    notice: Notice | None = None,
) -> int:
    """Tells further recipients a message that is there; who has it already is left alone.

    Returns how many deliveries were written. One statement, in the caller's transaction if any.
    """
    topic = Topic(message.topic)
    switch = notice or SWITCHES.get(topic)
    values: dict[str, Any] = {
        "message": message.pk,
        "kinds": [recipient.value for recipient, _ in to],
        "ids": [number for _, number in to],
        "asked": topic in ASKED_FOR,
        "switch": 0 if switch is None else 1 << list(Notice).index(switch),
        "channels": None if channels is None else [CHANNEL_NUMBERS[one] for one in channels],
        "silent": silent,
        "counted": counted,
        "clocks": audience.clocks(now),
        "now": now,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TELL, values)
        written = dict(cursor.fetchall())
        if written:
            waking.after_commit(waking.deliver, [CHANNELS[number] for number in written])
    return sum(written.values())
