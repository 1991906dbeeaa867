"""What upper floors may listen to about people. All are sent inside the writing transaction, so
that a receiver's rows are there exactly when the change is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.dispatch import Signal

from arbedge.names import Tier


@dataclass(frozen=True, slots=True)
class TierChange:
    """The tier that counts for a person became another one; `until` is when it ends, if ever."""

    user_id: int
    before: Tier
    after: Tier
    until: datetime | None
    why: str  # granted | tier_ended | beta_granted | beta_ended


tier_changed: Final = Signal()  # brings `changes`, a list of TierChange
role_changed: Final = Signal()  # brings `user_id` and the new `role`
state_changed: Final = Signal()  # brings `user_ids`, the new `state`, `by` (may be None), `now`
