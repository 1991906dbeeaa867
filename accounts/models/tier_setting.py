"""What an operator changed in the tier table."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models.fields import choices, one_of
from arbedge.names import Tier


class TierSetting(models.Model):
    """One figure of one tier that differs from the table of accounts/tiers.py; empty: no cap."""

    tier = models.CharField(max_length=16, choices=choices(Tier))
    name = models.CharField(max_length=48)
    value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "change of a tier"
        verbose_name_plural = "tiers"
        constraints = [
            one_of("tier", Tier, "tier_setting_tier_known"),
            models.UniqueConstraint(fields=["tier", "name"], name="tier_setting_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tier}: {self.name}"
