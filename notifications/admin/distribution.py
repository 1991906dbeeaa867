"""How opportunities are shared out: one line a kind, with what each way means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from auditlog.context import disable_auditlog
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts import audit
from accounts.models import User
from accounts.names_of_people import countries
from arbedge.desk import ReadOnlyAdmin
from arbedge.names import Kind
from notifications.models import Distribution
from notifications.names import Strategy

MAY: Final = "notifications.change_distribution"
MOST_PARTICIPANTS: Final = 1_000_000
MEANING: Final[Mapping[Strategy, str]] = {
    Strategy.BROADCAST: "For everybody who is eligible. Where a limit or a channel lets too few"
    " have it: in turns, by weight.",
    Strategy.ROUND_ROBIN: "In turns: whoever was given least comes first, whatever the tier.",
    Strategy.PRIORITY: "In turns of 15 minutes, by weight: the tier's, a fifth more if active"
    " within the hour, less the more was given.",
    Strategy.TIERED: "The highest tier first; within a tier whoever was given least.",
    Strategy.PERSONALISED: "In turns of 15 minutes; among those whose turn it is, first who asked"
    " for the coin, the kind or its focus.",
    Strategy.REGIONAL: "People of the countries named first, the others after them; among each in"
    " turns, by weight.",
}


class DistributionForm(forms.Form):
    """The way, how many people, and for the regional way the countries."""

    strategy = forms.ChoiceField(
        label="Way", choices=[(one.value, one.replace("_", "-").capitalize()) for one in Strategy]
    )
    participants = forms.IntegerField(
        label="People an opportunity", min_value=1, max_value=MOST_PARTICIPANTS, required=False,
        help_text="The most people one opportunity is told to, shared among the tiers by weight."
        " Empty: no limit; the way then counts where a channel cannot carry it for all.",
    )  # fmt: skip
    countries = forms.MultipleChoiceField(
        required=False, widget=forms.SelectMultiple({"size": 8}),
        help_text="For the regional way: whose people come first.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        names = sorted(countries().items(), key=lambda one: one[1])
        self.fields["countries"].choices = names  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("strategy") == Strategy.REGIONAL and not given.get("countries"):
            self.add_error("countries", "The regional way needs at least one country.")
        return given


@admin.register(Distribution)
class DistributionAdmin(ReadOnlyAdmin):
    """One table of the kinds instead of a list of rows."""

    def get_urls(self) -> list[Any]:
        """With the address of one kind."""
        view = self.admin_site.admin_view(self.edit)
        name = "notifications_distribution_edit"
        return [path("<str:kind>/edit/", view, name=name), *super().get_urls()]

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """The table."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        stored = {row.kind: row for row in Distribution.objects.all()}
        context = {
            **self.admin_site.each_context(request),
            "title": "Distribution",
            "content_title": "Distribution",
            "lines": [
                _line(kind, stored.get(kind), may=request.user.has_perm(MAY)) for kind in Kind
            ],
            "ways": [(one.replace("_", "-").capitalize(), text) for one, text in MEANING.items()],
        }
        return TemplateResponse(request, "console/distribution.html", context)

    def edit(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Asks how one kind is to be shared out, and keeps it from the next fan-out on."""
        if not request.user.has_perm(MAY):
            raise PermissionDenied
        if kind not in set(Kind):
            raise Http404
        row = Distribution.objects.filter(kind=kind).first() or Distribution(kind=kind)
        form = DistributionForm(request.POST or None, initial=_columns(row))
        if request.method == "POST" and form.is_valid():
            _keep(request, kind, form.cleaned_data)
            messages.success(request, f"{kind.capitalize()} is shared out so from now on.")
            return HttpResponseRedirect(reverse("admin:notifications_distribution_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"How {kind} is shared out",
            "form": form,
            "ways": [(one.replace("_", "-").capitalize(), text) for one, text in MEANING.items()],
            "back": reverse("admin:notifications_distribution_changelist"),
        }
        return TemplateResponse(request, "console/distribution_form.html", context)


def _columns(row: Distribution) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("strategy", "participants", "countries")}


@transaction.atomic
@disable_auditlog()  # the line below says more
def _keep(request: HttpRequest, kind: str, given: Mapping[str, Any]) -> None:
    assert isinstance(request.user, User)
    Distribution.objects.get_or_create(kind=kind)
    row = Distribution.objects.select_for_update().get(kind=kind)
    before = _columns(row)
    for name in before:
        setattr(row, name, given[name])
    row.save()
    changes = {name: (old, given[name]) for name, old in before.items() if old != given[name]}
    audit.record("distribution.changed", row, changes=changes, by=request.user)


def _line(kind: Kind, row: Distribution | None, *, may: bool) -> dict[str, Any]:
    strategy = Strategy(row.strategy) if row else Strategy.BROADCAST
    lands = countries()
    named = [lands.get(code, code) for code in (row.countries if row else [])]
    return {
        "kind": kind.capitalize(),
        "strategy": strategy.replace("_", "-").capitalize(),
        "participants": row.participants if row else None,
        "countries": ", ".join(named) if strategy is Strategy.REGIONAL else "",
        "url": reverse("admin:notifications_distribution_edit", args=[kind]) if may else "",
    }
