"""Where a recipient can be reached on a channel, the proof of it, and who is left alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models.fields import choices, one_of
from arbedge.names import Channel, Language
from notifications.names import AddressState, ChatType, Recipient


class Address(models.Model):
    """An address of a recipient on a channel; its secret parts are sealed, `shown` is for people.

    `sealed` opens to the JSON its channel's `take` returned. `digest` finds an address again
    without opening it. A person's Telegram chat and account e-mail need no row until something
    is wrong with them. Web push may have one row per device, every other channel one.
    """

    recipient = models.CharField(max_length=4, choices=choices(Recipient))
    recipient_id = models.BigIntegerField()
    channel = models.CharField(max_length=10, choices=choices(Channel))
    sealed = models.TextField()
    digest = models.BinaryField(max_length=32)
    shown = models.CharField(max_length=120)
    state = models.CharField(
        max_length=10, choices=choices(AddressState), default=AddressState.UNVERIFIED.value
    )
    problem = models.CharField(max_length=32, blank=True, default="", help_text="why disabled")
    failures = models.PositiveSmallIntegerField(default=0, help_text="in a row")
    verified_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            one_of("state", AddressState, "address_state_known"),
            one_of("channel", Channel, "address_channel_known"),
            models.UniqueConstraint(
                fields=["recipient", "recipient_id", "channel", "digest"], name="address_once"
            ),
            models.UniqueConstraint(
                fields=["recipient", "recipient_id", "channel"],
                condition=~Q(channel=Channel.WEB_PUSH.value),
                name="address_one_per_channel",
            ),
        ]
        indexes = [models.Index(fields=["channel", "digest"], name="address_by_digest")]

    def __str__(self) -> str:
        return f"{self.channel} {self.shown}"


class Verification(models.Model):
    """A code or link sent to an address; ten minutes, few tries, used once."""

    address = models.ForeignKey(Address, models.CASCADE, related_name="verifications")
    digest = models.BinaryField(max_length=32)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code of address {self.address_id} until {self.expires_at:%F %T}"


class Suppression(models.Model):
    """An address nobody may write to any more: unsubscribed, bounced, complained, or barred."""

    channel = models.CharField(max_length=10, choices=choices(Channel))
    digest = models.BinaryField(max_length=32)
    shown = models.CharField(max_length=120)
    reason = models.CharField(max_length=32)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "digest"], name="suppression_once"),
        ]
        indexes = [models.Index(fields=["-at"], name="suppression_at")]

    def __str__(self) -> str:
        return f"{self.channel} {self.shown}: {self.reason}"


class Chat(models.Model):
    """A group or channel that gets opportunities of its own, by the tier of who registered it.

    Masks and filters are those of preferences: NULL kinds are all of the tier, NULL shelves the
    beginners'. `gone` says why the bot can no longer write there.
    """

    telegram_id = models.BigIntegerField(unique=True)
    type = models.CharField(max_length=10, choices=choices(ChatType))
    thread_id = models.BigIntegerField(
        null=True, blank=True, help_text="The forum topic posts go to; empty: the general one."
    )
    title = models.CharField(max_length=255, blank=True, default="")
    registered_by = models.ForeignKey("accounts.User", models.CASCADE, related_name="chats")
    language = models.CharField(max_length=2, choices=choices(Language), default=Language.EN.value)
    zone = models.CharField(max_length=64, default="UTC")
    kinds = models.IntegerField(null=True, blank=True, help_text="bits of names.Kind")
    shelves = models.IntegerField(null=True, blank=True, help_text="bits of names.Shelf")
    venues = models.BigIntegerField(null=True, blank=True, help_text="bits of choices.VENUES")
    min_net = models.FloatField(default=0)
    notional_usd = models.IntegerField(default=1000)
    horizon_hours = models.SmallIntegerField(default=72)
    paused = models.BooleanField(default=False)
    gone = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [one_of("type", ChatType, "chat_type_known")]

    def __str__(self) -> str:
        return self.title or str(self.telegram_id)
