"""What a person subscribed to: dated rows that are added to and never overwritten."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.fields import choices, one_of
from accounts.models.user import TierSource
from arbedge.names import Tier


class Subscription(models.Model):
    """One tier for a span of time. The newest row that covers a moment is the one that holds then.

    A change of mind is a new row; a trigger refuses updates.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions"
    )
    tier = models.CharField(max_length=16, choices=choices(Tier))
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=16, choices=TierSource.choices)
    price_usd = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    note = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            one_of("tier", Tier, "subscription_tier_known"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="subscription_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(price_usd__gte=0), name="subscription_price"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="subscription_newest"),
            models.Index(fields=["ends_at"], condition=Q(ends_at__isnull=False),
                         name="subscription_ends"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.tier} from {self.starts_at:%Y-%m-%d}"
