"""What scans held back, what trades came to, and what was pruned."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from unfold.decorators import display

from arbedge import writing
from arbedge.desk import LegVenueFilter, ReadOnlyAdmin, word
from arbedge.names import REJECTING_MASK, Reason
from opportunities import board
from opportunities.admin.told import meanings, table
from opportunities.models import (
    NearMiss,
    Outcome,
    PruneRun,
    ScanRecord,
)
from opportunities.reasons import MEANING, from_mask


class ReasonFilter(admin.SimpleListFilter):
    """By a rejecting reason."""

    title = "reason"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        return [(one.code, one.code.replace("_", " ")) for one in Reason if one.rejects]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        wanted = [one for one in Reason if one.code == self.value()]
        if not wanted:
            return queryset
        return queryset.extra(where=["reasons & %s <> 0"], params=[1 << wanted[0]])


@admin.register(NearMiss)
class NearMissAdmin(ReadOnlyAdmin):
    list_display = ("trade", "best", "last", "because", "last_seen")
    list_display_links = ("trade",)
    list_filter = ("kind", ReasonFilter, LegVenueFilter)
    search_fields = ("asset__istartswith",)
    ordering = ("-last_seen",)
    readonly_fields = ("reasons_told",)

    @display(description="Trade", ordering="asset")
    def trade(self, one: NearMiss) -> str:
        """Kind, coin and legs."""
        return f"{one.asset} {one.kind}  ▲ {one.long_venue} ▼ {one.short_venue}"

    @display(description="Best net / needed", ordering="best_net")
    def best(self, one: NearMiss) -> str:
        """The best net ever seen, and the threshold."""
        return f"{writing.percent(one.best_net, 3)} / {writing.share(one.threshold, 3)}"

    @display(description="Last net", ordering="last_net")
    def last(self, one: NearMiss) -> str:
        """The net last seen."""
        return writing.percent(one.last_net, 3)

    @display(description="Held back because")
    def because(self, one: NearMiss) -> str:
        """Rejecting codes, their meaning on hover."""
        told = from_mask(one.reasons & REJECTING_MASK)
        return format_html_join(
            ", ", '<span title="{}">{}</span>', ((MEANING[r], r.code) for r in told)
        )

    @display(description="Reasons")
    def reasons_told(self, one: NearMiss) -> str:
        """Every reason with its meaning."""
        return meanings(one.reasons)


@admin.register(ScanRecord)
class ScanRecordAdmin(ReadOnlyAdmin):
    list_display = ("as_of", "took", "candidates", "live", "held_back")
    ordering = ("-as_of",)
    fields = ("as_of", "took", "candidates", "live", "opened", "closed", "counts_told", "versions")
    readonly_fields = ("took", "counts_told")

    @display(description="Took", ordering="took_ms")
    def took(self, one: ScanRecord) -> str:
        """How long it took."""
        return f"{one.took_ms:,.0f}{writing.THIN}ms"

    @display(description="Held back most by")
    def held_back(self, one: ScanRecord) -> str:
        """The three busiest gates."""
        told = board.held_back(one.counts)[:3]
        return ", ".join(f"{code.replace('_', ' ')} {count:,}" for code, count in told)

    @display(description="Candidates by reason")
    def counts_told(self, one: ScanRecord) -> str:
        """Every count with the code's meaning, notes included."""
        words = {reason.code: text for reason, text in MEANING.items()}
        told = sorted(one.counts.items(), key=lambda item: -item[1])
        rows = ((code, words.get(code, ""), f"{count:,}") for code, count in told)
        return table(("Code", "Meaning", "Candidates"), rows)


@admin.register(PruneRun)
class PruneRunAdmin(ReadOnlyAdmin):
    list_display = ("table", "started_at", "removed_of_due", "took", "outcome")
    list_filter = ("table", "dry_run", "finished")
    ordering = ("-started_at",)

    @display(description="Removed of due")
    def removed_of_due(self, one: PruneRun) -> str:
        """Rows removed of those that were due."""
        return f"{one.removed:,} of {one.due:,}"

    @display(description="Took")
    def took(self, one: PruneRun) -> str:
        """How long it ran."""
        if one.ended_at is None:
            return writing.UNKNOWN
        return writing.duration((one.ended_at - one.started_at).total_seconds())

    @display(description="Outcome")
    def outcome(self, one: PruneRun) -> str:
        """Dry run, finished or more to do."""
        if one.dry_run:
            return word("soft", "dry run")
        return word("good", "finished") if one.finished else word("warn", "more to do")


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    list_display = ("trade", "checkpoint", "promised_shown", "total_shown", "judged")
    list_display_links = ("trade",)
    list_filter = ("checkpoint", "status", "success")
    search_fields = ("followed__asset__istartswith",)
    list_select_related = ("followed",)
    ordering = ("-due_at",)

    @display(description="Trade")
    def trade(self, one: Outcome) -> str:
        """The trade followed."""
        return str(one.followed)

    @display(description="Promised", ordering="promised")
    def promised_shown(self, one: Outcome) -> str:
        """What was promised by then."""
        return writing.percent(one.promised)

    @display(description="On paper", ordering="total")
    def total_shown(self, one: Outcome) -> str:
        """What it came to."""
        return writing.NONE if one.total is None else writing.percent(one.total)

    @display(description="Judged", ordering="success")
    def judged(self, one: Outcome) -> str:
        """Kept, broken, or not known."""
        if one.success is None:
            return word("soft", one.status.replace("_", " "))
        return word("good", "kept") if one.success else word("bad", "broken")
