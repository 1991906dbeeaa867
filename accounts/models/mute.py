"""Coins and venues a person does not want to hear of, for some hours or for good."""

from __future__ import annotations

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.fields import choices, one_of


class Muted(StrEnum):
    """What can be muted."""

    COIN = "coin"
    VENUE = "venue"


class Mute(models.Model):
    """One thing a person muted; without an end it is for good.

    The preferences say what is hidden: this row says until when, and what its end gives back.
    `took`: it was wanted until then, so its end shows it again. `from_all`: every venue was
    wanted, those to come too.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mutes")
    what = models.CharField(max_length=8, choices=choices(Muted))
    name = models.CharField(max_length=20)
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    took = models.BooleanField()
    from_all = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "what", "name"], name="mute_one_of_a_thing"),
            one_of("what", Muted, "mute_of_known_kind"),
            models.CheckConstraint(condition=~Q(name=""), name="mute_of_something"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="mute_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(from_all=False) | Q(what=Muted.VENUE.value, took=True),
                name="mute_from_all_took_a_venue",
            ),
        ]
        indexes = [
            models.Index(fields=["until"], condition=Q(until__isnull=False), name="mute_until"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.name}"
