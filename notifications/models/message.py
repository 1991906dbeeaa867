"""What is to be told, and to which tier when: the outbox's first half."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models.fields import choices, one_of
from notifications.names import Priority, SliceState, Topic


class Message(models.Model):
    """One thing to tell, neutral of channel, language and recipient; its text is made of `facts`.

    A message about an opportunity has the event that caused it (each event once) and, for
    follow-ups, the `opening` message they belong to. `facts` are the figures as they were at `at`,
    with the cohorts' table of an opportunity; templates name what they use of them.
    """

    topic = models.CharField(max_length=16, choices=choices(Topic))
    event_id = models.BigIntegerField(unique=True, null=True)  # opportunities.OpportunityEvent
    opportunity_id = models.BigIntegerField(null=True)
    opening = models.ForeignKey(
        "self", models.CASCADE, null=True, related_name="follow_ups", db_index=False
    )
    fingerprint = models.CharField(max_length=32, blank=True, default="")
    kind = models.CharField(max_length=16, blank=True, default="", help_text="of the opportunity")
    asset = models.CharField(max_length=48, blank=True, default="")
    priority = models.SmallIntegerField(default=Priority.MEDIUM.value)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="unsent deliveries lapse then")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            one_of("topic", Topic, "message_topic_known"),
            models.CheckConstraint(
                condition=Q(priority__in=[one.value for one in Priority]),
                name="message_priority_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["opportunity_id", "id"],
                condition=Q(opportunity_id__isnull=False),
                name="message_of_opportunity",
            ),
            models.Index(fields=["created_at"], name="message_created"),
            models.Index(
                fields=["opening"],
                condition=Q(opening__isnull=False),
                name="message_after_opening",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.asset or self.pk}"


class Slice(models.Model):
    """A message's recipients of one tier, due after that tier's delay; NULL tier: whoever was sent
    the opening.

    When it is due the eligible are found once, their deliveries written and the slice ended, in
    one transaction. `facts_of` is the message whose figures count: an improvement before the due
    time replaces it. `counts` are people by reason code, `eligible` among them.
    """

    message = models.ForeignKey(Message, models.CASCADE, related_name="slices", db_index=False)
    facts_of = models.ForeignKey(Message, models.CASCADE, related_name="+", db_index=False)
    tier = models.SmallIntegerField(null=True, help_text="rank of names.Tier")
    state = models.CharField(
        max_length=10, choices=choices(SliceState), default=SliceState.OPEN.value
    )
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    counts = models.JSONField(null=True)
    took_ms = models.FloatField(null=True)

    class Meta:
        constraints = [
            one_of("state", SliceState, "slice_state_known"),
            models.UniqueConstraint(
                fields=["message", "tier"], nulls_distinct=False, name="slice_once_per_tier"
            ),
            models.CheckConstraint(
                condition=Q(state=SliceState.OPEN.value, ended_at__isnull=True)
                | ~Q(state=SliceState.OPEN.value) & Q(ended_at__isnull=False),
                name="slice_ends_when_not_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state=SliceState.OPEN.value), name="slice_due"
            ),
            models.Index(fields=["facts_of"], name="slice_telling_of"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} tier {self.tier} {self.state}"
