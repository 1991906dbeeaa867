"""What console pages share: read-only tables, bounded counts, words with a dot, confirmations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, cast

from django.conf import settings
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

COUNTED_AT_MOST: Final = 10_000
TONES: Final = {"good": "●", "warn": "■", "bad": "■", "soft": "○"}


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than 10,000 rows: a big table is searched, not leafed through."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Model]", self.object_list)
        return rows.order_by()[:COUNTED_AT_MOST].count()


class DeskAdmin(ModelAdmin):  # type: ignore[misc]  # Unfold has no types
    """A table of the console: no count of everything, fifty rows a page."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = False


class ReadOnlyAdmin(DeskAdmin):
    """A table the machine writes and people read."""

    actions: Any = None

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class VenueFilter(admin.SimpleListFilter):
    """By venue, from the settings instead of a search through the table."""

    title = "venue"
    parameter_name = "venue"
    fields: Sequence[str] = ("venue",)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return [(name, name) for name in (*settings.VENUES, *settings.EXTRA_VENUES)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if self.value() is None:
            return queryset
        rows = [queryset.filter(**{field: self.value()}) for field in self.fields]
        return rows[0] if len(rows) == 1 else rows[0] | rows[1]


class LegVenueFilter(VenueFilter):
    """By a venue of either leg."""

    fields = ("long_venue", "short_venue")


def word(tone: str, text: str, detail: str = "") -> SafeString:
    """A state as a word with a dot, in its tone; `detail` is told on hover."""
    return format_html(
        '<span class="desk-{}" title="{}">{} {}</span>', tone, detail, TONES[tone], text
    )


def confirm(
    page: ModelAdmin,
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    question: str,
    consequence: str,
    button: str,
    ask_reason: str = "",
) -> TemplateResponse | str:
    """Asks before an action acts.

    Returns the page that asks; once the answer is yes, the reason given, or "" where none is asked
    for. An empty reason where one is asked for asks again.
    """
    reason = request.POST.get("reason", "").strip()
    if request.POST.get("sure") == "yes" and (reason or not ask_reason):
        return reason
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": question,
        "consequence": consequence,
        "button": button,
        "ask_reason": ask_reason,
        "rows": rows,
        "action": request.POST.get("action", ""),
        "missing": request.POST.get("sure") == "yes",
    }
    return TemplateResponse(request, "console/confirm.html", context)
