"""Whether coins can move in and out of a venue."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class NetworkStatus(models.Model):
    """One coin's network on one venue as last answered. What is not known is empty, never open."""

    venue = models.CharField(max_length=32)
    coin = models.CharField(max_length=48)
    chain = models.CharField(max_length=64, help_text="As the venue writes it.")
    contract = models.CharField(
        max_length=160,
        blank=True,
        default="",
        help_text="Contract address; empty for a native coin.",
    )
    can_deposit = models.BooleanField(null=True, blank=True, help_text="Empty: unknown.")
    can_withdraw = models.BooleanField(null=True, blank=True, help_text="Empty: unknown.")
    withdraw_fee = models.DecimalField(
        max_digits=38, decimal_places=18, null=True, blank=True, help_text="In coins."
    )
    observed_at = models.DateTimeField(help_text="When the venue said so (UTC).")

    class Meta:
        ordering = ("coin", "venue", "chain")
        verbose_name = "network status"
        verbose_name_plural = "network status"
        constraints = (
            models.UniqueConstraint(
                name="network_is_one_per_coin", fields=("venue", "coin", "chain")
            ),
            models.CheckConstraint(
                name="network_fee_is_not_negative",
                condition=Q(withdraw_fee__isnull=True) | Q(withdraw_fee__gte=0),
            ),
            models.CheckConstraint(
                name="network_names_are_not_empty",
                condition=~Q(venue="") & ~Q(coin="") & ~Q(chain=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.coin} on {self.venue} by {self.chain}"
