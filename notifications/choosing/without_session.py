"""How many people cannot be told anything because they have no session, or no active account.

They are not in the audience, so matching does not meet them. Where there are many, counting takes
longer than matching: then the count is kept for half a minute.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from arbedge.names import AccountState, Role, Tier
from notifications.choosing.eligibility_rules import COLUMN_OF_TIER, HIGHEST
from notifications.codes import Why
from notifications.statements import listed

KEPT_S: Final = 30.0
FEW: Final = 50_000  # so many are counted every time

_POSITIONS: Final = ", ".join(
    f"array_position(ARRAY[{listed(known)}]::text[], {name}::text) - 1 AS {name}"
    for name, known in (("tier", Tier), ("role", Role))
)
_COUNT: Final = f"""
SELECT least({COLUMN_OF_TIER}, {HIGHEST}), barred, count(*)
FROM (
    SELECT {_POSITIONS}, u.tier_until, u.beta_until,
           u.state <> '{AccountState.ACTIVE}' AND EXISTS (
               SELECT FROM accounts_session s
               WHERE s.user_id = u.id AND s.state = 'active' AND s.expires_at > %(now)s) AS barred
    FROM accounts_user u
    WHERE NOT EXISTS (SELECT FROM accounts_audience a
                      WHERE a.user_id = u.id AND a.session_until > %(now)s)
) absent
GROUP BY 1, 2
"""  # noqa: S608

_ALL: Final = "SELECT reltuples FROM pg_class WHERE oid = 'accounts_user'::regclass"  # about


@dataclass
class _Kept:
    counts: Mapping[int, Mapping[Why, int]]
    until_s: float = 0.0  # of the monotonic clock


_kept: Final = _Kept({})


def by_tier(now: datetime) -> Mapping[int, Mapping[Why, int]]:
    """People by the rank of their tier and by reason: NO_SESSION, or ACCOUNT_STATE for whoever has
    a session but no active account. At most half a minute old where there are many."""
    if time.monotonic() < _kept.until_s:
        return _kept.counts
    counts: dict[int, dict[Why, int]] = {rank: {} for rank in range(len(Tier))}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"now": now})
        for rank, barred, people in cursor.fetchall():
            counts[rank][Why.ACCOUNT_STATE if barred else Why.NO_SESSION] = people
        cursor.execute(_ALL)
        [(everybody,)] = cursor.fetchall()
    _kept.counts = counts
    _kept.until_s = time.monotonic() + KEPT_S if everybody > FEW else 0.0
    return counts
