"""Limits that operators set, and the profile in force."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from arbedge.desk import DeskAdmin, confirm, word
from opportunities.limits import LIMITS, Limit
from opportunities.models import (
    LimitProfile,
    LimitSetting,
)


def _choice(one: Limit) -> tuple[str, str]:
    bounds = f"{one.low:g} to {one.high:g} {one.unit}, default {one.strict:g}"
    return one.name, f"{one.name}: {one.help} {bounds}"


LIMIT_CHOICES = [_choice(one) for one in LIMITS.values()]


class LimitForm(forms.ModelForm):  # type: ignore[type-arg]
    """A limit's value; the list of names says units, bounds and defaults."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"] = forms.ChoiceField(
                choices=[("", "---------"), *LIMIT_CHOICES],
                widget=UnfoldAdminSelectWidget,
                help_text="Empty kind, venue and symbol: the limit for all.",
            )


class LimitSettingInline(TabularInline):
    model = LimitSetting
    form = LimitForm
    fields = ("name", "kind", "venue", "symbol", "value", "note")
    extra = 0
    show_change_link = False


@admin.register(LimitProfile)
class LimitProfileAdmin(DeskAdmin):
    list_display = ("name", "in_force", "own_limits", "measured")
    readonly_fields = ("name", "active")
    inlines = (LimitSettingInline,)
    actions = ("put_in_force",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LimitProfile]:
        rows: QuerySet[LimitProfile] = super().get_queryset(request)
        return rows.annotate(number=Count("settings"))

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    @display(description="In force", ordering="active")
    def in_force(self, one: LimitProfile) -> str:
        """Whether scans use it."""
        return word("good", "in force") if one.active else word("soft", "waiting")

    @display(description="Limits of its own", ordering="number")
    def own_limits(self, one: Any) -> int:
        """How many limits differ from the defaults."""
        return int(one.number)

    @display(description="Measured on (funding, spot, basis)")
    def measured(self, one: LimitProfile) -> str:
        """Which figure is held against the threshold."""
        told = (one.measure_funding, one.measure_spot, one.measure_basis)
        return ", ".join(name.replace("_", " ") for name in told)

    @action(description="Put in force…", permissions=["change"])
    def put_in_force(
        self, request: HttpRequest, rows: QuerySet[LimitProfile]
    ) -> HttpResponse | None:
        """Makes one profile the one that scans use."""
        if len(rows) != 1:
            self.message_user(request, "Choose exactly one profile.", messages.ERROR)
            return None
        chosen = rows[0]
        sure = confirm(
            self,
            request,
            rows,
            question=f"Put the {chosen.name} limits in force?",
            consequence=(
                "From the next scan on every candidate and everything live is held against them:"
                " what no longer passes fades and closes, what passes now may open."
            ),
            button=f"Use {chosen.name}",
        )
        if not isinstance(sure, str):
            return sure
        with transaction.atomic():
            for one in LimitProfile.objects.select_for_update().filter(active=True):
                one.active = False
                one.save()
            chosen.active = True
            chosen.save()
        self.message_user(request, f"The {chosen.name} limits are in force.", messages.SUCCESS)
        return None


@admin.register(LimitSetting)
class LimitSettingAdmin(DeskAdmin):
    form = LimitForm
    list_display = ("name", "aim", "value", "profile", "note")
    list_filter = ("profile", "name", "kind")
    search_fields = ("name", "venue", "symbol", "note")
    list_select_related = ("profile",)

    @display(description="For")
    def aim(self, one: LimitSetting) -> str:
        """What the limit is for."""
        told = " ".join(part for part in (one.kind, one.venue, one.symbol) if part)
        return told or "all"
