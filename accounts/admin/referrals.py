"""Referrals: who came by whom, how far they got, and who brings most."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.decorators import action, display

from accounts.admin import finding, told
from accounts.admin.owned import OfPeopleAdmin
from accounts.models import Points, Referral, Stage, User
from arbedge import writing

SPANS: Final = {"7": "7 days", "30": "30 days", "365": "a year"}
PLACES: Final = 50


class ReachedFilter(finding.ChoiceFilter):
    """By the furthest stage that counts for points."""

    title, parameter_name, options = "reached", "reached", tuple(Stage.choices)

    def narrow(self, rows: QuerySet[Referral], chosen: str, now: datetime) -> QuerySet[Referral]:  # noqa: ARG002
        """Those that got there, or further."""
        return rows.filter(**{f"{chosen}_at__isnull": False})


@admin.register(Referral)
class ReferralAdmin(OfPeopleAdmin):
    owner = "referrer_id"
    list_display = ("brought", "by", "code", "stage", "when")
    list_filter = (ReachedFilter,)
    list_select_related = ("referrer", "referred")
    search_help_text = "Beginning of the name, e-mail, @name or Telegram id of who brought them"
    fields = ("brought", "by", "code", "registered_at", "traded_at", "subscribed_at", "active_at")
    readonly_fields = ("brought", "by")
    list_display_links = ("code",)
    actions_list = ("leaderboard",)

    @display(description="Came")
    def brought(self, one: Referral) -> str:
        """Who came."""
        return told.person(one.referred)

    @display(description="Brought by")
    def by(self, one: Referral) -> str:
        """Whose code it was."""
        return told.person(one.referrer)

    @display(description="Reached")
    def stage(self, one: Referral) -> str:
        """The last stage reached without a gap."""
        last = Stage.REGISTERED
        for stage in Stage:
            if getattr(one, f"{stage.value}_at") is None:
                break
            last = stage
        return last.label

    @display(description="Came on")
    def when(self, one: Referral) -> str:
        """When he registered."""
        return told.when(one.registered_at)

    @action(description="Leaderboard", url_path="leaderboard", permissions=["view"])
    def leaderboard(self, request: HttpRequest) -> HttpResponse:
        """Conversions, and who earned most, over a span of days."""
        from accounts import rewards

        span = request.GET.get("days", "30")
        span = span if span in SPANS else "30"
        since = timezone.now() - timedelta(days=int(span))
        places = rewards.leaderboard(since, PLACES)
        people = User.objects.in_bulk([place.user_id for place in places])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Referrals of {SPANS[span]}",
            "spans": [(days, name, days == span) for days, name in SPANS.items()],
            "steps": conversions(since),
            "table": told.table(
                ("", "Person", "Points", "Registered", "Subscribed"),
                (
                    (place.rank, told.person(people.get(place.user_id)), f"{place.points:,}",
                     f"{place.registered:,}", f"{place.subscribed:,}")
                    for place in places
                ),
                empty="Nobody earned points in this time.",
            ),
        }  # fmt: skip
        return TemplateResponse(request, "console/people_leaderboard.html", context)


def conversions(since: datetime) -> list[dict[str, str]]:
    """Of those who came since then: how many reached each stage, and what share of the first."""
    came = Referral.objects.filter(registered_at__gte=since).aggregate(
        **{stage.value: Count(f"{stage.value}_at") for stage in Stage}
    )
    first = came[Stage.REGISTERED.value]
    return [
        {
            "name": stage.label,
            "number": f"{came[stage.value]:,}",
            "share": writing.share(came[stage.value] / first, 1) if first else writing.NONE,
            "width": f"{100 * came[stage.value] / first:.1f}" if first else "0",
        }
        for stage in Stage
    ]


@admin.register(Points)
class PointsAdmin(OfPeopleAdmin):
    list_display = ("person", "amount", "reason", "when")
    list_display_links = ("amount",)
    fields = ("person", "amount", "reason", "when")
    readonly_fields = fields

    @display(description="Points")
    def amount(self, one: Points) -> str:
        """Earned or spent."""
        return writing.signed(one.points, 0)

    @display(description="For")
    def reason(self, one: Points) -> str:
        """The stage of a referral, or the note."""
        return one.get_stage_display() or one.note

    @display(description="When")
    def when(self, one: Points) -> str:
        """When they were booked."""
        return told.when(one.made_at)
