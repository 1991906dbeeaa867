"""Console pages of people and everything that belongs to them."""

from accounts.admin import keys, people, sessions, subscriptions, tiers

__all__ = ["keys", "people", "sessions", "subscriptions", "tiers"]
