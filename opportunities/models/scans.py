"""What a scan saw before anything opened: its counts, its sightings and its near misses."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from opportunities.models.legs import TwoLegs, two_legs


class ScanRecord(models.Model):
    """One scan: when, how long it took, and how many candidates each gate held back."""

    as_of = models.DateTimeField(unique=True)
    took_ms = models.FloatField(default=0)
    counts = models.JSONField(default=dict, help_text="candidates held back, by reason code")
    candidates = models.PositiveIntegerField(default=0)
    live = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    versions = models.JSONField(default=dict, help_text="fee schedule, policy and score in force")

    def __str__(self) -> str:
        return f"scan {self.as_of:%F %T}"


class Sighting(models.Model):
    """A candidate at or above its threshold that is not open yet."""

    fingerprint = models.CharField(max_length=32, primary_key=True)
    seen = models.PositiveSmallIntegerField(help_text="observations in a row")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    long_venue = models.CharField(max_length=32)
    short_venue = models.CharField(max_length=32, blank=True, default="")
    long_next_at = models.DateTimeField(null=True, help_text="next settlement")
    short_next_at = models.DateTimeField(null=True, help_text="next settlement")
    shadowed = models.BooleanField(default=False, help_text="already followed in shadow")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(seen__gte=1, last_at__gte=F("first_at")),
                name="sighting_is_sane",
            )
        ]

    def __str__(self) -> str:
        return f"{self.fingerprint} seen {self.seen}"


class NearMiss(TwoLegs):
    """A candidate that came close, and what kept it back."""

    best_net = models.FloatField()
    last_net = models.FloatField()
    threshold = models.FloatField()
    reasons = models.BigIntegerField(help_text="bit mask of names.Reason")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        verbose_name_plural = "near misses"
        indexes = [models.Index(fields=["last_seen"], name="near_miss_last_seen")]
        constraints = [
            two_legs(),
            models.UniqueConstraint(fields=["fingerprint"], name="near_miss_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.asset} {self.last_net:.6f}"
