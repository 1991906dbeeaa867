"""One message to one recipient: the queue, the attempts beneath it, and the log of what ended."""

from __future__ import annotations

import uuid
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models.fields import choices, one_of
from arbedge.names import Channel
from notifications.models.message import Message
from notifications.names import SETTLED, DeliveryState, Outcome, Recipient

ENDED: Final = [state.value for state in SETTLED]


class Told(models.Model):
    """What queue and log both know: who is told what, how, and what became of it.

    `facts_of` is the message whose figures are told (a pending opening takes those of an
    improvement). `items` are the messages a digest bundles. The recipient's cohort, language and
    zone are those of the moment he was found eligible, so that he is told by what he was matched
    by. `channels` are numbers of names.CHANNELS, `place` the one being tried. `refs` maps a
    channel to the provider's id of the message, for edits and answers.
    """

    message_id: int
    recipient = models.CharField(max_length=4, choices=choices(Recipient))
    recipient_id = models.BigIntegerField(help_text="user, or notifications.Chat")
    topic = models.CharField(max_length=16)
    opportunity_id = models.BigIntegerField(null=True)
    opening_id = models.BigIntegerField(null=True, help_text="the opening's delivery")
    items = ArrayField(models.BigIntegerField(), null=True)
    state = models.CharField(
        max_length=10, choices=choices(DeliveryState), default=DeliveryState.PENDING.value
    )
    code = models.CharField(max_length=32, blank=True, default="", help_text="why it ended so")
    priority = models.SmallIntegerField()
    tier = models.SmallIntegerField()
    silent = models.BooleanField(default=False)
    counted = models.BooleanField(default=False, help_text="whether limits apply")
    language = models.CharField(max_length=2, default="en")
    zone = models.CharField(max_length=64, default="UTC")
    notional_usd = models.IntegerField(default=1000)
    horizon_hours = models.SmallIntegerField(default=72)
    vip_levels = models.BigIntegerField(default=0)
    leverage = models.FloatField(default=2)
    channels = ArrayField(models.SmallIntegerField())
    place = models.SmallIntegerField(default=0)
    to_all = models.BooleanField(default=False, help_text="every channel, not the first that works")
    attempts = models.SmallIntegerField(default=0, help_text="claims on the present channel")
    refs = models.JSONField(default=dict)
    variant = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Delivery(Told):
    """The queue: rows that wait or are being sent, and for a short while those that have ended.

    `channel` repeats the number at `place`, for workers of one kind of channel. A row is claimed
    by a token with a lease; `unended` counts claims that never ended: after two the row is claimed
    alone, after five it is dead.
    """

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries", db_index=False)
    # Unchecked, for fan-outs insert by the million: a message is pruned when no row tells of it.
    facts_of = models.ForeignKey(
        Message, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    channel = models.SmallIntegerField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    unended = models.SmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["message", "recipient", "recipient_id"], name="delivery_once"
            ),
            one_of("state", DeliveryState, "delivery_state_known"),
            one_of("recipient", Recipient, "delivery_recipient_known"),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.SENDING.value, token__isnull=False)
                & Q(lease_until__isnull=False)
                | ~Q(state=DeliveryState.SENDING.value) & Q(token__isnull=True),
                name="delivery_is_held_by_a_token_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, settled_at__isnull=False)
                | ~Q(state__in=ENDED) & Q(settled_at__isnull=True),
                name="delivery_settled_at_when_settled",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "priority", "-tier", "due_at", "id"],
                condition=Q(state=DeliveryState.PENDING.value),
                name="delivery_to_claim",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(state=DeliveryState.SENDING.value),
                name="delivery_lease",
            ),
            models.Index(
                fields=["opportunity_id", "recipient", "recipient_id"],
                condition=Q(opportunity_id__isnull=False),
                name="delivery_of_opportunity",
            ),
            models.Index(
                fields=["settled_at"],
                condition=Q(settled_at__isnull=False),
                name="delivery_to_move",
            ),
            models.Index(fields=["recipient", "recipient_id", "-id"], name="delivery_of_recipient"),
            models.Index(
                fields=["opening_id"],
                condition=Q(opening_id__isnull=False),
                name="delivery_after_opening",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} to {self.recipient} {self.recipient_id}: {self.state}"


class DeliveryLog(Told):
    """Settled deliveries, moved here from the queue; partitioned by the day of `settled_at`.

    `id` is the delivery's. The table is made by SQL: its primary key is (id, settled_at).
    """

    id = models.BigIntegerField(primary_key=True)
    message_id = models.BigIntegerField()
    facts_of_id = models.BigIntegerField()
    channel = models.SmallIntegerField()
    due_at = models.DateTimeField()

    class Meta:
        verbose_name = "delivery that ended"
        verbose_name_plural = "deliveries that ended"
        managed = False
        db_table = "notifications_deliverylog"

    def __str__(self) -> str:
        return f"{self.topic} to {self.recipient} {self.recipient_id}: {self.state}"


class Attempt(models.Model):
    """One try on one channel; partitioned by the day of `at`, made by SQL as the log is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    delivery_id = models.BigIntegerField()
    recipient = models.CharField(max_length=4, choices=choices(Recipient))
    recipient_id = models.BigIntegerField()
    address_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=10, choices=choices(Channel))
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=choices(Outcome))
    code = models.CharField(max_length=32, blank=True, default="")
    detail = models.CharField(max_length=200, blank=True, default="")
    provider_id = models.CharField(max_length=120, blank=True, default="")
    took_ms = models.FloatField(default=0)

    class Meta:
        managed = False
        db_table = "notifications_attempt"

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.channel} {self.outcome} {self.code}"
