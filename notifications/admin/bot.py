"""The bot in the console: updates of Telegram's, feedback, conversations, people's own names."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin import asking, told
from accounts.admin.finding import ChoiceFilter
from accounts.admin.owned import OfPeopleAdmin
from accounts.models import User
from arbedge import writing
from arbedge.desk import ReadOnlyAdmin, word
from notifications.bot.staff import told_us
from notifications.models import Alias, BotUpdate, Feedback, Talk
from notifications.models.bot import UpdateState

TONES: Final = {
    UpdateState.WAITING: "soft",
    UpdateState.ANSWERING: "soft",
    UpdateState.DONE: "good",
    UpdateState.FAILED: "bad",
}
KINDS: Final = ("message", "callback_query", "my_chat_member", "edited_message", "channel_post")
SHOWN: Final = 90


class UpdateStateFilter(ChoiceFilter):
    title, parameter_name = "state", "state"
    options = tuple((str(one.value), str(one.label)) for one in UpdateState)


class KindFilter(ChoiceFilter):
    title, parameter_name = "kind", "kind"
    options = tuple((one, one.replace("_", " ")) for one in KINDS)


@admin.register(BotUpdate)
class BotUpdateAdmin(ReadOnlyAdmin):
    """What Telegram sent, without a word of it: people type keys. The text is not even read."""

    list_display = ("number", "what", "stands", "attempts", "took", "came")
    list_display_links = ("number",)
    list_filter = (UpdateStateFilter, KindFilter)
    search_fields = ("update_id",)
    search_help_text = "Number of the update, or the Telegram id of a person or chat, in full"
    ordering = ("-pk",)
    sortable_by = ()
    fields = (
        "number", "what", "lane", "who", "stands", "attempts", "took", "came", "due_at",
        "settled_at", "answers",
    )  # fmt: skip
    readonly_fields = ("number", "what", "who", "stands", "took", "came", "answers")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BotUpdate]:
        rows: QuerySet[BotUpdate] = super().get_queryset(request)
        return rows.defer("sealed", "calls")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """By the update's number, else by its lane."""
        text = search_term.strip()
        if not text:
            return queryset, False
        if not text.removeprefix("-").isdecimal() or len(text) > 18:
            return queryset.none(), False
        found = queryset.filter(pk=int(text))
        return (found if found.exists() else queryset.filter(lane=int(text))), False

    @display(description="Update")
    def number(self, one: BotUpdate) -> int:
        """Telegram's number."""
        return int(one.update_id)

    @display(description="Kind")
    def what(self, one: BotUpdate) -> str:
        """What Telegram calls it."""
        return one.kind.replace("_", " ")

    @display(description="State")
    def stands(self, one: BotUpdate) -> SafeString:
        """Where it stands and what went wrong."""
        state = UpdateState(one.state)
        problem = f": {one.problem.replace('_', ' ')}" if one.problem else ""
        tone = "warn" if problem and state is not UpdateState.FAILED else TONES[state]
        return word(tone, f"{state.label}{problem}")

    @display(description="Took")
    def took(self, one: BotUpdate) -> str:
        """From its arrival to its end; how long it has waited where it has none."""
        end: datetime = one.settled_at or timezone.now()
        seconds = (end - one.received_at).total_seconds()
        text = writing.duration(seconds) if seconds >= 1 else f"{seconds * 1000:.0f} ms"
        return text if one.settled_at else f"waits for {text}"

    @display(description="Came")
    def came(self, one: BotUpdate) -> str:
        """When it arrived."""
        return told.when(one.received_at)

    @display(description="Person")
    def who(self, one: BotUpdate) -> SafeString | str:
        """Whose lane it is, where it is a person's we know."""
        return told.person(User.objects.filter(telegram_id=one.lane).first())

    @display(description="Answers still to be sent")
    def answers(self, one: BotUpdate) -> str:
        """How many calls wait, never what they say."""
        return str(len(one.calls))


