"""What is believed of a coin on a venue, and since when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from exchanges.memory import RESETS, SOURCES, VERDICTS
from exchanges.models.instruments import MARKETS


class CoinVerdict(models.Model):
    """One verdict per coin, venue and market. An empty market is a person's word on all of them."""

    venue = models.CharField(max_length=32)
    asset = models.CharField(max_length=48)
    market = models.CharField(
        max_length=8,
        blank=True,
        default="",
        choices=[("", "all"), *((market, market) for market in MARKETS)],
    )
    verdict = models.CharField(max_length=12, choices=[(verdict, verdict) for verdict in VERDICTS])
    source = models.CharField(max_length=12, choices=[(source, source) for source in SOURCES])
    ratio = models.FloatField(
        null=True, blank=True, help_text="Distance from the other venues' price, fraction."
    )
    price = models.FloatField(
        null=True, blank=True, help_text="Price per coin in USD when last written."
    )
    since = models.DateTimeField(help_text="When this verdict began (UTC).")
    agreed_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since when the price has agreed within 2 % without a break (UTC).",
    )
    reset_reason = models.CharField(
        max_length=16, blank=True, default="", choices=[(reset, reset or "-") for reset in RESETS]
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who decided, where a person did.",
    )
    note = models.CharField(max_length=200, blank=True, default="")
    updated_at = models.DateTimeField(help_text="When this row was last written (UTC).")

    class Meta:
        ordering = ("asset", "venue", "market")
        verbose_name = "verdict"
        constraints = (
            models.UniqueConstraint(
                name="verdict_is_one_per_coin", fields=("venue", "asset", "market")
            ),
            models.CheckConstraint(
                name="verdict_is_known",
                condition=Q(verdict__in=VERDICTS)
                & Q(source__in=SOURCES)
                & Q(market__in=("", *MARKETS)),
            ),
            models.CheckConstraint(
                name="verdict_on_all_markets_is_a_persons",
                condition=~Q(market="") | Q(source="admin"),
            ),
            models.CheckConstraint(
                name="verdict_numbers_are_sane",
                condition=(Q(ratio__isnull=True) | Q(ratio__gte=0))
                & (Q(price__isnull=True) | Q(price__gt=0)),
            ),
            models.CheckConstraint(
                name="verdict_times_are_sane", condition=Q(updated_at__gte=F("since"))
            ),
        )
        indexes = (
            models.Index(name="verdict_by_verdict", fields=("verdict", "-since")),
            models.Index(name="verdict_by_change", fields=("-updated_at",)),
        )

    def __str__(self) -> str:
        where = f"{self.venue} {self.market}" if self.market else self.venue
        return f"{self.asset} on {where}: {self.verdict}"
