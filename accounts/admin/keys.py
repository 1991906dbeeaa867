"""Keys and tokens of people: whose, what they may do, whether they work. Never what opens them."""

from __future__ import annotations

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from accounts.admin import asking, belongings, finding, told
from accounts.admin.owned import OfPeopleAdmin
from accounts.models import ApiToken, StoredKey
from accounts.models.key import KeyKind, KeyState
from arbedge.names import Door


class KeyKindFilter(finding.ChoiceFilter):
    title, parameter_name, options = "kind", "kind", tuple(KeyKind.choices)


class KeyStateFilter(finding.ChoiceFilter):
    title, parameter_name, options = "state", "state", tuple(KeyState.choices)


@admin.register(StoredKey)
class KeyAdmin(OfPeopleAdmin):
    """The sealed text and its digest are not even read."""

    list_display = ("__str__", "person", "may", "stands", "checked")
    list_filter = (KeyKindFilter, KeyStateFilter)
    fields = (
        "person", "kind", "provider", "base_url", "label", "ending", "may", "stands", "problem",
        "made_at", "checked_at", "used_at", "expires_at",
    )  # fmt: skip
    readonly_fields = ("person", "ending", "may", "stands")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredKey]:
        rows: QuerySet[StoredKey] = super().get_queryset(request)
        return rows.defer("sealed", "digest")

    @display(description="Ends with")
    def ending(self, one: StoredKey) -> str:
        """All that is shown of a key."""
        return f"…{one.last4}"

    @display(description="May")
    def may(self, one: StoredKey) -> str:
        """What its venue says it may."""
        return belongings.rights(one)

    @display(description="State")
    def stands(self, one: StoredKey) -> str:
        """Whether it is used."""
        return belongings.key_state(one)

    @display(description="Checked")
    def checked(self, one: StoredKey) -> str:
        """When its venue was last asked."""
        return told.when(one.checked_at)


def _revoke(order: asking.Order) -> str:
    from accounts import tokens

    rows = ApiToken.objects.filter(pk__in=order.ids, revoked_at__isnull=True)
    with transaction.atomic():
        owners = list(rows.values_list("user_id", "pk"))
        for user_id, token_id in owners:
            tokens.revoke(user_id, token_id, door=Door.CONSOLE, now=timezone.now(), by=order.by)
    return f"Revoked {len(owners):,} {'token' if len(owners) == 1 else 'tokens'}."


REVOKE = asking.Deed(
    name="revoke",
    dangerous=True,
    label="Revoke…",
    question="Revoke {whom}?",
    consequence="Programs that use it are refused from their next request on. There is no way"
    " back: the owner makes a new one.",
    button="Revoke",
    does=_revoke,
    form=asking.Sure,
    permission="accounts.change_apitoken",
    objects=("token", "tokens"),
    at_most=500,
    named=lambda one: f"{one} of {one.user}",
)


@admin.register(ApiToken)
class TokenAdmin(asking.Doing, OfPeopleAdmin):
    """Known by its prefix; the digest is not even read."""

    list_display = ("__str__", "person", "scopes_told", "stands", "used")
    fields = ("person", "name", "shown_prefix", "scopes_told", "stands", "made_at", "used_at",
              "expires_at", "revoked_at")  # fmt: skip
    readonly_fields = ("person", "shown_prefix", "scopes_told", "stands")
    actions = ()
    deeds = (REVOKE,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        rows: QuerySet[ApiToken] = super().get_queryset(request)
        return rows.defer("digest")

    @display(description="Begins with")
    def shown_prefix(self, one: ApiToken) -> str:
        """What the owner sees of it too."""
        return f"ae_{one.prefix}_…"

    @display(description="Scopes")
    def scopes_told(self, one: ApiToken) -> str:
        """What it opens."""
        return ", ".join(one.scopes)

    @display(description="State")
    def stands(self, one: ApiToken) -> str:
        """Whether it still opens anything."""
        return belongings.token_state(one)

    @display(description="Used")
    def used(self, one: ApiToken) -> str:
        """When it was last used."""
        return told.when(one.used_at)
