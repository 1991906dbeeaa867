"""Referrals: a code per person, how far those who came by it got, and points for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Stage(models.TextChoices):
    """How far somebody got who came by a referral; each follows the one before."""

    REGISTERED = "registered", "registered"
    TRADED = "traded", "first trade"
    SUBSCRIBED = "subscribed", "subscribed"
    ACTIVE = "active", "active"


class ReferralCode(models.Model):
    """A person's own code: 6 to 12 of A–Z and 0–9, free to choose, taken once in the world."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="referral_code",
    )
    code = models.CharField(max_length=12, unique=True)
    edited_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9]{6,12}$"), name="referral_code_form"
            )
        ]

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """Somebody who came by another's code, and when each stage was reached."""

    referrer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="referrals"
    )
    referred = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="referred_by"
    )
    code = models.CharField(max_length=12)
    registered_at = models.DateTimeField(default=timezone.now)
    traded_at = models.DateTimeField(null=True, blank=True)
    subscribed_at = models.DateTimeField(null=True, blank=True)
    active_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(referrer=F("referred")), name="referral_of_somebody_else"
            )
        ]
        indexes = [models.Index(fields=["referrer", "registered_at"], name="referral_of")]

    def __str__(self) -> str:
        return f"{self.referred_id} by {self.code}"


class Points(models.Model):
    """Points earned or spent; a stage of a referral is rewarded once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="points"
    )
    points = models.IntegerField()
    referral = models.ForeignKey(
        Referral, on_delete=models.CASCADE, null=True, blank=True, related_name="points"
    )
    stage = models.CharField(max_length=16, choices=Stage.choices, blank=True)
    note = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "points"
        constraints = [
            models.UniqueConstraint(fields=["referral", "stage"], name="points_once_a_stage"),
            models.CheckConstraint(condition=~Q(points=0), name="points_not_zero"),
        ]
        indexes = [models.Index(fields=["made_at"], name="points_at")]

    def __str__(self) -> str:
        return f"{self.points:+d} for {self.user_id}"
