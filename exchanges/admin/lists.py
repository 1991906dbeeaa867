"""What venues list and charge: instruments, fees, networks."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from arbedge import writing
from arbedge.desk import DeskAdmin, ReadOnlyAdmin, VenueFilter, word
from exchanges.models import (
    FeeGroupMember,
    FeeRate,
    Instrument,
    NetworkStatus,
)


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "venue", "market", "asset", "state", "last_seen")
    list_filter = (VenueFilter, "market", "status", "current", "inferred", "leveraged")
    search_fields = ("asset", "symbol")
    search_help_text = "Coin or symbol, from its beginning"
    ordering = ("-pk",)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:  # noqa: ARG002
        return ("asset__istartswith", "symbol__istartswith")

    @display(description="Status")
    def state(self, one: Instrument) -> str:
        """The venue's own word."""
        tone = {"trading": "good", "unknown": "soft"}.get(one.status, "warn")
        return word(tone, one.status.replace("_", " "))


@admin.register(FeeRate)
class FeeRateAdmin(DeskAdmin):
    list_display = ("where", "narrowed", "level", "taker_maker", "version", "valid_from")
    list_display_links = ("where",)
    list_filter = (VenueFilter, "market", "version", "vip_level")
    search_fields = ("venue", "quote", "group")

    @display(description="Market", ordering=("venue", "market"))
    def where(self, one: FeeRate) -> str:
        """Venue and market."""
        return f"{one.venue} {one.market}"

    @display(description="Only for")
    def narrowed(self, one: FeeRate) -> str:
        """The quote or group the row is for."""
        return one.quote or one.group or "all"

    @display(description="VIP", ordering="vip_level")
    def level(self, one: FeeRate) -> int:
        """From this VIP level on."""
        return one.vip_level

    @display(description="Taker / maker", ordering="taker_bps")
    def taker_maker(self, one: FeeRate) -> str:
        """Both fees in basis points."""
        return f"{one.taker_bps:g} / {one.maker_bps:g} bp".replace("-", writing.MINUS)


@admin.register(FeeGroupMember)
class FeeGroupMemberAdmin(DeskAdmin):
    list_display = ("symbol", "venue", "market", "group")
    list_filter = (VenueFilter, "market", "group")
    search_fields = ("symbol", "group")


@admin.register(NetworkStatus)
class NetworkStatusAdmin(ReadOnlyAdmin):
    list_display = ("coin", "venue", "chain", "deposit", "withdrawal", "observed_at")
    list_filter = (VenueFilter, "can_deposit", "can_withdraw")
    search_fields = ("coin",)

    @display(description="Deposits")
    def deposit(self, one: NetworkStatus) -> str:
        """Open, closed or unknown."""
        return _open(one.can_deposit)

    @display(description="Withdrawals")
    def withdrawal(self, one: NetworkStatus) -> str:
        """Open, closed or unknown."""
        return _open(one.can_withdraw)


def _open(told: bool | None) -> str:  # noqa: FBT001
    if told is None:
        return word("soft", "unknown")
    return word("good", "open") if told else word("bad", "closed")
