"""Every market of every venue that ArbEdge has ever seen listed."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import F, Q

from arbedge.names import Market

STATUSES: Final = ("trading", "pre_market", "halted", "settling", "closed", "unknown")
MARKETS: Final = tuple(market.value for market in Market)
DIGITS: Final = 38  # wide enough for 1e12 coins and for ticks of 1e-18
PLACES: Final = 18


class Instrument(models.Model):
    """One market on one venue, known by venue, symbol and listing date.

    A symbol that is listed anew is a new row; `current` is set on the newest only.
    """

    venue = models.CharField(max_length=32)
    symbol = models.CharField(max_length=80, help_text="As the venue writes it.")
    market = models.CharField(max_length=8, choices=[(market, market) for market in MARKETS])
    base = models.CharField(max_length=48, help_text="As the venue writes it, e.g. 1000PEPE.")
    quote = models.CharField(max_length=24)
    settle = models.CharField(max_length=24, blank=True, default="", help_text="Empty for spot.")
    asset = models.CharField(max_length=48, help_text="The coin, multiplier removed: PEPE.")
    multiplier = models.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        help_text="Coins of the asset per unit of the base: 1000 for 1000PEPE.",
    )
    contract_size = models.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        null=True,
        blank=True,
        help_text="Units of the base per contract; 1 for spot, empty where it is not known.",
    )
    tick = models.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        null=True,
        blank=True,
        help_text="Smallest step of the price, in quote currency.",
    )
    lot = models.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        null=True,
        blank=True,
        help_text="Smallest step of the quantity, in contracts or coins.",
    )
    min_notional = models.DecimalField(
        max_digits=DIGITS,
        decimal_places=PLACES,
        null=True,
        blank=True,
        help_text="Smallest order, in quote currency.",
    )
    status = models.CharField(max_length=12, choices=[(status, status) for status in STATUSES])
    leveraged = models.BooleanField(
        null=True, blank=True, help_text="The venue's own flag; empty where it has none."
    )
    inferred = models.BooleanField(
        default=False, help_text="Read from the symbol's text because the venue sent no list."
    )
    listed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When trading began (UTC); empty where the venue is silent.",
    )
    offline_at = models.DateTimeField(
        null=True, blank=True, help_text="When it goes or went off-line (UTC)."
    )
    current = models.BooleanField(
        default=True, help_text="Not set once the same symbol has been listed anew."
    )
    first_seen = models.DateTimeField(help_text="When a venue's list first showed it (UTC).")
    last_seen = models.DateTimeField(help_text="When a venue's list last showed it (UTC).")

    class Meta:
        ordering = ("venue", "market", "symbol", "-first_seen")
        constraints = (
            models.UniqueConstraint(
                name="instrument_listing_is_unique",
                fields=("venue", "market", "symbol", "listed_at"),
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                name="instrument_has_one_current_listing",
                fields=("venue", "market", "symbol"),
                condition=Q(current=True),
            ),
            models.CheckConstraint(
                name="instrument_market_is_known", condition=Q(market__in=MARKETS)
            ),
            models.CheckConstraint(
                name="instrument_status_is_known", condition=Q(status__in=STATUSES)
            ),
            models.CheckConstraint(
                name="instrument_names_are_not_empty",
                condition=~Q(venue="") & ~Q(symbol="") & ~Q(asset="") & ~Q(quote=""),
            ),
            models.CheckConstraint(
                name="instrument_sizes_are_positive",
                condition=Q(multiplier__gt=0)
                & (Q(contract_size__isnull=True) | Q(contract_size__gt=0))
                & (Q(tick__isnull=True) | Q(tick__gt=0))
                & (Q(lot__isnull=True) | Q(lot__gt=0))
                & (Q(min_notional__isnull=True) | Q(min_notional__gte=0)),
            ),
            models.CheckConstraint(
                name="instrument_times_are_sane",
                condition=Q(last_seen__gte=F("first_seen"))
                & (
                    Q(listed_at__isnull=True)
                    | Q(offline_at__isnull=True)
                    | Q(offline_at__gt=F("listed_at"))
                ),
            ),
        )
        indexes = (
            models.Index(name="instrument_by_asset", fields=("asset", "venue", "market")),
            models.Index(name="instrument_by_status", fields=("venue", "status")),
            models.Index(name="instrument_newest", fields=("-first_seen",)),
        )

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol} {self.market}"
