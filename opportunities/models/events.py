"""What happened to an opportunity, and how its figures moved."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from arbedge.names import Event
from opportunities.models.legs import choices, named
from opportunities.models.opportunity import Opportunity


class OpportunityEvent(models.Model):
    """One change of an opportunity, with the figures before and after it.

    `old` is the promise that stood, `new` the figures now; `silent` events are not for people.
    """

    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="events", db_index=False
    )
    type = models.CharField(max_length=12, choices=choices(Event))
    at = models.DateTimeField()
    old = models.JSONField(null=True)
    new = models.JSONField()
    reason = models.CharField(max_length=80, blank=True, default="")
    silent = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["opportunity", "at"], name="event_of_opportunity"),
            BrinIndex(fields=["at"], autosummarize=True, name="event_at"),
        ]
        constraints = [named("type", Event)]

    def __str__(self) -> str:
        return f"{self.type} {self.opportunity_id} {self.at:%F %T}"


class Figure(models.Model):
    """A point of an opportunity's chart: a change of 1 bp or more, at most one a minute."""

    pk = models.CompositePrimaryKey("opportunity_id", "at")
    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, related_name="history", db_index=False, db_constraint=False
    )
    at = models.DateTimeField()
    net = models.FloatField()
    net_announced = models.FloatField(null=True)
    measured = models.FloatField()
    cost = models.FloatField(null=True)
    gap = models.FloatField(null=True)
    long_rate = models.FloatField(null=True)
    short_rate = models.FloatField(null=True)

    class Meta:
        indexes = [BrinIndex(fields=["at"], autosummarize=True, name="figure_at")]

    def __str__(self) -> str:
        return f"{self.opportunity_id} {self.at:%F %T} {self.net:.6f}"
