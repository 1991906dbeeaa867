"""Funding that was really paid."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from exchanges.models.instruments import Instrument


class SettledFunding(models.Model):
    """One settlement of one perpetual: the rate really exchanged, never an announced one."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="settled")
    settled_at = models.DateTimeField(help_text="When it was exchanged (UTC).")
    rate = models.DecimalField(
        max_digits=18,
        decimal_places=12,
        help_text="Fraction per settlement (0.0001 = 0.01 %); a long pays a positive one.",
    )

    class Meta:
        ordering = ("-settled_at", "instrument")
        verbose_name = "settled funding"
        verbose_name_plural = "settled funding"
        constraints = (
            models.UniqueConstraint(
                name="funding_settles_once", fields=("instrument", "settled_at")
            ),
            models.CheckConstraint(
                name="funding_rate_is_a_fraction", condition=Q(rate__gt=-1, rate__lt=1)
            ),
        )
        indexes = (models.Index(name="funding_by_time", fields=("-settled_at",)),)

    def __str__(self) -> str:
        return f"{self.instrument} {self.settled_at:%Y-%m-%d %H:%M} {self.rate}"
