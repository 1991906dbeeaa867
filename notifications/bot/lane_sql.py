"""What is asked of the table of updates while a lane is worked on: one statement a step.

Named parameters: the `lock` of lanes, the `lane`, and `now`; states below 2 are open.
"""

from __future__ import annotations

from typing import Final

LOCK: Final = 4_407_005
_FIRST: Final = """
    update_id = (
        SELECT update_id FROM notifications_botupdate
        WHERE lane = %(lane)s AND state < 2 ORDER BY update_id LIMIT 1
    ) AND state < 2 AND due_at <= %(now)s
    RETURNING update_id, sealed, state, attempts, calls, received_at, settled_at
"""
CLAIM: Final = f"""
UPDATE notifications_botupdate SET attempts = attempts + 1 WHERE {_FIRST}
"""  # noqa: S608
# Neither statement waits for the disk: a database that dies with its machine may forget that an
# update was claimed, which the flush of its effects makes up for, or that it was answered, which
# answers it once more. What an update changes is flushed before its answer is sent.
_UNHURRIED: Final = "set_config('synchronous_commit', 'off', true)"
# What another worker ended while this one came is no longer open when its row is looked at again.
TAKE: Final = f"""
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_lock(%(lock)s, hashint8(%(lane)s)) AS mine, {_UNHURRIED}
), claimed AS (
    UPDATE notifications_botupdate SET attempts = attempts + 1 FROM turn WHERE mine AND {_FIRST}
)
SELECT mine, claimed.* FROM turn LEFT JOIN claimed ON true
"""  # noqa: S608
KEEP: Final = """
UPDATE notifications_botupdate SET state = %s, calls = %s, sealed = '', settled_at = %s
WHERE update_id = %s AND state = 0 AND attempts = %s
"""
# Nothing else is open in most lanes: then the turn ends with its only update.
END: Final = f"""
WITH ended AS (
    UPDATE notifications_botupdate
    SET state = %(state)s, problem = %(problem)s, sealed = '', calls = '[]', settled_at = %(now)s
    WHERE update_id = %(number)s
), others AS MATERIALIZED (
    SELECT EXISTS (
        SELECT FROM notifications_botupdate
        WHERE lane = %(lane)s AND state < 2 AND update_id <> %(number)s
    ) AS wait
)
SELECT wait, {_UNHURRIED},
       CASE WHEN NOT wait THEN pg_advisory_unlock(%(lock)s, hashint8(%(lane)s)) END
FROM others
"""  # noqa: S608
# What ended in order was no attempt that failed.
LATER: Final = """
UPDATE notifications_botupdate
SET state = 1, sealed = '', settled_at = %s, calls = %s, due_at = %s,
    attempts = greatest(attempts - 1, 0)
WHERE update_id = %s
"""
AGAIN: Final = """
UPDATE notifications_botupdate SET due_at = %s WHERE update_id = %s AND state < 2
"""
GIVE_BACK: Final = """
SELECT pg_advisory_unlock(%(lock)s, hashint8(%(lane)s)), (
    SELECT due_at <= %(now)s FROM notifications_botupdate
    WHERE lane = %(lane)s AND state < 2 ORDER BY update_id LIMIT 1
)
"""
DUE: Final = """
SELECT lane FROM notifications_botupdate
WHERE state < 2 AND due_at <= %s AND (received_at <= %s OR due_at > received_at)
GROUP BY lane ORDER BY min(due_at) LIMIT %s
"""
