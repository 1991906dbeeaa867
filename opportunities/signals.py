"""What the lifecycle tells the floors above."""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

# Sent inside the transaction that wrote the events, with `event_ids` (list of OpportunityEvent ids)
# and `as_of_ms`. What a receiver writes is committed with them; an error of a receiver undoes both.
opportunity_events: Final = Signal()
