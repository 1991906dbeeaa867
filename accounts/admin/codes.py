"""Single invitation codes: found by the whole code or its beginning, and revoked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from accounts.admin import asking, finding, told
from accounts.invitation_codes import CodeState, digest, state_of
from accounts.models import Invitation, Purpose
from arbedge.desk import COUNTED_AT_MOST, ReadOnlyAdmin, word
from arbedge.names import Door

CODE_TONES: Final = {
    CodeState.OPEN: "good",
    CodeState.USED_UP: "soft",
    CodeState.EXPIRED: "soft",
    CodeState.REVOKED: "warn",
}


def revoked(order: asking.Order, ids: Iterable[int]) -> str:
    """Revokes these codes, and says how many."""
    from accounts import invitations

    number = invitations.revoke(ids, door=Door.CONSOLE, by=order.by)
    return f"Revoked {number:,} {'code' if number == 1 else 'codes'}."


def _revoke(order: asking.Order) -> str:
    return revoked(order, order.ids)


REVOKE = asking.Deed(
    name="revoke",
    dangerous=True,
    label="Revoke…",
    question="Revoke {whom}?",
    consequence="Nobody can redeem them any more. Whoever came by one keeps what it gave.",
    button="Revoke",
    does=_revoke,
    form=asking.Sure,
    permission="accounts.change_invitation",
    objects=("code", "codes"),
    at_most=1_000,
)


class PurposeFilter(finding.ChoiceFilter):
    title, parameter_name, options = "purpose", "purpose", tuple(Purpose.choices)


@admin.register(Invitation)
class InvitationAdmin(asking.Doing, ReadOnlyAdmin):
    """The sealed code and its digest are not even read here."""

    list_display = ("__str__", "stands", "purpose", "used", "until")
    list_filter = (PurposeFilter,)
    search_fields = ("start",)  # shows the field; get_search_results searches
    search_help_text = "A whole code, or its first three characters"
    list_before_template = "console/people_bounded.html"
    counted_at_most = COUNTED_AT_MOST
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("__str__", "stands", "purpose", "used", "until", "made_at", "batch", "by",
              "revoked_at", "revoked_by", "came")  # fmt: skip
    readonly_fields = ("__str__", "stands", "used", "until", "by", "came")
    actions = ()
    deeds = (REVOKE,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        rows: QuerySet[Invitation] = super().get_queryset(request)
        return rows.defer("sealed", "digest")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Invitation],
        search_term: str,
    ) -> tuple[QuerySet[Invitation], bool]:
        """By the whole code or its beginning."""
        text = search_term.strip().upper()
        if not text:
            return queryset, False
        if len(text) <= finding.CODE_START:
            return queryset.filter(start__startswith=text), False
        return queryset.filter(digest=digest(text)), False

    @display(description="State")
    def stands(self, one: Invitation) -> str:
        """Whether it can be redeemed."""
        state = state_of(one, timezone.now())
        return word(CODE_TONES[state], state)

    @display(description="Used")
    def used(self, one: Invitation) -> str:
        """How often of how often."""
        return f"{one.uses:,} of {one.max_uses:,}"

    @display(description="Good until")
    def until(self, one: Invitation) -> str:
        """Its end."""
        return told.when(one.expires_at)

    @display(description="Whose")
    def by(self, one: Invitation) -> str:
        """Who invites by it."""
        return told.person(one.inviter)

    @display(description="Who came by it")
    def came(self, one: Invitation) -> str:
        """The newest fifty."""
        rows = one.redemptions.select_related("user").order_by("-pk")[:50]
        return told.table(
            ("Person", "When", "Door"),
            ((told.person(row.user), told.when(row.redeemed_at), row.door) for row in rows),
            empty="Nobody yet.",
        )
