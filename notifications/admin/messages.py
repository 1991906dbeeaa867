"""Messages in the console: who was told of an opportunity, who was not and why."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from accounts.admin import told
from accounts.admin.finding import search
from accounts.models import User
from arbedge import writing
from arbedge.desk import ReadOnlyAdmin, word
from arbedge.names import Tier
from notifications.admin import words
from notifications.admin.deliveries import TopicFilter
from notifications.choosing import explain
from notifications.models import Delivery, DeliveryLog, Message, Slice
from notifications.names import SliceState
from opportunities.models import Opportunity

FOUND_AT_MOST: Final = 10
TIERS: Final = list(Tier)


class Whom(forms.Form):
    """Of whom "why not?" is asked."""

    q = forms.CharField(
        max_length=80, label="Person", help_text="Beginning of a name, e-mail or Telegram id"
    )


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """One thing that was told: its slices by tier, with everybody's reason counted."""

    list_display = ("about", "reached", "held_back", "happened")
    list_display_links = ("about",)
    list_filter = (TopicFilter,)
    search_fields = ("asset__istartswith", "fingerprint__istartswith")
    search_help_text = "Coin or fingerprint, from its beginning"
    ordering = ("-pk",)
    sortable_by = ()
    fields = ("about", "happened", "expires_at", "slices_told", "ends_told", "opportunity", "facts")
    readonly_fields = ("about", "happened", "slices_told", "ends_told", "opportunity")
    actions_detail = ("why",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("slices")

    @display(description="About")
    def about(self, one: Message) -> str:
        """The topic and the coin."""
        return words.about(one)

    @display(description="Eligible")
    def reached(self, one: Message) -> str:
        """How many were found eligible so far, and how many tiers are still waiting."""
        slices = list(one.slices.all())
        if not slices:
            return writing.NONE
        waiting = sum(piece.state == SliceState.OPEN for piece in slices)
        number = _sum(slices)["eligible"]
        return f"{number:,}" + (f", {waiting} tiers wait" if waiting else "")

    @display(description="Most were held back because they")
    def held_back(self, one: Message) -> str:
        """The most frequent reason."""
        counts = _sum(list(one.slices.all()))
        counts.pop("eligible", None)
        [(code, number)] = counts.most_common(1) or [("", 0)]
        return f"{number:,} {words.BY_CODE.get(code, code)}" if number else writing.NONE

    @display(description="When")
    def happened(self, one: Message) -> str:
        """When it happened on the market."""
        return told.when(one.at)

    @display(description="Who, by tier")
    def slices_told(self, one: Message) -> SafeString:
        """Each tier's slice: due when, how it ended, everybody's reason."""
        return slices_table(list(one.slices.all()))

    @display(description="Deliveries")
    def ends_told(self, one: Message) -> str:
        """How its deliveries stand."""
        counts = Counter[str]()
        for rows in (Delivery.objects.all(), DeliveryLog.objects.all()):
            states = rows.filter(message_id=one.pk).values("state").annotate(n=Count("pk"))
            counts.update({row["state"]: row["n"] for row in states})
        return "; ".join(f"{number:,} {state}" for state, number in counts.most_common()) or "none"

    @display(description="Opportunity")
    def opportunity(self, one: Message) -> str:
        """A link to it."""
        if one.opportunity_id is None:
            return writing.NONE
        text = f"{one.asset} {one.kind} #{one.opportunity_id}"
        return told.link("opportunities_opportunity_change", text, one.opportunity_id)

    @action(description="Why did somebody not get it?", url_path="why", permissions=["view"])
    def why(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Asks for a person and says which layer held the message back from him."""
        message = get_object_or_404(Message, pk=object_id)
        form = Whom(request.GET or None)
        answers = []
        if form.is_valid():
            people = search(User.objects.all(), form.cleaned_data["q"])[:FOUND_AT_MOST]
            answers = [(one, _explained(one, message)) for one in people]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Why did somebody not get “{self.about(message)}”?",
            "form": form,
            "asked": form.is_valid(),
            "answers": answers,
            "message": message,
        }
        return TemplateResponse(request, "console/why.html", context)


def slices_table(slices: list[Slice]) -> SafeString:
    """The slices of a message, follow-ups first, then by rising tier."""
    ordered = sorted(slices, key=lambda piece: -1 if piece.tier is None else piece.tier)
    rows = (
        (
            "who was told of the opening" if piece.tier is None else TIERS[piece.tier].value,
            writing.moment(piece.due_at),
            word(words.SLICE_TONES[SliceState(piece.state)], piece.state),
            words.counted(piece.counts or {}) or writing.NONE,
            writing.NONE if piece.took_ms is None else f"{piece.took_ms:.0f} ms",
        )
        for piece in ordered
    )
    return told.table(("Tier", "Due", "State", "Who", "Took"), rows, "Told to named recipients.")


def told_of(one: Opportunity) -> SafeString:
    """What was told of an opportunity and to how many: a part of its page in the console."""
    messages = Message.objects.filter(opportunity_id=one.pk).order_by("-pk")
    found = list(messages.prefetch_related("slices")[:FOUND_AT_MOST])
    if not found:
        return format_html('<p class="desk-soft">{}</p>', "Nothing was told of it.")
    rows = (
        (
            told.link("notifications_message_change", message.topic, message.pk),
            writing.moment(message.at),
            words.counted(_sum(list(message.slices.all()))) or writing.NONE,
        )
        for message in found
    )
    return told.table(("Message", "When", "Who"), rows)


def _sum(slices: list[Slice]) -> Counter[str]:
    total = Counter[str]()
    for piece in slices:
        total.update(piece.counts or {})
    return total


def _explained(person: User, message: Message) -> explain.Explanation:
    return explain.explain(person.pk, message.pk, timezone.now())
