"""What the bot remembers: updates until they are answered, conversations, questions, own names."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class UpdateState(models.IntegerChoices):
    """Where an update stands."""

    WAITING = 0, "waiting"
    ANSWERING = 1, "answering"
    DONE = 2, "done"
    FAILED = 3, "failed"


class BotUpdate(models.Model):
    """An update of Telegram's, by its own number, so that none is handled twice.

    `sealed` is what Telegram sent, sealed because people type keys, and emptied with its end;
    `calls` are the answers that are still to be sent. A lane is a person, else a chat: what
    belongs to one lane is handled in order.
    """

    update_id = models.BigIntegerField(primary_key=True)
    lane = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    sealed = models.TextField(blank=True)
    state = models.SmallIntegerField(choices=UpdateState.choices, default=UpdateState.WAITING)
    attempts = models.SmallIntegerField(default=0)
    calls = models.JSONField(default=list, blank=True)
    due_at = models.DateTimeField()
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["lane", "update_id"], condition=Q(state__lt=2),
                         name="bot_update_lane"),
            models.Index(fields=["settled_at"], name="bot_update_settled"),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=Q(state__lt=2) | (Q(sealed="") & Q(settled_at__isnull=False)),
                name="bot_update_forgets_what_was_said",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')} {self.update_id}"


class Talk(models.Model):
    """A conversation a person is in: one at a time, left and taken up again."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="talk"
    )
    name = models.CharField(max_length=32)
    step = models.CharField(max_length=32)
    data = models.JSONField(default=dict, blank=True, help_text="Never anything secret.")
    changed_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "conversation"

    def __str__(self) -> str:
        return f"{self.name}: {self.step}"


class Question(models.Model):
    """A "really?" that was asked: the line to carry out once, by this person, in this chat."""

    nonce = models.CharField(max_length=16, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    chat_id = models.BigIntegerField()
    line = models.TextField()
    expires_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.line


class Alias(models.Model):
    """A name of a person's own for a command's line."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=32)
    line = models.CharField(max_length=200)

    class Meta:
        verbose_name = "own command name"
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="alias_one_of_a_name")]

    def __str__(self) -> str:
        return f"/{self.name} = /{self.line}"


class Feedback(models.Model):
    """What a person told us by /feedback."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feedback")
    text = models.CharField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return self.text[:60]
