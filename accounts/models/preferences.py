"""What a person wants to see and hear, and the economics his figures are computed for."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models.fields import choices, one_of
from arbedge import choices as wish
from arbedge.names import Risk

DAY_MIN = 1440


def _minute(name: str) -> models.CheckConstraint:
    within = Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 0, f"{name}__lt": DAY_MIN})
    return models.CheckConstraint(condition=within, name=f"wish_{name}_of_day")


def _pair(first: str, second: str) -> models.CheckConstraint:
    both = Q(**{f"{first}__isnull": True, f"{second}__isnull": True})
    none = Q(**{f"{first}__isnull": False, f"{second}__isnull": False})
    return models.CheckConstraint(condition=both | none, name=f"wish_{first}_paired")


class Preferences(models.Model):
    """One row per person; whoever has none has the defaults.

    Masks hold a bit per name, in the order of the enum (kinds, shelves) or of choices.VENUES.
    Fractions for net, APR and confidence; minutes of the person's own day for times.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="preferences",
    )
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)
    preset = models.CharField(max_length=16, blank=True)

    kinds = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: all of the tier.")
    shelves = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: those of the experience."
    )
    venues = models.PositiveBigIntegerField(null=True, blank=True, help_text="Empty: all.")
    assets_in = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    assets_out = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    min_net = models.FloatField(default=0.0)
    min_apr = models.FloatField(default=0.0)
    max_risk = models.CharField(max_length=8, choices=choices(Risk), default=Risk.HIGH)
    min_confidence = models.FloatField(default=0.0)
    executable_only = models.BooleanField(default=False)

    notional_usd = models.PositiveIntegerField(default=1_000)
    horizon_hours = models.PositiveSmallIntegerField(default=72)
    leverage = models.FloatField(default=2.0)
    vip_levels = models.JSONField(default=dict, blank=True, help_text="VIP level by venue.")

    focus = models.CharField(
        max_length=16, choices=choices(wish.Focus), default=wish.Focus.ARBITRAGE
    )
    experience = models.CharField(
        max_length=16, choices=choices(wish.Experience), default=wish.Experience.BEGINNER
    )
    automation = models.CharField(
        max_length=16, choices=choices(wish.Automation), default=wish.Automation.MANUAL
    )

    switches = models.JSONField(default=dict, blank=True, help_text="on, silent or off by notice.")
    channels = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    spread = models.CharField(max_length=8, choices=choices(wish.Spread), default=wish.Spread.FIRST)
    frequency = models.CharField(
        max_length=16, choices=choices(wish.Frequency), default=wish.Frequency.IMMEDIATE
    )
    digest_at_min = models.PositiveSmallIntegerField(default=8 * 60)
    active_from_min = models.PositiveSmallIntegerField(null=True, blank=True)
    active_to_min = models.PositiveSmallIntegerField(null=True, blank=True)
    quiet_from_min = models.PositiveSmallIntegerField(null=True, blank=True)
    quiet_to_min = models.PositiveSmallIntegerField(null=True, blank=True)
    quiet_to_digest = models.BooleanField(default=False)

    currency = models.CharField(max_length=3, default="USD")
    number_format = models.CharField(
        max_length=8, choices=choices(wish.NumberFormat), default=wish.NumberFormat.POINT
    )
    public_name = models.CharField(
        max_length=8,
        choices=choices(wish.PublicName),
        default=wish.PublicName.SHORT,
        db_default=wish.PublicName.SHORT,
    )

    class Meta:
        verbose_name_plural = "preferences"
        constraints = [
            one_of("max_risk", Risk, "wish_risk_known"),
            one_of("focus", wish.Focus, "wish_focus_known"),
            one_of("experience", wish.Experience, "wish_experience_known"),
            one_of("automation", wish.Automation, "wish_automation_known"),
            one_of("spread", wish.Spread, "wish_spread_known"),
            one_of("frequency", wish.Frequency, "wish_frequency_known"),
            one_of("number_format", wish.NumberFormat, "wish_number_format_known"),
            one_of("public_name", wish.PublicName, "wish_public_name_known"),
            models.CheckConstraint(
                condition=Q(notional_usd__in=wish.NOTIONALS_USD), name="wish_notional_known"
            ),
            models.CheckConstraint(
                condition=Q(horizon_hours__in=wish.HORIZONS_HOURS), name="wish_horizon_known"
            ),
            models.CheckConstraint(
                condition=Q(min_net__gte=-1, min_net__lte=1, min_apr__gte=-10, min_apr__lte=100),
                name="wish_net_sane",
            ),
            models.CheckConstraint(
                condition=Q(min_confidence__gte=0, min_confidence__lte=1),
                name="wish_confidence_sane",
            ),
            models.CheckConstraint(
                condition=Q(leverage__gte=1, leverage__lte=125), name="wish_leverage_sane"
            ),
            _minute("digest_at_min"),
            _minute("active_from_min"),
            _minute("active_to_min"),
            _minute("quiet_from_min"),
            _minute("quiet_to_min"),
            _pair("active_from_min", "active_to_min"),
            _pair("quiet_from_min", "quiet_to_min"),
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}, version {self.version}"
