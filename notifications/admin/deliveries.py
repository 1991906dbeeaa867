"""Deliveries in the console: what waits, what failed and why, and trying the given-up again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import action, display

from accounts.admin import asking, told
from accounts.admin.finding import ChoiceFilter
from arbedge import writing
from arbedge.desk import ReadOnlyAdmin, word
from notifications import channel_health
from notifications.admin import words
from notifications.admin.owned import SearchedByRecipient
from notifications.codes import Code
from notifications.models import Attempt, Delivery, DeliveryLog, Message
from notifications.names import CHANNELS, DeliveryState, Topic
from notifications.sending import outbox

SLOW: Final = timedelta(seconds=30)
ATTEMPTS_SHOWN: Final = 50
REPLAYED_AT_ONCE: Final = 10_000


class StateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"
    options = tuple((one.value, one.value) for one in DeliveryState)


class ChannelFilter(ChoiceFilter):
    title, parameter_name = "channel", "channel"
    options = tuple((str(number), words.channel(number)) for number in range(len(CHANNELS)))


class TopicFilter(ChoiceFilter):
    title, parameter_name = "about", "topic"
    options = tuple((one.value, one.value.replace("_", " ")) for one in Topic)


class CodeFilter(ChoiceFilter):
    title, parameter_name = "reason", "code"
    options = tuple((one.value, one.value.replace("_", " ")) for one in Code)


class SlowFilter(ChoiceFilter):
    """Those that should have gone half a minute ago."""

    title, parameter_name, options = "slow", "slow", (("yes", "due for over 30 s"),)

    def narrow(self, rows: QuerySet[Delivery], chosen: str, now: datetime) -> QuerySet[Delivery]:  # noqa: ARG002
        """By the time they are due."""
        return rows.filter(state=DeliveryState.PENDING.value, due_at__lt=now - SLOW)


def _replay(order: asking.Order) -> str:
    number = outbox.replay(order.ids, by=order.by)
    left = len(order.ids) - number
    return f"{number:,} will be tried again." + (
        f" {left:,} had not failed, or are out of date." if left else ""
    )


REPLAY: Final = asking.Deed(
    name="replay",
    label="Try again…",
    question="Try {whom} again?",
    consequence="Each is sent anew from its first channel. Who got it after all gets it twice.",
    button="Try again",
    does=_replay,
    form=asking.Sure,
    permission="notifications.change_delivery",
    objects=("delivery", "deliveries"),
    at_most=REPLAYED_AT_ONCE,
)


class ToldAdmin(SearchedByRecipient, ReadOnlyAdmin):
    """What queue and log show alike."""

    list_display = ("about", "who", "stands", "by", "tried", "made")
    list_display_links = ("about",)
    search_fields = ("recipient_id",)
    search_help_text = "Name, e-mail or Telegram id of the person, from its beginning"
    ordering = ("-pk",)
    sortable_by = ()
    fields = (
        "about", "who", "stands", "by", "order", "attempts_told", "silent", "counted", "language",
        "cohort", "variant", "created_at", "due_at", "sent_at", "settled_at", "figures",
    )  # fmt: skip
    readonly_fields = (
        "about",
        "who",
        "stands",
        "by",
        "order",
        "attempts_told",
        "cohort",
        "figures",
    )

    @display(description="About")
    def about(self, one: Any) -> str:
        """What is told, of which coin; of a message that is pruned its number."""
        if not hasattr(one, "message_about"):
            self.prepare([one])
        return str(one.message_about or f"{one.topic.replace('_', ' ')} #{one.message_id}")

    def prepare(self, rows: list[Any]) -> None:
        """The names of the recipients, and what the messages are about."""
        super().prepare(rows)
        found = Message.objects.only("topic", "asset", "kind")
        known = found.in_bulk({row.message_id for row in rows})
        for row in rows:
            message = known.get(row.message_id)
            row.message_about = "" if message is None else words.about(message)

    @display(description="State")
    def stands(self, one: Any) -> str:
        """Where it stands and why."""
        return words.stands(one)

    @display(description="Channel")
    def by(self, one: Any) -> str:
        """The channel being tried, or the one that ended it."""
        return words.channel(one.channel)

    @display(description="Tries")
    def tried(self, one: Any) -> int:
        """Claims on the present channel."""
        return int(one.attempts)

    @display(description="Made")
    def made(self, one: Any) -> str:
        """When it was written."""
        return told.when(one.created_at)

    @display(description="Order of channels")
    def order(self, one: Any) -> str:
        """The recipient's channels, the present one marked."""
        shown = [words.channel(number) for number in one.channels]
        if one.place < len(shown):
            shown[one.place] = f"[{shown[one.place]}]"
        return " → ".join(shown) + (" (all of them)" if one.to_all else "")

    @display(description="Figures of")
    def cohort(self, one: Any) -> str:
        """What the recipient's own figures were made for."""
        return f"${one.notional_usd:,} over {one.horizon_hours} h, {one.zone}"

    @display(description="Attempts")
    def attempts_told(self, one: Any) -> str:
        """Every try on every channel, the newest first."""
        tries = Attempt.objects.filter(delivery_id=one.pk).order_by("-at")[:ATTEMPTS_SHOWN]
        rows = (
            (
                writing.moment(each.at), each.channel, each.outcome, each.code.replace("_", " "),
                each.detail, f"{each.took_ms:.0f} ms",
            )
            for each in tries
        )  # fmt: skip
        head = ("When", "Channel", "Outcome", "Code", "What the other side said", "Took")
        return told.table(head, rows, "None yet.")

    @display(description="Message")
    def figures(self, one: Any) -> str:
        """A link to the message whose figures are told."""
        number = one.facts_of_id
        if not Message.objects.filter(pk=number).exists():
            return "pruned"
        return told.link("notifications_message_change", f"message {number}", number)


