"""What operators decide about a venue."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class VenueRecord(models.Model):
    """One venue as the console sees it: paused or not, in maintenance or not, and why."""

    name = models.SlugField(
        max_length=32, unique=True, help_text="Short name used in settings, e.g. binance."
    )
    paused = models.BooleanField(
        default=False, help_text="While set, nothing opens on this venue (reason: paused)."
    )
    paused_reason = models.CharField(
        max_length=200, blank=True, default="", help_text="Shown to people beside the pause."
    )
    paused_at = models.DateTimeField(null=True, blank=True, help_text="When it was paused (UTC).")
    maintenance_from = models.DateTimeField(
        null=True, blank=True, help_text="Start of an announced maintenance (UTC)."
    )
    maintenance_until = models.DateTimeField(
        null=True, blank=True, help_text="End of an announced maintenance (UTC)."
    )
    note = models.TextField(blank=True, default="", help_text="For operators only.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "venue"
        constraints = (
            models.CheckConstraint(
                name="venue_pause_has_a_reason",
                condition=Q(paused=False) | ~Q(paused_reason=""),
                violation_error_message="A pause needs a reason that people can read.",
            ),
            models.CheckConstraint(
                name="venue_maintenance_ends_after_it_starts",
                condition=Q(maintenance_from__isnull=True, maintenance_until__isnull=True)
                | Q(
                    maintenance_from__isnull=False,
                    maintenance_until__isnull=False,
                    maintenance_until__gt=F("maintenance_from"),
                ),
                violation_error_message="Maintenance needs a start and a later end.",
            ),
        )

    def __str__(self) -> str:
        return self.name
