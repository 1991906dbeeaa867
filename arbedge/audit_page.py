"""The audit log in the console: read-only, filtered by index, never counted to the end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any, Final

from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import TextFilter
from unfold.views import ChangeList

from arbedge import writing
from arbedge.desk import ReadOnlyAdmin, word
from arbedge.names import Door

PEOPLE_AT_MOST: Final = 50
LONGEST_TOLD: Final = 160
CHANGES_HEAD: Final = SafeString("<tr><th>Field</th><th>Before</th><th>After</th></tr>")
PERIODS: Final = {"1h": ("Past hour", 1), "24h": ("Past day", 24), "7d": ("Past week", 168),
                  "30d": ("Past 30 days", 720)}  # fmt: skip


def fact(entry: LogEntry, name: str) -> Any:
    """One of the facts kept beside a line: what, whom, door, who, security."""
    return (entry.additional_data or {}).get(name)


def with_facts(lines: QuerySet[LogEntry], **facts: str) -> QuerySet[LogEntry]:
    """The lines with these facts, by the indexes on them; `what__startswith` and the like too."""
    names = {lookup.partition("__")[0] for lookup in facts}
    known = {f"fact_{name}": KeyTextTransform(name, "additional_data") for name in names}
    found: QuerySet[LogEntry] = lines.alias(**known)
    return found.filter(**{f"fact_{look}": text for look, text in facts.items()})


def people(text: str) -> list[int]:
    """Ids of the people an operator means: an id, or the beginning of a name or address."""
    if text.isascii() and text.isdigit():
        return [int(text)]
    found: set[int] = set()
    for column in ("username", "name", "email"):
        rows = get_user_model().objects.alias(lower=Lower(column))
        rows = rows.filter(lower__startswith=text.lower()).order_by("pk")
        found.update(rows.values_list("pk", flat=True)[:PEOPLE_AT_MOST])
    return sorted(found)


class WhoFilter(TextFilter):  # type: ignore[misc]  # Unfold has no types
    """By who did it."""

    title = "who (id or name)"
    parameter_name = "who"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        return queryset.filter(actor__in=people(self.value())) if self.value() else queryset


class WhomFilter(TextFilter):  # type: ignore[misc]
    """By whom it was done to."""

    title = "whom (id or name)"
    parameter_name = "whom"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if not self.value():
            return queryset
        meant = [str(number) for number in people(self.value())]
        if len(meant) == 1:
            return with_facts(queryset, whom=meant[0])
        return with_facts(queryset, whom__in=meant)  # type: ignore[arg-type]


class WhatFilter(TextFilter):  # type: ignore[misc]
    """By the beginning of what was done."""

    title = "what (such as login.)"
    parameter_name = "what"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        text = (self.value() or "").strip().lower().replace(" ", "_")
        return with_facts(queryset, what__startswith=text) if text else queryset


class AddressFilter(TextFilter):  # type: ignore[misc]
    """By the address it came from."""

    title = "IP address"
    parameter_name = "ip"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if not self.value():
            return queryset
        try:
            return queryset.filter(remote_addr=str(ip_address(self.value().strip())))
        except ValueError:
            return queryset.none()


class DoorFilter(admin.SimpleListFilter):
    """By the door it came through."""

    title = "door"
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:  # noqa: ARG002
        return [(door.value, door.value) for door in Door]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        return with_facts(queryset, door=self.value()) if self.value() else queryset  # type: ignore[arg-type]


class SecurityFilter(admin.SimpleListFilter):
    """Security events only."""

    title = "security"
    parameter_name = "security"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:  # noqa: ARG002
        return [("true", "Security events")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        return with_facts(queryset, security="true") if self.value() == "true" else queryset


class PeriodFilter(admin.SimpleListFilter):
    """By when it was done."""

    title = "when"
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:  # noqa: ARG002
        return [(key, title) for key, (title, _) in PERIODS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        period = PERIODS.get(self.value() or "")
        if period is None:
            return queryset
        return queryset.filter(timestamp__gte=timezone.now() - timedelta(hours=period[1]))


class NamedChangeList(ChangeList):  # type: ignore[misc]
    """Looks up the names of the people on a page in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        entries: list[LogEntry] = list(self.result_list)  # type: ignore[has-type]
        wanted = {number for entry in entries if (number := fact(entry, "whom")) is not None}
        named = get_user_model().objects.in_bulk(wanted) if wanted else {}
        for entry in entries:
            entry.whom = named.get(fact(entry, "whom"))
        self.result_list = entries


