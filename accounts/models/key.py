"""Keys people bring: to their exchange accounts and to AI providers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.fields import DIGEST_BYTES

MOST_KEYS = 10


class KeyKind(models.TextChoices):
    """What a key opens."""

    EXCHANGE = "exchange", "exchange"
    AI = "ai", "AI provider"


class KeyState(models.TextChoices):
    """Whether a key is used."""

    ACTIVE = "active", "active"
    DISABLED = "disabled", "disabled"
    INVALID = "invalid", "no longer accepted"


class StoredKey(models.Model):
    """One key, sealed. Of the key itself only the last four characters can be read.

    `provider` is a venue or an AI provider. The slot closes the number of keys at ten.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="keys"
    )
    slot = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16, choices=KeyKind.choices)
    provider = models.CharField(max_length=32)
    base_url = models.URLField(blank=True)
    label = models.CharField(max_length=40, blank=True)
    last4 = models.CharField(max_length=4)
    digest = models.BinaryField(max_length=DIGEST_BYTES)
    sealed = models.TextField()
    testnet = models.BooleanField(default=False)
    can_read = models.BooleanField(default=False)
    can_trade = models.BooleanField(default=False)
    ip_bound = models.BooleanField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=KeyState.choices, default=KeyState.ACTIVE)
    problem = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "key"
        constraints = [
            models.UniqueConstraint(fields=["user", "slot"], name="key_slot_once"),
            models.UniqueConstraint(fields=["user", "digest"], name="key_once_a_person"),
            models.CheckConstraint(
                condition=Q(slot__gte=1, slot__lte=MOST_KEYS), name="key_at_most_ten"
            ),
            models.CheckConstraint(condition=Q(kind__in=KeyKind.values), name="key_kind_known"),
            models.CheckConstraint(condition=Q(state__in=KeyState.values), name="key_state_known"),
            models.CheckConstraint(condition=~Q(sealed=""), name="key_is_sealed"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} …{self.last4}"
