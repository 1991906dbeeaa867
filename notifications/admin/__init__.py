"""Console pages of messages: who was told what, by which channel, and what did not arrive."""

from notifications.admin import (
    addresses,
    bot,
    broadcasts,
    deliveries,
    distribution,
    messages,
    wording,
)

__all__ = ["addresses", "bot", "broadcasts", "deliveries", "distribution", "messages", "wording"]
