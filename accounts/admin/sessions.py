"""Sessions: who is served now, how sessions ended, and ending one, some or all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display

from accounts.admin import asking, belongings, finding, told
from accounts.admin.owned import OfPeopleAdmin
from accounts.models import Outcome, Session, SessionState, User
from arbedge.names import Door

FILTERED_AT_MOST: Final = 200_000
ENDED_AT_ONCE: Final = 500
WORD: Final = "END ALL"


class RecentFilter(finding.ChoiceFilter):
    """Over the newest 200,000 sessions: those before are not looked through."""

    def narrow(self, rows: QuerySet[Session], chosen: str, now: datetime) -> QuerySet[Session]:
        """The newest rows, then the choice."""
        last = Session.objects.aggregate(last=Max("pk"))["last"] or 0
        return super().narrow(rows.filter(pk__gt=last - FILTERED_AT_MOST), chosen, now)


class StateFilter(finding.ChoiceFilter):
    """Active ones have an index of their own; the others are among the newest."""

    title, parameter_name, options = "state", "state", tuple(SessionState.choices)

    def narrow(self, rows: QuerySet[Session], chosen: str, now: datetime) -> QuerySet[Session]:
        """Active means that time has not ended it either."""
        if chosen == SessionState.ACTIVE:
            return rows.filter(state=SessionState.ACTIVE, expires_at__gt=now)
        last = Session.objects.aggregate(last=Max("pk"))["last"] or 0
        return rows.filter(pk__gt=last - FILTERED_AT_MOST, state=chosen)


class DoorFilter(RecentFilter):
    title, parameter_name = "door", "door"
    options = tuple((one.value, one.value) for one in Door)


class OutcomeFilter(RecentFilter):
    title, parameter_name = "outcome", "outcome"
    options = tuple((value, label) for value, label in Outcome.choices if value)


def _end(order: asking.Order) -> str:
    from accounts import audit, sessions

    now, number = timezone.now(), 0
    with transaction.atomic(), audit.doing(Door.CONSOLE, order.by):
        for pk in order.ids:
            number += sessions.end(pk, Outcome.BY_STAFF, now, by=order.by)
    left = len(order.ids) - number
    before = f" {left:,} had ended before." if left else ""
    return f"Ended {number:,} {'session' if number == 1 else 'sessions'}.{before}"


END = asking.Deed(
    name="end",
    dangerous=True,
    label="End…",
    question="End {whom}?",
    consequence="Nothing more comes through it: the person needs a new /start or log-in.",
    button="End",
    does=_end,
    form=asking.Sure,
    permission="accounts.change_session",
    objects=("session", "sessions"),
    at_most=ENDED_AT_ONCE,
    named=lambda one: f"the {one.door} session of {one.user}",
)


@admin.register(Session)
class SessionAdmin(asking.Doing, OfPeopleAdmin):
    """The digest of the id is not even read."""

    list_display = ("person", "stands", "door", "began", "seen")
    list_display_links = ("stands",)
    list_filter = (StateFilter, DoorFilter, OutcomeFilter)
    fields = (
        "person", "stands", "door", "started_at", "seen_at", "expires_at", "ended_at", "ended_by",
        "ip", "agent", "interactions", "used", "opportunities_seen", "opportunities_acted",
    )  # fmt: skip
    readonly_fields = ("person", "stands", "used")
    actions = ()
    actions_list = ("analytics", "end_all")
    deeds = (END,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        rows: QuerySet[Session] = super().get_queryset(request)
        return rows.defer("digest")

    @display(description="State")
    def stands(self, one: Session) -> str:
        """Active, or how it ended."""
        return belongings.session_state(one)

    @display(description="Began")
    def began(self, one: Session) -> str:
        """When consent was given."""
        return told.when(one.started_at)

    @display(description="Last word")
    def seen(self, one: Session) -> str:
        """When the person last did something."""
        return told.when(one.seen_at)

    @display(description="Used")
    def used(self, one: Session) -> str:
        """Commands, most used first."""
        counted = sorted(one.commands.items(), key=lambda pair: -pair[1])
        return ", ".join(f"{name} {number:,}" for name, number in counted) or "nothing yet"

    @action(description="Analytics", url_path="analytics", permissions=["view"])
    def analytics(self, request: HttpRequest) -> HttpResponse:
        """What sessions come to: active, new, ended, retention, onboarding."""
        from accounts.admin.session_charts import context as charts

        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Sessions: analytics",
            **charts(timezone.now()),
        }
        return TemplateResponse(request, "console/people_analytics.html", context)

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may end sessions."""
        return request.user.has_perm("accounts.change_session")

    @action(description="End all…", url_path="end-all", permissions=["end"])
    def end_all(self, request: HttpRequest) -> HttpResponse:
        """Everybody's sessions, once the words are typed; a task works through them."""
        now = timezone.now()
        live = Session.objects.filter(state=SessionState.ACTIVE, expires_at__gt=now).count()
        form_class = asking.typed(WORD)
        form = form_class(request.POST or None)
        back = reverse("admin:accounts_session_changelist")
        if request.method == "POST" and form.is_valid():
            assert isinstance(request.user, User)
            _enqueue(request.user.pk, form.cleaned_data["reason"])
            messages.success(request, f"Ending {live:,} sessions. This list shows how far it is.")
            return HttpResponseRedirect(f"{back}?state=active")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"End {live:,} sessions?",
            "consequence": "Everybody is out: nothing is pushed to anybody, on no channel, until"
            " each has sent /start or logged in again. There is no way back.",
            "deed": END,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "console/people_confirm.html", context)


def _enqueue(by_id: int, reason: str) -> None:
    from accounts.tasks import end_all_sessions

    transaction.on_commit(lambda: end_all_sessions.delay(by_id, reason))
