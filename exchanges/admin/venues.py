"""Venues: how they stand, and what an operator may do about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action, display

from arbedge import breaker, writing
from arbedge.desk import DeskAdmin, confirm, word
from arbedge.errors import BadInput, NoData
from arbedge.names import Door
from exchanges import budget, pausing, routes, standing
from exchanges.models import (
    VenueRecord,
)

VENUE_TONES = {"well": "good", "late": "warn", "silent": "bad", "broken": "bad"}


class VenueFacts:
    """What the cache says of the venues, read once for the page."""

    @cached_property
    def standings(self) -> dict[str, standing.Standing]:
        """Venues by name; none where the cache is gone."""
        return {one.name: one for one in standing.known(time.time() * 1000)[0]}

    @cached_property
    def pools(self) -> list[dict[str, Any]]:
        """Request weights; none where the cache is gone."""
        try:
            return budget.usage(routes.configured(), time.time() * 1000)
        except NoData:
            return []

    @display(description="State")
    def state(self, record: VenueRecord) -> str:
        """Paused, or how it stands."""
        if record.paused:
            return word("warn", "paused", record.paused_reason)
        found = self.standings.get(record.name)
        if found is None:
            return word("soft", "unknown")
        return word(VENUE_TONES[found.word], found.word)

    @display(description="Data age")
    def age(self, record: VenueRecord) -> str:
        """The age of the oldest essential answer."""
        found = self.standings.get(record.name)
        return writing.age(found.age_s if found else None)

    @display(description="Breaker")
    def breakers(self, record: VenueRecord) -> str:
        """Every breaker that is not closed, why and until when."""
        found = self.standings.get(record.name)
        if found is None:
            return writing.UNKNOWN
        if not found.breakers:
            return word("good", "closed")
        told = "; ".join(breaker_words(one) for one in found.breakers)
        return word("bad", told)

    @display(description="Weight used")
    def weight(self, record: VenueRecord) -> str:
        """The fullest pool: what we used of what we allow ourselves, and what the venue says."""
        pools = [pool for pool in self.pools if pool["venue"] == record.name]
        if not pools:
            return writing.UNKNOWN
        fullest = max(pools, key=lambda pool: pool["used"] / pool["allowed"])
        said = "" if fullest["told"] is None else f", venue says {fullest['told']:,}"
        return f"{fullest['used']:,} of {fullest['allowed']:,} {fullest['pool']}{said}"

    @display(description="In time, 24 h")
    def reliability(self, record: VenueRecord) -> str:
        """Answers in time of all answers."""
        found = self.standings.get(record.name)
        return writing.share(found.reliability if found else None)


def breaker_words(one: standing.Breaker) -> str:
    """A breaker in words: where, why, until when."""
    until = datetime.fromtimestamp(one.until_ms / 1000, UTC)
    when = writing.relative(until, datetime.now(UTC))
    state = one.state.replace("_", " ")
    return f"{one.host} {state}, {one.reason.replace('_', ' ')}, until {when.removeprefix('in ')}"


@admin.register(VenueRecord)
class VenueAdmin(DeskAdmin):
    list_display_links = ("name",)
    search_fields = ("name",)
    actions = ("pause", "resume", "close_breakers")
    readonly_fields = ("name", "paused", "paused_reason", "paused_at", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("name", "paused", "paused_reason", "paused_at")}),
        ("Announced maintenance", {"fields": ("maintenance_from", "maintenance_until")}),
        ("For operators", {"fields": ("note", "created_at", "updated_at")}),
    )

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:  # noqa: ARG002
        facts = VenueFacts()
        return ("name", facts.state, facts.age, facts.breakers, facts.weight, facts.reliability)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  venues come from the settings
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    @action(description="Pause…", permissions=["change"])
    def pause(self, request: HttpRequest, rows: QuerySet[VenueRecord]) -> HttpResponse | None:
        """Stops anything from opening on these venues."""
        reason = confirm(
            self,
            request,
            rows,
            question=f"Pause {_names(rows)}?",
            consequence=(
                "Nothing opens there from the next scan on, and what is open is closed after a"
                " minute. Prices are still collected. Resume undoes it."
            ),
            button=f"Pause {len(rows)}",
            ask_reason="Why? Shown to everybody on the status page.",
        )
        if not isinstance(reason, str):
            return reason

        def pause(name: str, **who: Any) -> None:
            pausing.pause(name, reason, lasts=None, **who)

        self._decide(request, rows, pause, "Paused")
        return None

    @action(description="Resume…", permissions=["change"])
    def resume(self, request: HttpRequest, rows: QuerySet[VenueRecord]) -> HttpResponse | None:
        """Lets opportunities open on these venues again."""
        sure = confirm(
            self,
            request,
            rows,
            question=f"Resume {_names(rows)}?",
            consequence=(
                "Opportunities may open there again from the next scan on. A maintenance that is"
                " running ends with it."
            ),
            button=f"Resume {len(rows)}",
        )
        if not isinstance(sure, str):
            return sure
        self._decide(request, rows, pausing.resume, "Resumed")
        return None

    def _decide(
        self,
        request: HttpRequest,
        rows: QuerySet[VenueRecord],
        decide: Callable[..., object],
        done: str,
    ) -> None:
        """Does it to each of these venues and tells; to none of them where one refuses."""
        try:
            with transaction.atomic():
                for name in rows.order_by("name").values_list("name", flat=True):
                    decide(name, door=Door.CONSOLE, by=request.user, now=timezone.now())
        except BadInput as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, f"{done} {_names(rows)}.", messages.SUCCESS)

    @action(description="Close breakers…", permissions=["change"])
    def close_breakers(
        self, request: HttpRequest, rows: QuerySet[VenueRecord]
    ) -> HttpResponse | None:
        """Asks these venues again at once, whatever they said."""
        sure = confirm(
            self,
            request,
            rows,
            question=f"Close the breakers of {_names(rows)}?",
            consequence=(
                "Requests go out again at once. A venue that has banned this address may ban it"
                " for longer."
            ),
            button="Close breakers",
        )
        if not isinstance(sure, str):
            return sure
        names = {record.name for record in rows}
        try:
            told = [one for one in breaker.states() if one["venue"] in names]
            closed = sum(breaker.reset(one["venue"], one["host"]) for one in told)
        except NoData as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        self.message_user(request, f"Closed {closed} breakers.", messages.SUCCESS)
        return None


def _names(rows: Iterable[VenueRecord]) -> str:
    return ", ".join(record.name for record in rows)
