"""Where recipients are reached: addresses, chats of the bot, and who is left alone."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts import audit
from accounts.admin import asking, told
from accounts.admin.finding import ChoiceFilter
from accounts.admin.owned import OfPeopleAdmin
from arbedge import writing
from arbedge.desk import ReadOnlyAdmin, word
from arbedge.names import Channel, Door
from notifications.addressing import suppressions
from notifications.admin.owned import SearchedByRecipient
from notifications.models import Address, Chat, Suppression
from notifications.names import AddressState, ChatType
from notifications.telegram import chats

TONES: Final = {
    AddressState.ACTIVE: "good",
    AddressState.UNVERIFIED: "warn",
    AddressState.DISABLED: "bad",
}
CHANNELS: Final = tuple((one.value, one.value.replace("_", " ")) for one in Channel)


class ChannelFilter(ChoiceFilter):
    title, parameter_name, options = "channel", "channel", CHANNELS


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"
    options = tuple((one.value, one.value) for one in AddressState)


class TypeFilter(ChoiceFilter):
    title, parameter_name = "type", "type"
    options = tuple((one.value, one.value) for one in ChatType)


@admin.register(Address)
class AddressAdmin(SearchedByRecipient, ReadOnlyAdmin):
    """The sealed address and its digest are not even read."""

    list_display = ("where", "who", "stands", "failures", "added")
    list_display_links = ("where",)
    list_filter = (ChannelFilter, StateFilter)
    search_fields = ("shown",)
    search_help_text = "Beginning of the owner's name, e-mail, @name or Telegram id"
    ordering = ("-pk",)
    sortable_by = ()
    fields = (
        "where", "who", "stands", "failures", "created_at", "verified_at", "disabled_at",
    )  # fmt: skip
    readonly_fields = ("where", "who", "stands")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Address]:
        rows: QuerySet[Address] = super().get_queryset(request)
        return rows.defer("sealed", "digest")

    @display(description="Address")
    def where(self, one: Address) -> str:
        """The channel and what is shown of the address."""
        return f"{one.channel.replace('_', ' ')} {one.shown}"

    @display(description="State")
    def stands(self, one: Address) -> str:
        """Whether it may be used, and why not."""
        problem = f": {one.problem.replace('_', ' ')}" if one.problem else ""
        return word(TONES[AddressState(one.state)], f"{one.state}{problem}")

    @display(description="Added")
    def added(self, one: Address) -> str:
        """When it was added."""
        return told.when(one.created_at)


def _lift(order: asking.Order) -> str:
    with transaction.atomic(), audit.doing(Door.CONSOLE, order.by):
        number = sum(
            suppressions.lift(
                Channel(one.channel), bytes(one.digest), staff=order.by, why=order.reason
            )
            for one in Suppression.objects.filter(pk__in=order.ids).order_by("pk")
        )
    return f"{number:,} may be written to again."


LIFT: Final = asking.Deed(
    name="lift",
    label="Write to them again…",
    question="Write to {whom} again?",
    consequence="Whoever asked to be left alone is written to again. Do this only when the owner of"
    " the address asked for it.",
    button="Write again",
    does=_lift,
    permission="notifications.delete_suppression",
    objects=("address", "addresses"),
    dangerous=True,
)


@admin.register(Suppression)
class SuppressionAdmin(asking.Doing, ReadOnlyAdmin):
    """Addresses nobody writes to: unsubscribed, bounced, complained or barred."""

    list_display = ("shown", "channel", "why", "since")
    list_filter = (ChannelFilter,)
    search_fields = ("shown__istartswith",)
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("shown", "channel", "why", "since")
    readonly_fields = ("why", "since")
    actions = ()
    deeds = (LIFT,)

    @display(description="Why")
    def why(self, one: Suppression) -> str:
        """The reason in words."""
        return one.reason.replace("_", " ")

    @display(description="Since")
    def since(self, one: Suppression) -> str:
        """Since when."""
        return told.when(one.at)


def _paused(*, wanted: bool) -> Any:
    def act(order: asking.Order) -> str:
        number = chats.switch(
            order.ids, paused=wanted, door=Door.CONSOLE, by=order.by, reason=order.reason
        )
        return f"{number:,} {'paused' if wanted else 'hear of opportunities again'}."

    return act


PAUSE: Final = asking.Deed(
    name="pause",
    label="Pause…",
    question="Pause {whom}?",
    consequence="Nothing is written there until it is resumed.",
    button="Pause",
    does=_paused(wanted=True),
    permission="notifications.change_chat",
    objects=("chat", "chats"),
)
RESUME: Final = asking.Deed(
    name="resume",
    label="Resume…",
    question="Resume {whom}?",
    consequence="Opportunities that open from now on are written there.",
    button="Resume",
    does=_paused(wanted=False),
    form=asking.Sure,
    permission="notifications.change_chat",
    objects=("chat", "chats"),
)


@admin.register(Chat)
class ChatAdmin(asking.Doing, OfPeopleAdmin):
    """Groups and channels that get opportunities of their own."""

    owner = "registered_by_id"
    list_display = ("__str__", "type", "person", "stands", "joined")
    list_filter = (TypeFilter,)
    list_select_related = ("registered_by",)
    fields = (
        "title", "type", "telegram_id", "person", "stands", "language", "zone", "figures",
        "least", "joined",
    )  # fmt: skip
    readonly_fields = ("person", "stands", "figures", "least", "joined")
    actions = ()
    deeds = (PAUSE, RESUME)

    @display(description="Registered by")
    def person(self, one: Chat) -> str:
        """By whose tier it is served."""
        return told.person(one.registered_by)

    @display(description="State")
    def stands(self, one: Chat) -> str:
        """Whether it is written to."""
        if one.gone:
            return word("bad", f"gone: {one.gone.replace('_', ' ')}")
        return word("warn", "paused") if one.paused else word("good", "active")

    @display(description="Figures for")
    def figures(self, one: Chat) -> str:
        """The size and horizon its posts are made for."""
        return f"{writing.money(one.notional_usd)} over {writing.hours(one.horizon_hours)}"

    @display(description="Least net")
    def least(self, one: Chat) -> str:
        """What pays less is not posted there."""
        return writing.percent(one.min_net)

    @display(description="Since")
    def joined(self, one: Chat) -> str:
        """When it was registered."""
        return told.when(one.created_at)