class LogEntryAdmin(ReadOnlyAdmin):
    """Who did what to whom, when, from where."""

    list_display = ("when", "who", "what", "to_whom", "subject", "where")
    list_display_links = ("when",)
    list_select_related = ("actor", "content_type")
    list_filter = (WhoFilter, WhomFilter, WhatFilter, DoorFilter, SecurityFilter, PeriodFilter,
                   AddressFilter)  # fmt: skip
    list_filter_submit = True
    ordering = ("-timestamp", "-id")
    fields = ("when", "who", "what", "to_whom", "subject", "where", "trace", "changed")
    readonly_fields = fields

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NamedChangeList]:  # noqa: ARG002
        return NamedChangeList

    @admin.display(description="When (UTC)", ordering="timestamp")
    def when(self, entry: LogEntry) -> str:
        return f"{entry.timestamp:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Who")
    def who(self, entry: LogEntry) -> SafeString | str:
        if entry.actor is not None:
            return _person(entry.actor)
        number = fact(entry, "who")
        return f"#{number} (deleted)" if number else "nobody logged in"

    @admin.display(description="What")
    def what(self, entry: LogEntry) -> SafeString | str:
        told = str(fact(entry, "what") or entry.get_action_display())
        told = told.replace(".", ": ", 1).replace("_", " ")
        return word("warn", told, "Security event") if fact(entry, "security") else told

    @admin.display(description="To whom")
    def to_whom(self, entry: LogEntry) -> SafeString | str:
        number = fact(entry, "whom")
        if number is None:
            return writing.NONE
        person = getattr(entry, "whom", None) or get_user_model().objects.filter(pk=number).first()
        return _person(person) if person else f"#{number} (deleted)"

    @admin.display(description="Subject")
    def subject(self, entry: LogEntry) -> SafeString | str:
        kind = entry.content_type.name if entry.content_type else ""
        told = f"{kind} {entry.object_repr}".strip()[:LONGEST_TOLD]
        try:
            address = reverse(
                f"admin:{entry.content_type.app_label}_{entry.content_type.model}_change",
                args=[entry.object_pk],
            )
        except NoReverseMatch:
            return told
        return format_html('<a href="{}" class="desk-link">{}</a>', address, told)

    @admin.display(description="From where")
    def where(self, entry: LogEntry) -> str:
        return " · ".join(filter(None, (fact(entry, "door"), entry.remote_addr))) or "unknown"

    @admin.display(description="Request or task")
    def trace(self, entry: LogEntry) -> str:
        return entry.cid or writing.NONE

    @admin.display(description="Changes")
    def changed(self, entry: LogEntry) -> SafeString | str:
        rows = format_html_join(
            "", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
            ((name, *_before_after(change)) for name, change in (entry.changes or {}).items()),
        )  # fmt: skip
        if not rows:
            return "none"
        return format_html('<table class="desk-table">{}{}</table>', CHANGES_HEAD, rows)


def _person(person: Any) -> SafeString:
    address = reverse("admin:accounts_user_change", args=[person.pk])
    return format_html('<a href="{}" class="desk-link">{}</a>', address, person)


def _before_after(change: Any) -> tuple[str, str]:
    if isinstance(change, list) and len(change) == 2:
        before, after = ("" if value in {None, "None"} else str(value) for value in change)
        return before or writing.NONE, after or writing.NONE
    if isinstance(change, dict) and change.get("type") == "m2m":
        return writing.NONE, f"{change.get('operation')}: {', '.join(change.get('objects', []))}"
    return writing.NONE, str(change)
