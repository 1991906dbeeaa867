"""The queue of deliveries: what workers and operators do with it.

A row is claimed with a token and a lease, and settled by that token: `sent`, tried again later, on
the recipient's next channel, or ended. A worker that dies tells nothing; its rows are free again
when the lease has run out, and at most what it had sent and not yet told is sent twice.
"""

from __future__ import annotations

from notifications.sending.claims import LEASE, claim, is_due, next_due, release_lapsed
from notifications.sending.replaying import replay
from notifications.sending.rows import Batch, Claimed, Ended, Settled, Try
from notifications.sending.settling import Told, put_back, settle

__all__ = [
    "LEASE", "Batch", "Claimed", "Ended", "Settled", "Told", "Try", "claim", "is_due",
    "next_due", "put_back", "release_lapsed", "replay", "settle",
]  # fmt: skip