@admin.register(Delivery)
class DeliveryAdmin(asking.Doing, ToldAdmin):
    """The queue; the health of the channels is a button away."""

    list_filter = (StateFilter, ChannelFilter, TopicFilter, CodeFilter, SlowFilter)
    actions = ()
    actions_list = ("channels",)
    deeds = (REPLAY,)

    @action(description="Channels", url_path="channels", permissions=["view"])
    def channels(self, request: HttpRequest) -> HttpResponse:
        """How every channel does now."""
        now = timezone.now()
        context = {
            **self.admin_site.each_context(request),
            "title": "Channels",
            "content_title": "Channels",
            "age": writing.duration(channel_health.queue_age_s(now) or 0),
            "dead": channel_health.dead_letters(),
            "lines": [_line(one) for one in channel_health.report(now)],
            "as_of": writing.moment(now),
        }
        return TemplateResponse(request, "console/channels.html", context)


@admin.register(DeliveryLog)
class DeliveryLogAdmin(ToldAdmin):
    """What ended, for ninety days; the newest first."""

    list_filter = (StateFilter, ChannelFilter, TopicFilter, CodeFilter)
    ordering = ("-settled_at",)


def _line(one: channel_health.Health) -> dict[str, Any]:
    """One channel for the page: its state in a word, and its figures as text."""
    slow = (one.oldest_s or 0) > SLOW.total_seconds()
    if one.breakers:
        state = word("bad", "not asked now", "; ".join(one.breakers))
    elif slow:
        state = word("warn", "behind")
    elif one.failed > one.sent:
        state = word("warn", "failing")
    elif one.sent or one.waiting:
        state = word("good", "sends")
    else:
        state = word("soft", "quiet")
    reasons = ", ".join(
        f"{number:,} {code.replace('_', ' ')}" for code, number in one.failures.most_common(4)
    )
    return {
        "name": one.channel.value.replace("_", " "),
        "state": state,
        "waiting": f"{one.waiting:,}",
        "oldest": writing.NONE if one.oldest_s is None else writing.duration(one.oldest_s),
        "sent": f"{one.sent:,}",
        "failed": f"{one.failed:,}" + (f" ({reasons})" if reasons else ""),
        "took": writing.NONE
        if one.median_ms is None
        else f"{one.median_ms:.0f} / {one.p95_ms or 0:.0f} ms",
        "breakers": one.breakers,
    }
