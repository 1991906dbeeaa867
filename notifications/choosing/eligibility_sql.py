"""The matching of people with what is due, as one statement.

`person` has a row for everybody the tiers of the batch reach: for every rule the events that it
lets through, as bits. People with equal bits make a `crowd`, which is judged as one: the first rule
that stops an event is its reason. Only the crowds' numbers are looked at again to write, and the
audience is read once, whatever the number of events.

Sums of people are exact, and the statement says the same for one person (`who`) as for all.
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from arbedge.names import Role, Tier
from notifications.choosing.eligibility_rules import (
    ASKED_BY,
    COLUMN_OF_TIER,
    FOR_DIGEST,
    HIGHEST,
    MARKS,
    OPEN,
    OPENED,
    RULES,
)
from notifications.codes import Why
from notifications.names import ARRIVED, WAITING
from notifications.statements import listed

BEGINNERS: Final = 7  # shelves of whoever chose none
_TOLD: Final = listed((*WAITING, *ARRIVED))

EVENT: Final = """
event AS MATERIALIZED (
    SELECT * FROM unnest(
        %(numbers)s::int[], %(bits)s::bigint[], %(messages)s::bigint[], %(facts_of)s::bigint[],
        %(topics)s::text[], %(priorities)s::smallint[], %(expiries)s::timestamptz[],
        %(opportunities)s::bigint[], %(early_us)s::int[], %(shifts_long)s::int[],
        %(shifts_short)s::int[], %(rows)s::bigint[], %(kind_bits)s::int[],
        %(assets)s::text[], %(places)s::int[], %(strategies)s::text[], %(countries)s::text[]
    ) AS e (number, bit, message_id, facts_of_id, topic, priority, expires_at, opportunity_id,
            early_us, shift_long, shift_short, rows, kind, asset, places, strategy, countries)
)"""

# Whom the batch may be for, people and chats in the same columns; chats have negative numbers.
_PEOPLE: Final = """
    SELECT user_id AS who, session_until, tier_until, beta_until, venues, keys, vip_levels,
           min_net, min_apr, min_confidence, notional_usd, kinds, shelves, tier, role, max_risk,
           horizon_hours, notices, frequency, active_from_min, active_to_min, quiet_from_min,
           quiet_to_min, quiet_to_digest, executable_only, ai_key, country, zone,
           channels, assets_in, assets_out, false AS barred, false AS paused
    FROM accounts_audience
"""
_CHATS: Final = f"""
    SELECT -c.id, 'infinity'::timestamptz, u.tier_until, u.beta_until,
           coalesce(c.venues, -1), 0::bigint, 0::bigint,
           c.min_net, '-Infinity'::float8, 0::float8, c.notional_usd, coalesce(c.kinds, -1),
           coalesce(c.shelves, {BEGINNERS}),
           (array_position(ARRAY[{listed(Tier)}]::text[], u.tier::text) - 1)::smallint,
           (array_position(ARRAY[{listed(Role)}]::text[], u.role::text) - 1)::smallint,
           3::smallint, c.horizon_hours, {OPENED}::smallint, 0::smallint, NULL::smallint,
           NULL::smallint, NULL::smallint, NULL::smallint, false, false, false, u.country, c.zone,
           CASE WHEN c.gone = '' THEN '{{0}}'::smallint[] ELSE '{{}}' END,
           NULL::varchar[], NULL::varchar[], u.state <> 'active', c.paused
    FROM notifications_chat c JOIN accounts_user u ON u.id = c.registered_by_id
