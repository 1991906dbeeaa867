"""Coins and what is believed of them."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display

from accounts.models import User
from arbedge import writing
from arbedge.desk import ReadOnlyAdmin, VenueFilter, confirm, word
from arbedge.names import Verdict
from exchanges import verdicts
from exchanges.models import (
    CoinVerdict,
)

DOUBTFUL = (Verdict.DIVERGENT, Verdict.QUARANTINED)
VERDICT_TONES = {
    Verdict.SAME: "good",
    Verdict.VERIFIED: "good",
    Verdict.PROVISIONAL: "warn",
    Verdict.DIVERGENT: "bad",
    Verdict.QUARANTINED: "bad",
}


@admin.register(CoinVerdict)
class CoinVerdictAdmin(ReadOnlyAdmin):
    """Coins and what is believed of them; people confirm or reject."""

    list_display = ("coin", "believed", "distance", "source", "since")
    list_display_links = ("coin",)
    list_filter = ("verdict", VenueFilter, "market", "source")
    search_fields = ("asset",)
    list_select_related = ("decided_by",)
    actions = ("confirm_coin", "reject_coin", "withdraw_word")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Only for those who may change verdicts, though the rows themselves are read-only."""
        offered: dict[str, Any] = super().get_actions(request)
        return offered if request.user.has_perm("exchanges.change_coinverdict") else {}

    @display(description="Coin", ordering="asset")
    def coin(self, one: CoinVerdict) -> str:
        """The coin and where."""
        return f"{one.asset} on {one.venue}" + (f", {one.market}" if one.market else "")

    @display(description="Verdict", ordering="verdict")
    def believed(self, one: CoinVerdict) -> str:
        """The verdict with its tone."""
        return word(VERDICT_TONES[Verdict(one.verdict)], one.verdict, one.note)

    @display(description="Off the others", ordering="ratio")
    def distance(self, one: CoinVerdict) -> str:
        """How far its price lies from the other venues'."""
        return writing.share(one.ratio)

    @action(description="Confirm: it is the same coin…")
    def confirm_coin(
        self, request: HttpRequest, rows: QuerySet[CoinVerdict]
    ) -> HttpResponse | None:
        """A person's word that these coins are what their names say."""
        consequence = (
            "These coins count as what the other venues mean by the name, on all markets of their"
            " venue, whatever their price says. A wrong word here shows people trades that cannot"
            " work. Withdraw undoes it."
        )
        return self._decide(request, rows, "Confirm", consequence)

    @action(description="Reject: it is another coin…")
    def reject_coin(self, request: HttpRequest, rows: QuerySet[CoinVerdict]) -> HttpResponse | None:
        """A person's word that these coins are other ones."""
        consequence = (
            "Nothing with these coins opens on their venue, and what is open is closed after a"
            " minute. Withdraw undoes it."
        )
        return self._decide(request, rows, "Reject", consequence)

    @action(description="Withdraw a person's word…")
    def withdraw_word(
        self, request: HttpRequest, rows: QuerySet[CoinVerdict]
    ) -> HttpResponse | None:
        """Lets evidence decide again."""
        return self._decide(request, rows, "Withdraw", "Evidence decides again from the next scan.")

    def _decide(
        self, request: HttpRequest, rows: QuerySet[CoinVerdict], verb: str, consequence: str
    ) -> HttpResponse | None:
        coins = sorted({(one.asset, one.venue) for one in rows})
        what = f"{len(coins)} coin{'s' if len(coins) != 1 else ''}"
        sure = confirm(
            self, request, rows, question=f"{verb} {what}?", consequence=consequence, button=verb
        )
        if not isinstance(sure, str):
            return sure
        decide = {"Confirm": verdicts.confirm, "Reject": verdicts.reject}.get(
            verb, verdicts.withdraw
        )
        person = cast("User", request.user)
        for asset, venue in coins:
            decide(asset, venue, person)
        self.message_user(request, f"{verb}: {what}.", messages.SUCCESS)
        return None
