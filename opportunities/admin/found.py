"""Opportunities as operators read them: legs, parts, charts, reasons and events."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from arbedge import writing
from arbedge.desk import LegVenueFilter, ReadOnlyAdmin, word
from arbedge.names import Risk, State
from opportunities import breakdown, pages, pictures
from opportunities.admin import parts as extra
from opportunities.admin.told import RISK_TONES, STATE_TONES, meanings, table
from opportunities.models import (
    Opportunity,
)

EVENTS_SHOWN = 50


@admin.register(Opportunity)
class OpportunityAdmin(ReadOnlyAdmin):
    list_display = ("trade", "net_shown", "stands", "risk_shown", "opened_at")
    list_display_links = ("trade",)
    list_filter = ("state", "kind", "risk", LegVenueFilter, "close_reason")
    search_fields = ("asset__istartswith", "fingerprint__istartswith")
    search_help_text = "Coin or fingerprint, from its beginning"
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("sentence", "stands", "page", "reasons_told")}),
        ("Legs", {"fields": ("legs_told",)}),
        ("Where the net comes from", {"fields": ("parts", "score_told")}),
        ("Beyond the market", {"fields": ("beyond",)}),
        ("How it moved", {"fields": ("charts", "events_told")}),
        ("Life", {"fields": ("opened_at", "as_of", "confirmed_at", "expires_at", "closed_at")}),
        ("Versions", {"fields": ("fee_version", "fingerprint", "threshold", "measured")}),
    )
    readonly_fields = (
        "sentence", "stands", "page", "reasons_told", "legs_told", "parts", "score_told", "charts",
        "events_told", "beyond",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opportunity]:
        rows: QuerySet[Opportunity] = super().get_queryset(request)
        asked = request.resolver_match
        wide = asked is not None and asked.url_name == "opportunities_opportunity_changelist"
        return rows.defer("cohorts", "score_parts") if wide else rows

    @display(description="Trade", ordering="asset")
    def trade(self, one: Opportunity) -> str:
        """Kind, coin and legs."""
        legs = f"▲ {one.long_venue}" + (f" ▼ {one.short_venue}" if one.short_venue else "")
        return f"{one.asset} {one.kind}  {legs}"

    @display(description="Net", ordering="net")
    def net_shown(self, one: Opportunity) -> str:
        """The net over the row's horizon."""
        return writing.percent(one.net)

    @display(description="State", ordering="state")
    def stands(self, one: Opportunity) -> str:
        """The state, and of a closed row why."""
        text = "settling" if one.settling else one.state
        if one.state == State.CLOSED:
            text = f"closed: {one.close_reason.replace('_', ' ')}"
        return word(STATE_TONES[State(one.state)], text)

    @display(description="Risk", ordering="risk")
    def risk_shown(self, one: Opportunity) -> str:
        """The risk class."""
        return word(RISK_TONES[Risk(one.risk)], one.risk)

    @display(description="In one sentence")
    def sentence(self, one: Opportunity) -> str:
        """What the public page says first."""
        return pages.sentence(one)

    @display(description="Public page")
    def page(self, one: Opportunity) -> str:
        """Where people see it."""
        url = reverse("opportunities:opportunity", args=[one.pk])
        return format_html('<a class="underline" href="{}">{}</a>', url, url)

    @display(description="Reasons")
    def reasons_told(self, one: Opportunity) -> str:
        """Every reason with its meaning."""
        return meanings(one.reasons)

    @display(description="Legs")
    def legs_told(self, one: Opportunity) -> str:
        """Both legs as last seen."""
        head = ("", "Instrument", "Bid", "Ask", "Rate", "Interval", "Next", "Fee", "Age")
        return table(head, (_leg(leg, one) for leg in breakdown.legs(one)))

    @display(description="Parts")
    def parts(self, one: Opportunity) -> str:
        """The waterfall as a table."""
        return table(
            ("Part", "Per cent"),
            ((part.label, writing.percent(part.value, 4)) for part in breakdown.waterfall(one)),
        )

    @display(description="Told")
    def beyond(self, one: Opportunity) -> str:
        """What the floors above have to say of it."""
        return extra.shown(one)

    @display(description="Score")
    def score_told(self, one: Opportunity) -> str:
        """The rule score and its parts."""
        parts = one.score_parts or {}
        told = ", ".join(f"{name.replace('_', ' ')} {value:.2f}" for name, value in parts.items())
        total = writing.UNKNOWN if one.score is None else f"{one.score:.2f}"
        return f"{total} = {told}" if told else total

    @display(description="Charts")
    def charts(self, one: Opportunity) -> str:
        """The same pictures as on the public page, in the console's theme."""
        images = [
            (reverse("opportunities:picture", args=[one.pk, name, theme, "svg"]), theme, name)
            for name in pictures.names(one)
            for theme in ("light", "dark")
        ]
        shown = format_html_join(
            "", '<img loading="lazy" src="{}" class="desk-{}" alt="{}">', images
        )
        return format_html('<div class="desk-charts">{}</div>', shown)

    @display(description="Events")
    def events_told(self, one: Opportunity) -> str:
        """The newest events with the figures before and after."""
        rows = [
            (
                writing.moment(event.at),
                event.type,
                _net_of(event.old),
                _net_of(event.new),
                event.reason.replace("_", " "),
                "silent" if event.silent else "",
            )
            for event in one.events.order_by("-at")[:EVENTS_SHOWN]
        ]
        return table(("When", "Event", "Net before", "Net after", "Reason", ""), rows)


def _leg(leg: breakdown.Leg, one: Opportunity) -> tuple[str, ...]:
    instrument = one.long if leg.side == "long" else one.short
    tick = instrument.tick if instrument else None
    fee = writing.UNKNOWN if leg.fee_bps is None else f"{leg.fee_bps:g} bp"
    age_s = None if leg.age_ms is None else leg.age_ms / 1000
    spot = leg.flow is None and leg.market == "spot"
    return (
        "▲ long" if leg.side == "long" else "▼ short",
        f"{leg.venue} {leg.symbol} {leg.market}",
        writing.price(leg.bid, tick),
        writing.price(leg.ask, tick),
        writing.NONE if spot else writing.percent(leg.rate, 4),
        writing.NONE if spot else writing.hours(leg.interval_hours),
        writing.NONE if spot else writing.moment(leg.next_at),
        fee,
        writing.age(age_s),
    )


def _net_of(figures: dict[str, Any] | None) -> str:
    net = (figures or {}).get("net")
    return writing.NONE if net is None else writing.percent(net)