"""

# The events in falling order of their figures for every cohort there is, with the bits up to each.
_COHORT: Final = """
economics AS (
    SELECT notional_usd, horizon_hours, vip_levels
    FROM unnest(%(notionals)s::int[]) AS n (notional_usd),
         unnest(%(horizons)s::smallint[]) AS h (horizon_hours),
         (SELECT 0::bigint AS vip_levels UNION
          SELECT vip_levels FROM accounts_audience WHERE vip_levels <> 0) v
    UNION SELECT notional_usd, horizon_hours, 0 FROM notifications_chat
), cohort AS MATERIALIZED (
    SELECT notional_usd, horizon_hours, vip_levels,
           array_agg(-pays ORDER BY pays DESC) AS nets,
           array_agg(net_bits ORDER BY pays DESC) AS net_bits,
           array_agg(-apr ORDER BY apr DESC) AS aprs,
           array_agg(apr_bits ORDER BY apr DESC) AS apr_bits
    FROM (
        SELECT own.*, bit_or(bit) OVER (PARTITION BY notional_usd, horizon_hours, vip_levels
                                        ORDER BY pays DESC) AS net_bits,
               bit_or(bit) OVER (PARTITION BY notional_usd, horizon_hours, vip_levels
                                 ORDER BY apr DESC) AS apr_bits
        FROM (
            SELECT c.*, e.bit, coalesce(f.pays, e.pays) AS pays,
                   coalesce(f.apr, e.apr, 'Infinity') AS apr
            FROM economics c
            CROSS JOIN (SELECT * FROM event JOIN unnest(%(own_pays)s::float8[],
                %(own_aprs)s::float8[]) WITH ORDINALITY AS o (pays, apr, place)
                ON o.place = event.number + 1) e
            LEFT JOIN figure f ON f.number = e.number AND f.notional = c.notional_usd
                AND f.horizon = c.horizon_hours
                AND f.level = e.rows >> (4 * least(
                    9, c.vip_levels >> e.shift_long & 15, c.vip_levels >> e.shift_short & 15
                ))::int & 15
        ) own
    ) ranked
    GROUP BY notional_usd, horizon_hours, vip_levels
)"""
_FIGURE: Final = """
figure AS MATERIALIZED (
    SELECT * FROM unnest(
        %(cell_numbers)s::int[], %(cell_horizons)s::smallint[], %(cell_levels)s::bigint[],
        %(cell_notionals)s::int[], %(cell_pays)s::float8[], %(cell_aprs)s::float8[]
    ) AS f (number, horizon, level, notional, pays, apr)
)"""
# Who was told of these opportunities already or will be: by the queue, the log and the digests.
TOLD: Final = f"""
    SELECT opportunity_id, recipient, recipient_id FROM notifications_delivery
    WHERE opportunity_id = ANY(%(opportunities)s::bigint[]) AND state IN ({_TOLD})
    UNION ALL
    SELECT opportunity_id, recipient, recipient_id FROM notifications_deliverylog
    WHERE opportunity_id = ANY(%(opportunities)s::bigint[]) AND state IN ({_TOLD})
      AND settled_at >= (SELECT min(created_at) FROM notifications_message
                         WHERE opportunity_id = ANY(%(opportunities)s::bigint[]))
    UNION ALL
    SELECT m.opportunity_id, d.recipient, d.recipient_id
    FROM notifications_message m JOIN notifications_digestitem d ON d.message_id = m.id
    WHERE m.opportunity_id = ANY(%(opportunities)s::bigint[])
"""
_EXCEPTION: Final = f"""
told AS ({TOLD}), exception AS (
    SELECT who, bit_or(cooling) AS cooling, bit_or(told) AS told
    FROM (
        SELECT who, bits AS cooling, 0::bigint AS told
        FROM unnest(%(cool_ids)s::bigint[], %(cool_bits)s::bigint[]) AS c (who, bits)
        UNION ALL
        SELECT CASE recipient WHEN 'chat' THEN -recipient_id ELSE recipient_id END, 0, e.bit
        FROM told JOIN event e USING (opportunity_id)
    ) each
    GROUP BY who
)"""
# What is compared as it is, in one number: tier, kinds, shelves, risk and marks.
_PLAIN: Final = """(({tier})::bigint | ((a.kinds & %(kinds_due)s)::bigint << 3)
           | ((a.shelves & %(shelves_due)s)::bigint << 7) | (a.max_risk::bigint << 17)
           | (({marks})::bigint << 19))"""
_UNPACKED: Final = """(plain & 7)::int AS tier, (plain >> 3 & 15)::int AS kinds,
           (plain >> 7 & 1023)::int AS shelves, (plain >> 17 & 3)::int AS max_risk,
           (plain >> 19)::int AS marks"""
_PERSON: Final = """
    SELECT a.who, {plain} AS plain,
           CASE WHEN a.venues = -1 THEN %(every)s::bigint ELSE {venues} END AS venues,
           CASE WHEN a.assets_in IS NULL THEN %(every)s::bigint ELSE {assets_in} END
           & CASE WHEN a.assets_out IS NULL THEN %(every)s::bigint
                  ELSE %(every)s::bigint & ~({assets_out}) END AS assets,
           coalesce(c.net_bits[width_bucket(-a.min_net, c.nets)], 0) AS net,
           coalesce(c.apr_bits[width_bucket(-a.min_apr, c.aprs)], 0) AS apr,
           (%(confidence_bits)s::bigint[])[1 + width_bucket(
               -a.min_confidence, %(confidence_figures)s::float8[])] AS confidence,
           CASE WHEN a.executable_only THEN {keys} ELSE %(every)s::bigint END AS keys,
           {seldom}
    FROM ({asked}) a
    LEFT JOIN cohort c USING (notional_usd, horizon_hours, vip_levels)
    {exceptions}
    WHERE a.session_until > %(now)s {due}
