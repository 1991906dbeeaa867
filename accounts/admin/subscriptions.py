"""Subscriptions: dated rows, added to by the deed "change tier" and never edited."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.admin import finding, told
from accounts.admin.owned import OfPeopleAdmin
from accounts.models import Subscription, TierSource
from arbedge import writing


class SourceFilter(finding.ChoiceFilter):
    title, parameter_name, options = "source", "source", tuple(TierSource.choices)


@admin.register(Subscription)
class SubscriptionAdmin(OfPeopleAdmin):
    list_display = ("person", "tier_told", "lasts", "source", "price")
    list_display_links = ("tier_told",)
    list_filter = (SourceFilter,)
    fields = ("person", "tier_told", "lasts", "source", "price", "note", "made_at", "made_by")
    readonly_fields = ("person", "tier_told", "lasts", "price")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        rows: QuerySet[Subscription] = super().get_queryset(request)
        return rows.select_related("user", "made_by")

    @display(description="Tier")
    def tier_told(self, one: Subscription) -> str:
        """Which tier."""
        return one.tier

    @display(description="From and until")
    def lasts(self, one: Subscription) -> str:
        """For how long it was given."""
        end = told.day(one.ends_at) if one.ends_at else "no end"
        return f"{told.day(one.starts_at)} to {end}"

    @display(description="Price")
    def price(self, one: Subscription) -> str:
        """What was paid for it."""
        return writing.exact_money(one.price_usd)
