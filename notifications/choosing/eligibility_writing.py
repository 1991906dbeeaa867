"""What the matching statement writes: a delivery for every receiver and event, or a digest item.

`receiver` names who is told, chats as negative numbers, and which events, as bits. A delivery keeps
what its person was matched by, so that he is told by it.
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

from typing import Final

from arbedge.choices import Notice, Spread
from notifications.bundling.digest_hours import DUE
from notifications.choosing.eligibility_rules import HIGHEST
from notifications.names import DeliveryState, Recipient

_SILENT: Final = 1 << list(Notice).index(Notice.OPENED)
_TO_ALL: Final = list(Spread).index(Spread.ALL)
_DELIVERY: Final = (
    "message_id", "facts_of_id", "recipient", "recipient_id", "topic", "opportunity_id", "state",
    "code", "priority", "tier", "silent", "counted", "language", "zone", "notional_usd",
    "horizon_hours", "vip_levels", "leverage", "channels", "place", "channel", "to_all",
    "attempts", "refs", "variant", "created_at", "due_at", "expires_at", "unended",
)  # fmt: skip
_SAME: Final = f"""'{DeliveryState.PENDING}', '', e.priority, least(r.tier, {HIGHEST})"""
_REST: Final = """0, '{}'::jsonb, '', %(now)s, %(now)s - e.early_us * interval '1 microsecond',
           e.expires_at, 0"""
# By its index, which the planner would not do who cannot know how few there are.
_PERSON: Final = """CROSS JOIN LATERAL (
        SELECT * FROM accounts_audience WHERE user_id = r.who OFFSET 0) a"""
DELIVERIES: Final = f"""
delivery AS (
    INSERT INTO notifications_delivery ({", ".join(_DELIVERY)})
    SELECT e.message_id, e.facts_of_id, '{Recipient.USER}', a.user_id, e.topic, e.opportunity_id,
           {_SAME}, a.silent & {_SILENT} <> 0, true, a.language, a.zone, a.notional_usd,
           a.horizon_hours, a.vip_levels, a.leverage, a.channels, 0, a.channels[1],
           a.spread = {_TO_ALL}, {_REST}
    FROM receiver r {_PERSON} JOIN event e ON r.bits & e.bit <> 0
    WHERE NOT r.bundled
    UNION ALL
    SELECT e.message_id, e.facts_of_id, '{Recipient.CHAT}', c.id, e.topic, e.opportunity_id,
           {_SAME}, false, true, c.language, c.zone, c.notional_usd, c.horizon_hours, 0, 1,
           '{{0}}'::smallint[], 0, 0, false, {_REST}
    FROM receiver r JOIN notifications_chat c ON c.id = -r.who
    JOIN event e ON r.bits & e.bit <> 0
    ON CONFLICT (message_id, recipient, recipient_id) DO NOTHING
)"""
DIGESTS: Final = f"""
digest_item AS (
    INSERT INTO notifications_digestitem (recipient, recipient_id, message_id, due_at, created_at)
    SELECT '{Recipient.USER}', a.user_id, e.facts_of_id, digest.due_at, %(now)s
    FROM receiver r {_PERSON} JOIN event e ON r.bits & e.bit <> 0
    {DUE}
    WHERE r.bundled
    ON CONFLICT (recipient, recipient_id, message_id) DO NOTHING
)"""
