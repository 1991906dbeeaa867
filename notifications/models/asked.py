"""What people and operators ask for: triggers, digests, broadcasts, ways to distribute."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models.fields import choices, one_of
from arbedge.names import Kind
from notifications.models.message import Message
from notifications.names import BroadcastState, Recipient, Strategy, TriggerKind


class AlertTrigger(models.Model):
    """Something a person has watched: `subject` is a coin, pair or venue, `level` in its unit.

    Fires at most once in five minutes and ten times an hour (`fired` times since `hour_began`),
    and only when the level is crossed: `armed` once the figure was seen short of it. What is told
    of a person's own money is compared with `base` (USDT); `seen` is the last figure read there,
    and `problem` says why there was none.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="triggers")
    kind = models.CharField(max_length=16, choices=choices(TriggerKind))
    subject = models.CharField(max_length=80)
    venue = models.CharField(max_length=32, blank=True, default="")
    level = models.FloatField(null=True)
    label = models.CharField(max_length=60, blank=True, default="")
    active = models.BooleanField(default=True)
    armed = models.BooleanField(default=True)
    fired_at = models.DateTimeField(null=True)
    hour_began = models.DateTimeField(null=True)
    fired = models.PositiveSmallIntegerField(default=0)
    base = models.FloatField(null=True, help_text="worth of the account when it was set, USDT")
    seen = models.FloatField(null=True, help_text="worth of the account when last read, USDT")
    seen_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            one_of("kind", TriggerKind, "trigger_kind_known"),
            models.UniqueConstraint(
                fields=["user", "kind", "subject", "venue", "level"],
                nulls_distinct=False,
                name="trigger_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "subject"], condition=Q(active=True), name="trigger_watching"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.level}"


class DigestItem(models.Model):
    """A message that waits to be bundled for a recipient until `due_at`."""

    recipient = models.CharField(max_length=4, choices=choices(Recipient))
    recipient_id = models.BigIntegerField()
    message = models.ForeignKey(Message, models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "recipient_id", "message"], name="digest_item_once"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="digest_item_due"),
            models.Index(fields=["message"], name="digest_item_of_message"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} for {self.recipient} {self.recipient_id}"


class Broadcast(models.Model):
    """A text from the operators to a segment of the people; written out in steps, stoppable."""

    title = models.CharField(max_length=120)
    texts = models.JSONField(default=dict, help_text="language: text; English must be there")
    segment = models.JSONField(default=dict)
    state = models.CharField(
        max_length=8, choices=choices(BroadcastState), default=BroadcastState.DRAFT.value
    )
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    tested_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reached_id = models.BigIntegerField(default=0, help_text="the last person written out")
    people = models.PositiveIntegerField(default=0, help_text="in the segment when it began")
    written = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [one_of("state", BroadcastState, "broadcast_state_known")]

    def __str__(self) -> str:
        return self.title


class Distribution(models.Model):
    """How opportunities of a kind are shared out; a kind without a row is for all who are eligible.

    `participants` is the most people one opportunity is told to where capacity is limited; empty
    is no limit. `countries` are those the regional strategy serves first.
    """

    kind = models.CharField(max_length=16, choices=choices(Kind), unique=True)
    strategy = models.CharField(
        max_length=12, choices=choices(Strategy), default=Strategy.BROADCAST.value
    )
    participants = models.PositiveIntegerField(null=True, blank=True)
    countries = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            one_of("strategy", Strategy, "distribution_strategy_known"),
            one_of("kind", Kind, "distribution_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.strategy}"


class Served(models.Model):
    """How much a recipient was given of what could not be for all, for the fairness of the next."""

    recipient = models.CharField(max_length=4, choices=choices(Recipient))
    recipient_id = models.BigIntegerField()
    times = models.FloatField(default=0, help_text="halved each day")
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "served"
        constraints = [
            models.UniqueConstraint(fields=["recipient", "recipient_id"], name="served_once")
        ]

    def __str__(self) -> str:
        return f"{self.recipient} {self.recipient_id}: {self.times:.1f}"
