"""Console pages of messages: who was told what, by which channel, and what did not arrive."""

from notifications.admin import addresses, broadcasts, deliveries, distribution, messages, wording

__all__ = ["addresses", "broadcasts", "deliveries", "distribution", "messages", "wording"]
