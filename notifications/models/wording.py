"""Other wordings of a message, tried on a share of the recipients."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models.fields import choices, one_of
from arbedge.names import Channel, Language
from notifications.names import Topic


class Variant(models.Model):
    """A wording that is tried against the file's (the control), by a share of the recipients.

    Who gets which follows from the recipient's number and the test's name, so that it never
    changes while the test runs.
    """

    name = models.SlugField(max_length=40, unique=True)
    topic = models.CharField(max_length=16, choices=choices(Topic))
    channel = models.CharField(max_length=10, choices=choices(Channel))
    language = models.CharField(max_length=2, choices=choices(Language))
    body = models.TextField()
    share = models.FloatField(default=0.5, help_text="of the recipients, 0 to 1")
    active = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("topic", Topic, "variant_topic_known"),
            models.CheckConstraint(
                condition=Q(share__gte=0, share__lte=1), name="variant_share_is_a_share"
            ),
            models.UniqueConstraint(
                fields=["topic", "channel", "language"],
                condition=Q(active=True),
                name="variant_one_test_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class VariantResult(models.Model):
    """What a wording came to on one day; `variant` "control:<name>" is the file's share."""

    variant = models.CharField(max_length=48)
    day = models.DateField()
    sent = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)
    acted = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "day"], name="variant_result_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.variant} {self.day}"


class Click(models.Model):
    """A link of a delivery that was followed; each link of a delivery counts once."""

    delivery_id = models.BigIntegerField()
    link = models.CharField(max_length=24, help_text="the action's name")
    variant = models.CharField(max_length=48, blank=True, default="")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery_id", "link"], name="click_counts_once")
        ]
        indexes = [models.Index(fields=["at"], name="click_at")]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.link}"
