"""A session: the consent to be served, for seven days from the last thing a person did."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.fields import DIGEST_BYTES, choices, one_of
from arbedge.names import Door


class SessionState(models.TextChoices):
    """Where a session stands."""

    ACTIVE = "active", "active"
    EXPIRED = "expired", "expired"
    TERMINATED = "terminated", "terminated"


class Outcome(models.TextChoices):
    """How a session ended."""

    NONE = "", "still active"
    LOGOUT = "logout", "logged out"
    EXPIRED = "expired", "seven days without a word"
    BY_STAFF = "by_staff", "ended by staff"
    ACCOUNT = "account", "account suspended, banned or deactivated"
    REPLACED = "replaced", "replaced by a new one"


class Session(models.Model):
    """One session of a person by one door, with what was done in it.

    The id a browser or program presents is 256 random bits; its SHA-256 is kept.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions"
    )
    door = models.CharField(max_length=16, choices=choices(Door))
    digest = models.BinaryField(max_length=DIGEST_BYTES, unique=True)
    state = models.CharField(
        max_length=16, choices=SessionState.choices, default=SessionState.ACTIVE
    )
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ip = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    commands = models.JSONField(default=dict, blank=True, help_text="Times each was used.")
    interactions = models.PositiveIntegerField(default=0)
    opportunities_seen = models.PositiveIntegerField(default=0)
    opportunities_acted = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            one_of("door", Door, "session_door_known"),
            models.CheckConstraint(
                condition=Q(state__in=SessionState.values), name="session_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=SessionState.ACTIVE, ended_at__isnull=True, outcome="")
                | (~Q(state=SessionState.ACTIVE) & Q(ended_at__isnull=False) & ~Q(outcome="")),
                name="session_end_is_told",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(state=SessionState.ACTIVE, door=Door.TELEGRAM),
                name="session_one_in_telegram",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "expires_at"], condition=Q(state=SessionState.ACTIVE),
                         name="session_active"),
            models.Index(fields=["expires_at"], condition=Q(state=SessionState.ACTIVE),
                         name="session_lapses"),
            models.Index(fields=["user", "-started_at"], name="session_of_user"),
            models.Index(fields=["started_at"], name="session_started"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False),
                         name="session_ended"),
            models.Index(fields=["seen_at"], name="session_seen"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.door} session {self.pk}"
