"""Console pages of messages: who was told what, by which channel, and what did not arrive."""

from notifications.admin import addresses, deliveries, messages

__all__ = ["addresses", "deliveries", "messages"]
