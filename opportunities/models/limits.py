"""What an operator set for limits, and which profile is in force."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from arbedge.errors import BadSetting
from arbedge.names import Kind, Profile
from opportunities import limits

PROFILES: Final = [(profile.value, profile.value) for profile in Profile]
KINDS: Final = [(kind.value, kind.value) for kind in (Kind.FUNDING, Kind.SPOT, Kind.BASIS)]
MEASURES: Final = [("net", "net"), ("net_announced", "net announced")]


class LimitProfile(models.Model):
    """A set of limits; exactly one is in force."""

    name = models.CharField(max_length=16, choices=PROFILES, unique=True)
    active = models.BooleanField(default=False, help_text="In force from the next scan on.")
    measure_funding = models.CharField(max_length=16, choices=MEASURES, default="net")
    measure_spot = models.CharField(max_length=16, choices=MEASURES, default="net")
    measure_basis = models.CharField(max_length=16, choices=MEASURES, default="net")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=Q(active=True), name="one_profile_in_force"
            ),
            models.CheckConstraint(
                condition=Q(name__in=[name for name, _ in PROFILES]), name="profile_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (in force)" if self.active else self.name


class LimitSetting(models.Model):
    """A limit's value where it differs from the default; empty kind, venue or symbol means all."""

    profile = models.ForeignKey(LimitProfile, on_delete=models.CASCADE, related_name="settings")
    name = models.CharField(max_length=32, help_text="Which limit (opportunities.limits).")
    kind = models.CharField(max_length=16, choices=KINDS, blank=True, default="")
    venue = models.CharField(max_length=32, blank=True, default="")
    symbol = models.CharField(max_length=80, blank=True, default="", help_text="Needs a venue.")
    value = models.FloatField(help_text="Fractions as fractions: 0.0015 is 15 bp. Hours, seconds.")
    note = models.CharField(max_length=200, blank=True, default="", help_text="Why.")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["profile", "name", "kind", "venue", "symbol"]
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "name", "kind", "venue", "symbol"], name="one_value_per_aim"
            ),
            models.CheckConstraint(
                condition=Q(symbol="") | ~Q(venue=""), name="symbol_needs_venue"
            ),
        ]

    def __str__(self) -> str:
        aim = " ".join(part for part in (self.kind, self.venue, self.symbol) if part)
        return f"{self.name} {aim}".strip() + f" = {self.value:g}"

    def clean(self) -> None:
        """Refuse a value outside the limit's bounds."""
        try:
            limits.LIMITS[self.name].check(self.value, aimed=bool(self.venue or self.symbol))
        except (KeyError, BadSetting) as error:
            raise ValidationError({"value": str(error)}) from error
