"""Console pages of people and everything that belongs to them."""

from accounts.admin import (
    affiliates,
    codes,
    invitations,
    keys,
    people,
    referrals,
    second_factor,
    sessions,
    subscriptions,
    tiers,
)

__all__ = [
    "affiliates", "codes", "invitations", "keys", "people", "referrals", "second_factor",
    "sessions", "subscriptions", "tiers",
]  # fmt: skip
