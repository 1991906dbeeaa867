"""Failed log-ins, counted where a lost cache cannot forget them."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models.fields import DIGEST_BYTES


class Scope(models.TextChoices):
    """What failures are counted by."""

    NAME_AND_ADDRESS = "pair", "name and address"
    NAME = "name", "name"
    BROWSER = "browser", "a browser that has logged in before"
    CODE = "code", "codes of one person"


class LoginLock(models.Model):
    """Tries since `since` under one name (its keyed digest: people type passwords into names)."""

    key = models.BinaryField(max_length=DIGEST_BYTES, unique=True)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    tries = models.PositiveIntegerField()
    since = models.DateTimeField(db_index=True)
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "log-in lock"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scope__in=Scope.values), name="login_lock_scope_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tries} tries by {self.get_scope_display()}"
