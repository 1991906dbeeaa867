"""Affiliates: applications, their standing, and what is paid out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Application(models.TextChoices):
    """Where an application stands."""

    APPLIED = "applied", "applied"
    APPROVED = "approved", "approved"
    REJECTED = "rejected", "rejected"
    SUSPENDED = "suspended", "suspended"


class Grade(models.TextChoices):
    """The affiliate's tier, by revenue and engagement; commission follows from it."""

    BRONZE = "bronze", "bronze"
    SILVER = "silver", "silver"
    GOLD = "gold", "gold"


class Affiliate(models.Model):
    """A person who brings customers for a share of what they pay."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="affiliate"
    )
    standing = models.CharField(
        max_length=16, choices=Application.choices, default=Application.APPLIED
    )
    grade = models.CharField(max_length=16, choices=Grade.choices, default=Grade.BRONZE)
    site = models.URLField(blank=True)
    pitch = models.TextField(max_length=2000, help_text="Who would hear of us, and how.")
    applied_at = models.DateTimeField(default=timezone.now)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    review = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(standing__in=Application.values), name="affiliate_standing"
            ),
            models.CheckConstraint(condition=Q(grade__in=Grade.values), name="affiliate_grade"),
        ]
        indexes = [models.Index(fields=["standing", "applied_at"], name="affiliate_queue")]

    def __str__(self) -> str:
        return f"{self.user} ({self.standing})"


class Payout(models.Model):
    """Commission for a month; staff marks it as paid."""

    affiliate = models.ForeignKey(Affiliate, on_delete=models.PROTECT, related_name="payouts")
    month = models.DateField(help_text="The first day of the month.")
    revenue_usd = models.DecimalField(max_digits=12, decimal_places=2)
    commission = models.DecimalField(max_digits=5, decimal_places=4, help_text="As a fraction.")
    amount_usd = models.DecimalField(max_digits=12, decimal_places=2)
    made_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True, blank=True)
    paid_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reference = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["affiliate", "month"], name="payout_once_a_month"),
            models.CheckConstraint(
                condition=Q(amount_usd__gte=0, amount_usd__lte=F("revenue_usd")),
                name="payout_within_revenue",
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="payout_first_of_month"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.amount_usd} USD"
