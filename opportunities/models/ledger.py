"""The outcome ledger: opened opportunities followed on paper, and what they really paid."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from arbedge.names import Risk
from opportunities.models.legs import TwoLegs, choices, named, two_legs
from opportunities.models.opportunity import Opportunity


class Checkpoint(StrEnum):
    """When a followed trade is looked at."""

    HOUR = "1h"
    EIGHT_HOURS = "8h"
    DAY = "24h"
    HORIZON = "horizon"
    WEEK = "7d"
    CLOSE = "close"


class Standing(StrEnum):
    """How much is known of an outcome."""

    PENDING = "pending"
    SETTLED = "settled"
    NO_DATA = "no_data"


class Followed(TwoLegs):
    """A trade entered on paper at the moment it was opened.

    `shadow` rows were held back by the history gate and never opened. `paper_cost` is what entering
    and leaving costs without the gap, whose real change is counted instead.
    """

    opportunity = models.ForeignKey(
        Opportunity, models.SET_NULL, related_name="followed", null=True, db_constraint=False
    )
    shadow = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    horizon_hours = models.FloatField()
    promised_first = models.FloatField(null=True)
    promised_later = models.FloatField(null=True)
    promised_net = models.FloatField()
    paper_cost = models.FloatField()
    long_mid = models.FloatField()
    short_mid = models.FloatField(null=True)
    long_interval_hours = models.FloatField(null=True)
    short_interval_hours = models.FloatField(null=True)
    long_next_at = models.DateTimeField(null=True)
    short_next_at = models.DateTimeField(null=True)
    risk = models.CharField(max_length=8, choices=choices(Risk))
    score = models.FloatField(null=True)
    score_version = models.CharField(max_length=40, blank=True, default="")
    fee_version = models.CharField(max_length=40, blank=True, default="")
    complete = models.BooleanField(default=False, help_text="every checkpoint has its outcome")

    class Meta:
        verbose_name_plural = "followed"
        indexes = [
            models.Index(
                fields=["opened_at"], condition=Q(complete=False), name="followed_incomplete"
            ),
            models.Index(fields=["family"], name="followed_family"),
        ]
        constraints = [
            two_legs(),
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=Q(shadow=True, closed_at__isnull=True),
                name="followed_once_in_shadow",
            ),
            models.CheckConstraint(
                condition=Q(long_mid__gt=0, horizon_hours__gt=0)
                & (Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at"))),
                name="followed_is_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.family} {self.long_venue}/{self.short_venue} {self.opened_at:%F %T}"


class Outcome(models.Model):
    """What a followed trade had paid at one checkpoint; null figures are not known (yet).

    `total = settled + gap_change - cost`; success is `total >= 0`.
    """

    followed = models.ForeignKey(Followed, models.CASCADE, related_name="outcomes", db_index=False)
    checkpoint = models.CharField(max_length=8, choices=choices(Checkpoint))
    due_at = models.DateTimeField()
    status = models.CharField(
        max_length=8, choices=choices(Standing), default=Standing.PENDING.value
    )
    promised = models.FloatField()
    cost = models.FloatField()
    settled = models.FloatField(null=True, help_text="settled funding, received less paid")
    gap_change = models.FloatField(null=True)
    priced_at = models.DateTimeField(null=True, help_text="when the legs' prices were read")
    total = models.FloatField(null=True)
    success = models.BooleanField(null=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(status=Standing.PENDING.value),
                name="outcome_pending",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["followed", "checkpoint"], name="outcome_once_per_checkpoint"
            ),
            named("checkpoint", Checkpoint),
            named("status", Standing),
            models.CheckConstraint(
                condition=~Q(status=Standing.SETTLED.value)
                | Q(settled__isnull=False, gap_change__isnull=False, total__isnull=False)
                & Q(success__isnull=False),
                name="outcome_settled_has_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.followed_id} {self.checkpoint} {self.status}"
