"""What groups and channels do with what is posted to them: sums, and whom they brought."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from notifications.models.address import Chat


class ChatDay(models.Model):
    """How often links of a chat's posts were pressed on one day, of UTC; nobody is named."""

    chat = models.ForeignKey(Chat, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    pressed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chat", "day"], name="chat_day_once")]

    def __str__(self) -> str:
        return f"{self.chat_id} {self.day}: {self.pressed}"


class ChatJoin(models.Model):
    """Somebody who came to the bot by a chat's post; nobody comes twice."""

    chat = models.ForeignKey(Chat, models.CASCADE, related_name="joins", db_index=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["chat", "at"], name="chat_join_at")]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.chat_id}"
