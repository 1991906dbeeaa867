"""Who is told where it cannot be everybody: in turns, by weight, those who got least first.

Within one rotation of 15 minutes nobody is served twice before everybody was served once. Who is
next follows from the strategy, and for most from his weight: his tier's, more if he was active in
the last hour, less the more he was given (counts are halved each day). Among people who wait
equally long chance decides, anew for every event.

Several events of a batch do not all go to the same people: whoever is next is given one of the
events he is eligible for, and a second only where an event has places left.
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

from typing import Final

from arbedge.choices import Focus
from arbedge.names import Kind
from notifications.choosing.eligibility_rules import HIGHEST, Mark
from notifications.choosing.strategies import ROTATION_S
from notifications.codes import Why
from notifications.names import Recipient, Strategy

ACTIVE_BOOST: Final = 1.2
ACTIVE_S: Final = 3_600
HALVED_AFTER_S: Final = 86_400.0

# Of these an event's people are those whose turn it is; of the others the strategy goes before.
_IN_TURN: Final = f"'{Strategy.BROADCAST}', '{Strategy.PRIORITY}'"
_OVER: Final = 2  # as not everybody who is next is eligible for the event that lacks people

_TECHNICAL: Final = 1 << list(Kind).index(Kind.TECHNICAL)
_FOCUSES: Final = list(Focus)
_BY_TELEGRAM: Final = f"NOT j.bundled AND j.marks & {Mark.BY_TELEGRAM.value} <> 0"
# What was given, as it counts now.
_LEFT: Final = f"0.5 ^ (extract(epoch FROM %(now)s - s.last_at) / {HALVED_AFTER_S})"
_ASKED_FOR: Final = f"""
    CASE WHEN l.asset = ANY(c.assets_in) THEN 2 ELSE 0 END
    + CASE WHEN c.kinds <> -1 AND c.kinds & l.kind <> 0 THEN 1 ELSE 0 END
    + CASE WHEN c.focus = {_FOCUSES.index(Focus.HYBRID)} OR (c.focus
        = {_FOCUSES.index(Focus.TECHNICAL)}) = (l.kind = {_TECHNICAL}) THEN 1 ELSE 0 END"""
# Before whose turn it is, and among those whose turn it is; the higher comes first.
_ABOVE_TURNS: Final = f"""CASE l.strategy
    WHEN '{Strategy.REGIONAL}' THEN (c.country = ANY(string_to_array(l.countries, ',')))::int
    WHEN '{Strategy.TIERED}' THEN c.tier ELSE 0 END"""
_WITHIN_TURNS: Final = f"""CASE l.strategy
    WHEN '{Strategy.PERSONALISED}' THEN {_ASKED_FOR} ELSE 0 END"""
_SCORE: Final = f"""CASE
    WHEN l.strategy IN ('{Strategy.ROUND_ROBIN}', '{Strategy.TIERED}') THEN -c.times
    ELSE c.weight / (1 + c.times) END"""

# `limited` are the events that cannot be for all, with how many places are left: those of its kind,
# less whoever was told; and what Telegram can carry, where more would be sent by it.
LIMITED: Final = f"""
short AS (
    SELECT sum(j.people * bit_count(j.passed::bit(64))) > %(room)s AS yes
    FROM judged j WHERE {_BY_TELEGRAM} AND j.passed <> 0
), limited AS MATERIALIZED (
    SELECT e.*, greatest(0, least(
               e.places - (SELECT count(*) FROM told t WHERE t.opportunity_id = e.opportunity_id),
               CASE WHEN short.yes THEN %(each)s::int END)) AS left_over
    FROM event e, short WHERE e.places IS NOT NULL OR short.yes
), shared AS (
    SELECT j.tier, j.bundled, j.people, j.whom, j.passed & ~b.bits AS free,
           j.passed & b.bits AS contested
    FROM judged j, LATERAL (
        SELECT coalesce(bit_or(l.bit), 0) AS bits FROM limited l
        WHERE l.places IS NOT NULL OR {_BY_TELEGRAM}) b
    WHERE j.passed <> 0
)"""
CHOSEN: Final = f"""
candidate AS MATERIALIZED (
    SELECT r.who, r.tier, r.bundled, r.contested, a.focus, a.kinds, a.assets_in, a.country,
           (%(weights)s::float8[])[1 + r.tier] * CASE
               WHEN a.seen_at > %(now)s - interval '{ACTIVE_S} seconds' THEN {ACTIVE_BOOST}
               ELSE 1 END AS weight,
           coalesce(s.times * {_LEFT}, 0) AS times,
           coalesce(s.last_at > %(now)s - interval '{ROTATION_S} seconds', false) AS served
    FROM (SELECT tier, bundled, contested, unnest(whom) AS who FROM shared
          WHERE contested <> 0) r
    LEFT JOIN accounts_audience a ON a.user_id = r.who
    LEFT JOIN notifications_served s ON s.recipient_id = abs(r.who) AND s.recipient
        = CASE WHEN r.who < 0 THEN '{Recipient.CHAT}' ELSE '{Recipient.USER}' END
), next AS (
    SELECT who, tier, bundled, contested, row_number() OVER () AS place
    FROM (
        SELECT who, tier, bundled, contested & b.bits AS contested
        FROM candidate, (SELECT bit_or(bit) AS bits FROM limited
                         WHERE strategy IN ({_IN_TURN})) b
        WHERE contested & b.bits <> 0
        ORDER BY served, weight / (1 + times) DESC, hashint8(who)
        LIMIT (SELECT {_OVER} * sum(left_over) FROM limited WHERE strategy IN ({_IN_TURN}))
    ) first
), assigned AS MATERIALIZED (
    SELECT * FROM (
        SELECT n.who, n.tier, n.bundled, one.number, one.bit, one.left_over,
               row_number() OVER (PARTITION BY one.number ORDER BY n.place) AS place
        FROM next n, LATERAL (
            SELECT l.number, l.bit, l.left_over FROM limited l WHERE n.contested & l.bit <> 0
            ORDER BY l.number OFFSET n.place %% bit_count(n.contested::bit(64)) LIMIT 1) one
    ) each WHERE place <= left_over
), missing AS (
    SELECT l.*, l.left_over - coalesce(a.people, 0) AS places_left
    FROM limited l LEFT JOIN (SELECT number, count(*) AS people FROM assigned GROUP BY number) a
        USING (number)
), chosen AS MATERIALIZED (
    SELECT number, bit, who, tier, bundled FROM assigned
    UNION ALL
    SELECT l.number, l.bit, one.who, one.tier, one.bundled
    FROM missing l CROSS JOIN LATERAL (
        SELECT c.who, c.tier, c.bundled
        FROM candidate c LEFT JOIN assigned a ON a.who = c.who
        WHERE c.contested & l.bit <> 0 AND a.number IS DISTINCT FROM l.number
        ORDER BY {_ABOVE_TURNS} DESC, c.served, {_WITHIN_TURNS} DESC, a.number IS NULL DESC,
                 {_SCORE} DESC, hashint8extended(c.who, l.message_id)
        LIMIT l.places_left
    ) one
    WHERE l.places_left > 0
), given AS (
    SELECT who, tier, bundled, bit_or(bit) AS bits, count(*) AS times
    FROM chosen GROUP BY who, tier, bundled
), served AS (
    INSERT INTO notifications_served AS s (recipient, recipient_id, times, last_at)
    SELECT CASE WHEN who < 0 THEN '{Recipient.CHAT}' ELSE '{Recipient.USER}' END, abs(who),
           times, %(now)s
    FROM given
    ON CONFLICT (recipient, recipient_id) DO UPDATE
    SET times = s.times * {_LEFT} + excluded.times, last_at = excluded.last_at
), receiver AS (
    SELECT tier, bundled, unnest(whom) AS who, free AS bits FROM shared WHERE free <> 0
    UNION ALL SELECT tier, bundled, who, bits FROM given
)"""
# What is told of everybody, less those of whom only a part was chosen.
COUNTS: Final = f"""
SELECT number, tier, why, people FROM counted
UNION ALL
SELECT number, tier, unnest(ARRAY[{Why.NOT_CHOSEN.value}, why]), unnest(ARRAY[people, -people])
FROM (
    SELECT number, tier, CASE WHEN bundled THEN {Why.FOR_DIGEST.value}
                              ELSE {Why.ELIGIBLE.value} END AS why, sum(people)::bigint AS people
    FROM (
        SELECT l.number, least(s.tier, {HIGHEST}) AS tier, s.bundled, s.people
        FROM shared s JOIN limited l ON s.contested & l.bit <> 0
        UNION ALL
        SELECT number, least(tier, {HIGHEST}), bundled, -1 FROM chosen
    ) each
    GROUP BY number, tier, bundled
) passed_over
WHERE people > 0
"""
