"""The tier table: every figure of every tier, what was changed, and changing or resetting one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts import tier_settings, tiers
from accounts.models import TierSetting, User
from accounts.tier_settings import LIMITS, Limit
from accounts.tiers import PERMISSION, Allowance
from arbedge.choices import unmask
from arbedge.desk import ReadOnlyAdmin
from arbedge.errors import ArbEdgeError
from arbedge.names import Door, Kind, Shelf, Tier

MAY_CHANGE: Final = "accounts.change_tiersetting"
NO_CAP: Final = "no cap"


@dataclass(frozen=True)
class Cell:
    """One figure: as shown, the default where it was changed, and where it is edited."""

    text: str
    default: str = ""
    url: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Row:
    """One limit across the tiers."""

    title: str
    unit: str
    cells: list[Cell]


def raw(allowance: Allowance, limit: Limit) -> Decimal | None:
    """The figure as it is stored; None is no cap, 1 and 0 are may and may not."""
    if limit.name.startswith(PERMISSION):
        return Decimal(int(limit.name.removeprefix(PERMISSION) in allowance.permissions))
    value = getattr(allowance, limit.name)
    return None if value is None else Decimal(str(value))


def shown(value: Decimal | None, limit: Limit) -> str:
    """The figure for people: "1,000", "no cap", "$9", "yes"."""
    if limit.name.startswith(PERMISSION):
        return "yes" if value else "–"
    if value is None:
        return NO_CAP
    number = f"{value.normalize():,f}"
    return f"${number}" if limit.unit == "USD" else number


def stored() -> Mapping[Tier, Allowance]:
    """The table as the database has it: processes may be a second behind."""
    return tiers.with_settings(TierSetting.objects.values_list("tier", "name", "value"))


def rows(*, may_edit: bool) -> list[Row]:
    """The whole table as it is now."""
    now = stored()
    made = [
        Row(limit.label, _unit(limit), [_cell(tier, limit, now[tier], may_edit) for tier in Tier])
        for limit in LIMITS.values()
    ]
    return [*made, *_fixed(now)]


def _unit(limit: Limit) -> str:
    """The unit, where the words do not say it already."""
    said = limit.name.startswith(PERMISSION) or limit.label.endswith(limit.unit)
    return "" if said else limit.unit


def _cell(tier: Tier, limit: Limit, allowance: Allowance, may_edit: bool) -> Cell:  # noqa: FBT001
    value, default = raw(allowance, limit), raw(tiers.DEFAULTS[tier], limit)
    url = reverse("admin:accounts_tiersetting_edit", args=[tier, limit.name]) if may_edit else ""
    changed = shown(default, limit) if value != default else ""
    return Cell(shown(value, limit), changed, url, f"{limit.label}, {tier}")


def _fixed(now: Any) -> list[Row]:
    """What the product fixes and nobody edits."""
    told: tuple[tuple[str, Callable[[Allowance], list[str]]], ...] = (
        ("Kinds", lambda one: unmask(one.kinds, Kind)),
        ("Shelves", lambda one: unmask(one.shelves, Shelf)),
    )
    return [
        Row(title, "fixed", [Cell(", ".join(names(now[tier])).replace("_", " ")) for tier in Tier])
        for title, names in told
    ]


def form_of(limit: Limit) -> type[forms.Form]:
    """What the limit may be set to."""
    if limit.name.startswith(PERMISSION):
        return type("SwitchForm", (forms.Form,), {
            "value": forms.TypedChoiceField(
                choices=[("1", "yes"), ("0", "no")], coerce=Decimal, label=limit.label
            )
        })  # fmt: skip
    bounds = f"From {limit.lowest:,} to {limit.highest:,} {limit.unit}".strip()
    empty = " Empty: no cap." if limit.may_be_uncapped else ""
    return type("FigureForm", (forms.Form,), {
        "value": forms.DecimalField(
            required=not limit.may_be_uncapped, label=limit.label, help_text=f"{bounds}.{empty}",
            decimal_places=limit.decimals,
        )
    })  # fmt: skip


@admin.register(TierSetting)
class TierTableAdmin(ReadOnlyAdmin):
    """One table instead of a list of rows."""

    def get_urls(self) -> list[Any]:
        """With the address of one figure."""
        view = self.admin_site.admin_view(self.edit)
        name = "accounts_tiersetting_edit"
        return [path("<str:tier>/<str:limit>/edit/", view, name=name), *super().get_urls()]

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """The table."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Tiers",
            "tiers": list(Tier),
            "rows": rows(may_edit=request.user.has_perm(MAY_CHANGE)),
            "changed": TierSetting.objects.select_related("changed_by").order_by("-changed_at")[:5],
        }
        return TemplateResponse(request, "console/people_tiers.html", context)

    def edit(self, request: HttpRequest, tier: str, limit: str) -> HttpResponse:
        """Sets one figure, or gives it its default again."""
        if not request.user.has_perm(MAY_CHANGE):
            raise PermissionDenied
        if tier not in set(Tier) or limit not in LIMITS:
            raise Http404
        aim, figure = Tier(tier), LIMITS[limit]
        before = raw(stored()[aim], figure)
        first = {"value": None if before is None else f"{before.normalize():f}"}
        form = form_of(figure)(request.POST or None, initial=first)
        if request.method == "POST" and _saved(request, aim, figure, form):
            return HttpResponseRedirect(reverse("admin:accounts_tiersetting_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{figure.label}: {tier}",
            "form": form,
            "now": shown(before, figure),
            "default": shown(raw(tiers.DEFAULTS[aim], figure), figure),
            "overridden": TierSetting.objects.filter(tier=aim, name=limit).first(),
            "back": reverse("admin:accounts_tiersetting_changelist"),
        }
        return TemplateResponse(request, "console/people_tier.html", context)


def _saved(request: HttpRequest, tier: Tier, limit: Limit, form: forms.Form) -> bool:
    """Whether it was done; if not, the form says why."""
    assert isinstance(request.user, User)
    try:
        if "reset" in request.POST:
            tier_settings.reset(tier, limit.name, door=Door.CONSOLE, by=request.user)
            done = "has its default again"
        elif form.is_valid():
            value = form.cleaned_data["value"]
            tier_settings.change(tier, limit.name, value, door=Door.CONSOLE, by=request.user)
            done = f"is {shown(value, limit)} now"
        else:
            return False
    except ArbEdgeError as error:
        form.is_valid()
        form.add_error(None, error.message)
        return False
    messages.success(request, f"{limit.label} of {tier} {done}, everywhere within 2 s.")
    return True
