"""Invitation codes and who redeemed them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.fields import DIGEST_BYTES, choices, one_of
from arbedge.names import Door


class Purpose(models.TextChoices):
    """What an invitation is for."""

    BETA = "beta", "beta"
    REFERRAL = "referral", "referral"
    ADMIN = "admin", "given by staff"


class InvitationBatch(models.Model):
    """Codes made together."""

    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    number = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name_plural = "invitation batches"
        constraints = [
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=100), name="batch_of_1_to_100"
            ),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="batch_purpose"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.purpose} codes of {self.made_at:%Y-%m-%d}"


class Invitation(models.Model):
    """One code. It is kept as a keyed digest, its first three characters for searches, and sealed.

    The sealed text is emptied when the code can be used no more.
    """

    batch = models.ForeignKey(InvitationBatch, on_delete=models.CASCADE, related_name="invitations")
    digest = models.BinaryField(max_length=DIGEST_BYTES, unique=True)
    start = models.CharField(max_length=3, db_index=True)
    sealed = models.TextField(blank=True)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    inviter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True,
        related_name="invitations",
    )  # fmt: skip
    max_uses = models.PositiveIntegerField(default=1)
    uses = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(uses__lte=F("max_uses")), name="invitation_not_overused"
            ),
            models.CheckConstraint(condition=Q(max_uses__gte=1), name="invitation_usable"),
            models.CheckConstraint(
                condition=Q(purpose__in=Purpose.values), name="invitation_purpose"
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="invitation_expires")]

    def __str__(self) -> str:
        return f"{self.start}…"


class Redemption(models.Model):
    """Who came by which code; nobody comes twice."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="redemption"
    )
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="redemptions")
    redeemed_at = models.DateTimeField(default=timezone.now)
    door = models.CharField(max_length=16, choices=choices(Door))
    beta_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [one_of("door", Door, "redemption_door_known")]
        indexes = [models.Index(fields=["redeemed_at"], name="redemption_at")]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.invitation_id}"
