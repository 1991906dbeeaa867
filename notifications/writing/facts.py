"""The facts of messages about opportunities, as SQL: figures frozen when the event was written.

Keys and units are those of opportunities.models.Opportunity; times are ISO texts in UTC, masks the
numbers they are there. `also` are the further open rows of the family, best first; `old_net` the
promise that stood before; `paper_net` what the paper trade had paid when it was last looked at;
`state` where the opportunity stood; `close_reason` names the gate after a colon.
"""
# ruff: noqa: S608  (statements are put together from this floor's own words, never from data)

from __future__ import annotations

from typing import Final

from arbedge.names import Event, State

MOST_ALSO: Final = 5

LEG: Final = (
    "venue", "symbol", "market", "rate", "interval_hours", "next_at", "bid", "ask", "age_ms",
    "fee_bps",
)  # fmt: skip
SAME: Final = (
    "fingerprint", "kind", "asset", "quote", "family", "state", "net", "net_announced",
    "net_at_size", "gross_announced", "first", "later", "k", "cost", "gap", "apr_net",
    "break_even_at", "return_on_capital", "horizon_hours", "risk", "score", "shelves", "reasons",
    "opened_at", "cohorts",
)  # fmt: skip


def _leg(side: str) -> str:
    pairs = ", ".join(f"'{name}', o.{side}_{name}" for name in LEG)
    return f"jsonb_build_object({pairs})"


# The facts of the event `e` of the opportunity `o`; `also` is the family's column of ALSO.
FACTS: Final = f"""
    jsonb_build_object(
        'opportunity_id', o.id, {", ".join(f"'{name}', o.{name}" for name in SAME)}
    ) || jsonb_build_object(
        'long', {_leg("long")},
        'short', CASE WHEN o.short_venue <> '' THEN {_leg("short")} END,
        'close_reason', CASE WHEN e.type = '{Event.CLOSED}' THEN e.reason ELSE '' END,
        'old_net', (e.old ->> 'net')::float8,
        'also', coalesce(also.pairs, '[]'::jsonb),
        'paper_net', (
            SELECT outcome.total
            FROM opportunities_followed followed
            JOIN opportunities_outcome outcome ON outcome.followed_id = followed.id
            WHERE followed.opportunity_id = o.id AND NOT followed.shadow
              AND outcome.total IS NOT NULL
            ORDER BY outcome.due_at DESC LIMIT 1)
    )
"""
# The further open rows of each family that the query names in `families`.
ALSO: Final = f"""
    SELECT family, jsonb_agg(
        jsonb_build_object('long_venue', long_venue, 'short_venue', short_venue, 'net', net)
        ORDER BY place) AS pairs
    FROM (
        SELECT family, long_venue, short_venue, net,
               row_number() OVER (PARTITION BY family ORDER BY net DESC, id) AS place
        FROM opportunities_opportunity
        WHERE state = '{State.OPEN}' AND NOT best AND family IN (SELECT family FROM families)
    ) others
    WHERE place <= {MOST_ALSO}
    GROUP BY family
"""