"""
_DUE: Final = "AND (%(open)s::bigint[])[1 + ({tier})] <> 0"
_EXCEPTIONS: Final = "LEFT JOIN exception x ON x.who = a.who"
# Columns of rules that seldom stop anybody; they are left away where they cannot.
_SELDOM: Final = {
    Why.COOLDOWN: ("cooling", "coalesce(x.cooling, 0)"),
    Why.TOLD_ALREADY: ("told", "coalesce(x.told, 0)"),
    Why.REGION_BLOCKED: ("region", "coalesce((%(regions)s::jsonb ->> a.country)::bigint, 0)"),
}
_OF_CROWD: Final = ("plain", "venues", "assets", "net", "apr", "confidence", "keys")


def statement(
    venues: Sequence[tuple[int, int]],
    assets: Sequence[tuple[str, int]],
    *,
    ending: str,
    idle: AbstractSet[Why] = frozenset(),
    every_tier: bool = False,
    only: str = "",
) -> tuple[str, dict[str, str]]:
    """The whole statement, and the coins it names as parameters.

    `ending` goes on after the CTEs `event`, `judged` and `counted`. `idle` are rules that can stop
    nobody in this batch; `every_tier` tells whether something is due for every tier; `only` is a
    condition on `who`.
    """
    rules = {why: sql for why, sql in RULES.items() if why not in idle}
    asked = f"{_narrowed(_PEOPLE, 'user_id', only)} UNION ALL {_narrowed(_CHATS, '-c.id', only)}"
    coins = {f"coin{place}": coin for place, (coin, _) in enumerate(assets)}
    named = [(name, bits) for name, (_, bits) in zip(coins, assets, strict=True)]
    seldom = [column for why, column in _SELDOM.items() if why in rules]
    person = _PERSON.format(
        plain=_PLAIN.format(tier=COLUMN_OF_TIER, marks=_marks(idle)),
        venues=_venues("venues", venues),
        keys=_venues("keys", venues),
        assets_in=_coins("assets_in", named),
        assets_out=_coins("assets_out", named),
        seldom=", ".join([f"{sql} AS {name}" for name, sql in seldom] or ["0 AS nothing"]),
        asked=asked,
        exceptions="" if {Why.COOLDOWN, Why.TOLD_ALREADY} <= idle else _EXCEPTIONS,
        due="" if every_tier else _DUE.format(tier=COLUMN_OF_TIER),
    )
    columns = ", ".join([*_OF_CROWD, *(name for name, _ in seldom)])
    text = f"""
WITH {EVENT}, {_FIGURE}, {_COHORT}, {_EXCEPTION},
crowd AS MATERIALIZED (
    SELECT {columns}, {_UNPACKED}, count(*) AS people, array_agg(who) AS whom
    FROM ({person}) p
    GROUP BY {columns}
), judged AS MATERIALIZED ({_judged(rules)}), {_counted(rules)}
{ending}
"""
    return text, coins


def _marks(idle: AbstractSet[Why]) -> str:
    asked = [(mark, sql) for mark, sql in MARKS.items() if ASKED_BY.get(mark) not in idle]
    return " + ".join(f"CASE WHEN {sql} THEN {mark.value} ELSE 0 END" for mark, sql in asked)


def _narrowed(rows: str, number: str, only: str) -> str:
    if not only:
        return rows
    return f"{rows} WHERE {number} {only}"


def _venues(column: str, terms: Sequence[tuple[int, int]]) -> str:
    return " | ".join(
        f"CASE WHEN a.{column} & {venues} = {venues} THEN {bits}::bigint ELSE 0 END"
        for venues, bits in terms
    )


def _coins(column: str, terms: Sequence[tuple[str, int]]) -> str:
    return " | ".join(
        f"CASE WHEN %({name})s = ANY(a.{column}) THEN {bits}::bigint ELSE 0 END"
        for name, bits in terms
    )


def _judged(rules: Mapping[Why, str]) -> str:
    """Each rule's bits of every crowd, `passed` those of all rules together."""
    columns = ", ".join(f"({sql}) AS r{why.value}" for why, sql in rules.items())
    passed = " & ".join(["due", *(f"r{why.value}" for why in rules)])
    return f"""
    SELECT *, {passed} AS passed FROM (
        SELECT p.tier, p.marks, p.people, p.whom, {OPEN} AS due, {columns},
               {FOR_DIGEST} AS bundled
        FROM crowd p OFFSET 0) p
    """


def _counted(rules: Mapping[Why, str]) -> str:
    """People by event, tier (the admins' as the highest) and reason: the first rule that stops."""
    bits, before = [], ["due"]
    for why in rules:
        bits.append(f"{' & '.join(before)} & ~r{why.value}")
        before.append(f"r{why.value}")
    bits += [f"CASE WHEN bundled THEN {one} END" for one in ("passed ELSE 0", "0 ELSE passed")]
    whys = ", ".join(str(why.value) for why in (*rules, Why.FOR_DIGEST, Why.ELIGIBLE))
    return f"""
reason AS (
    SELECT least(tier, {HIGHEST}) AS tier, why, bits, sum(people) AS people
    FROM (
        SELECT tier, people, unnest(ARRAY[{whys}]) AS why, unnest(ARRAY[{", ".join(bits)}]) AS bits
        FROM judged
    ) v
    WHERE bits <> 0
    GROUP BY 1, 2, 3
), counted AS (
    SELECT e.number, r.tier, r.why, sum(r.people)::bigint AS people
    FROM reason r JOIN event e ON r.bits & e.bit <> 0
    GROUP BY e.number, r.tier, r.why
)"""
