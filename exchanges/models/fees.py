"""The fee schedule: what a trade costs on each venue."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q

from exchanges.models.instruments import MARKETS

HIGHEST_BPS: Final = 1000
HIGHEST_REBATE_BPS: Final = -100


class FeeRate(models.Model):
    """Taker and maker fee of a venue's market from a date on.

    An empty quote and group mean every instrument of the market. A row naming a group beats one
    naming a quote, and both beat the general row.
    """

    version = models.CharField(max_length=16, help_text="The published table it belongs to.")
    venue = models.CharField(max_length=32)
    market = models.CharField(max_length=8, choices=[(market, market) for market in MARKETS])
    quote = models.CharField(
        max_length=24, blank=True, default="", help_text="Only this quote currency; empty: all."
    )
    group = models.CharField(
        max_length=40, blank=True, default="", help_text="Only this instrument group; empty: all."
    )
    vip_level = models.PositiveSmallIntegerField(
        default=0, help_text="From this VIP level of the venue on; 0 is the standard tier."
    )
    taker_bps = models.DecimalField(
        max_digits=7, decimal_places=3, help_text="Taker fee in basis points (5 = 0.05 %)."
    )
    maker_bps = models.DecimalField(
        max_digits=7, decimal_places=3, help_text="Maker fee in basis points; negative is a rebate."
    )
    valid_from = models.DateTimeField(help_text="Counts from this moment on (UTC).")

    class Meta:
        ordering = ("venue", "market", "quote", "group", "vip_level", "-valid_from")
        verbose_name = "fee"
        constraints = (
            models.UniqueConstraint(
                name="fee_is_said_once",
                fields=("venue", "market", "quote", "group", "vip_level", "valid_from"),
            ),
            models.CheckConstraint(name="fee_market_is_known", condition=Q(market__in=MARKETS)),
            models.CheckConstraint(
                name="fee_is_within_bounds",
                condition=Q(taker_bps__gte=HIGHEST_REBATE_BPS, taker_bps__lte=HIGHEST_BPS)
                & Q(maker_bps__gte=HIGHEST_REBATE_BPS, maker_bps__lte=HIGHEST_BPS),
                violation_error_message="Fees lie between -100 and 1,000 basis points.",
            ),
            models.CheckConstraint(
                name="fee_names_quote_or_group",
                condition=Q(quote="") | Q(group=""),
                violation_error_message="A fee is for a quote currency or for a group, not both.",
            ),
            models.CheckConstraint(
                name="fee_names_are_not_empty", condition=~Q(venue="") & ~Q(version="")
            ),
        )

    def __str__(self) -> str:
        narrowed = self.quote or self.group
        where = f"{self.venue} {self.market}" + (f" {narrowed}" if narrowed else "")
        return f"{where} VIP {self.vip_level}: {self.taker_bps} / {self.maker_bps} bp"


class FeeGroupMember(models.Model):
    """One instrument's place in a venue's fee group."""

    venue = models.CharField(max_length=32)
    market = models.CharField(max_length=8, choices=[(market, market) for market in MARKETS])
    symbol = models.CharField(max_length=80, help_text="As the venue writes it.")
    group = models.CharField(max_length=40, help_text="Name used by the fee rows.")

    class Meta:
        ordering = ("venue", "market", "symbol")
        verbose_name = "fee group member"
        constraints = (
            models.UniqueConstraint(
                name="fee_group_holds_an_instrument_once", fields=("venue", "market", "symbol")
            ),
            models.CheckConstraint(
                name="fee_group_names_are_not_empty",
                condition=~Q(venue="") & ~Q(symbol="") & ~Q(group=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol} in {self.group}"