def _read(order: asking.Order) -> str:
    number = told_us.mark_read(order.ids, by=order.by, now=timezone.now())
    return f"{number:,} marked as read."


READ: Final = asking.Deed(
    name="read",
    label="Mark as read…",
    question="Mark {whom} as read?",
    consequence="It leaves the list of what is to be read. The person is told nothing.",
    button="Mark as read",
    does=_read,
    form=asking.Sure,
    permission="notifications.change_feedback",
    objects=("feedback", "pieces of feedback"),
)


class ReadFilter(ChoiceFilter):
    """What nobody has read first of all."""

    title, parameter_name, options = "read", "read", (("no", "to be read"), ("yes", "read"))

    def narrow(self, rows: QuerySet[Feedback], chosen: str, now: datetime) -> QuerySet[Feedback]:  # noqa: ARG002
        """By whether somebody of the staff has read it."""
        return rows.filter(read_at__isnull=chosen == "no")


@admin.register(Feedback)
class FeedbackAdmin(asking.Doing, OfPeopleAdmin):
    """What people tell us."""

    list_display = ("said", "person", "stands", "when")
    list_display_links = ("said",)
    list_filter = (ReadFilter,)
    fields = ("whole", "person", "stands", "when", "deeds_told")
    readonly_fields = ("whole", "person", "stands", "when", "deeds_told")
    actions = ()
    deeds = (READ,)

    @display(description="What was said")
    def said(self, one: Feedback) -> str:
        """The beginning of it."""
        text = " ".join(one.text.split())
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"

    @display(description="What was said")
    def whole(self, one: Feedback) -> SafeString:
        """All of it, with its lines."""
        return format_html('<div style="white-space:pre-wrap">{}</div>', one.text)

    @display(description="State")
    def stands(self, one: Feedback) -> SafeString:
        """Whether somebody of the staff has read it."""
        return word("soft", "read") if one.read_at else word("warn", "to be read")

    @display(description="When")
    def when(self, one: Feedback) -> str:
        """When it was said."""
        return told.when(one.created_at)

    @display(description="")
    def deeds_told(self, one: Feedback) -> SafeString | str:
        """Marking it as read, where that is not done."""
        if one.read_at:
            return f"Read {told.when(one.read_at)}"
        return told.deeds("notifications_feedback_do", one.pk, self.deeds, ("read",))


@admin.register(Talk)
class TalkAdmin(OfPeopleAdmin):
    """Where people are in a conversation with the bot; what they said there is not shown."""

    list_display = ("about", "person", "step_told", "stands", "since")
    list_display_links = ("about",)
    ordering = ("-changed_at",)
    fields = ("about", "person", "step_told", "stands", "since", "expires_at")
    readonly_fields = ("about", "person", "step_told", "stands", "since")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Talk]:
        rows: QuerySet[Talk] = super().get_queryset(request)
        return rows.defer("data")

    @display(description="Conversation")
    def about(self, one: Talk) -> str:
        """What it is about."""
        return one.name.replace("_", " ")

    @display(description="Step")
    def step_told(self, one: Talk) -> str:
        """Where it is."""
        return one.step.replace("_", " ")

    @display(description="State")
    def stands(self, one: Talk) -> SafeString:
        """Whether it can be gone on with."""
        goes_on = one.expires_at > timezone.now()
        return word("good", "open") if goes_on else word("soft", "over")

    @display(description="Last step")
    def since(self, one: Talk) -> str:
        """When the person last answered."""
        return told.when(one.changed_at)


@admin.register(Alias)
class AliasAdmin(OfPeopleAdmin):
    """Names of people's own for lines of commands."""

    list_display = ("called", "leads_to", "person")
    list_display_links = ("called",)
    fields = ("called", "leads_to", "person")
    readonly_fields = ("called", "leads_to", "person")

    @display(description="Name")
    def called(self, one: Alias) -> str:
        """What the person types."""
        return f"/{one.name}"

    @display(description="Stands for")
    def leads_to(self, one: Alias) -> str:
        """The line it stands for."""
        return f"/{one.line}"
