"""Ways in by the web: links sent by mail, and log-in data of Telegram that was used already."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models.fields import DIGEST_BYTES


class LoginLink(models.Model):
    """A link sent by mail: 256 random bits of which the SHA-256 is kept, good once."""

    email = models.EmailField()
    digest = models.BinaryField(max_length=DIGEST_BYTES, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link of {self.made_at:%Y-%m-%d %H:%M}"


class UsedLogin(models.Model):
    """Log-in data of the Telegram widget that has served: it serves no second time."""

    digest = models.BinaryField(max_length=DIGEST_BYTES, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M}"
