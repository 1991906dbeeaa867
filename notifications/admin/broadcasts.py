"""Broadcasts: written, looked at, tested, told to a segment, watched and stopped."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin import told
from accounts.models import User
from arbedge.desk import word
from arbedge.errors import ArbEdgeError
from notifications.admin import broadcast_deeds
from notifications.admin.broadcast_deeds import MAY, MAY_WRITE
from notifications.admin.drafts import DraftsAdmin
from notifications.broadcasting import broadcast_form, broadcast_report, broadcasts, segments
from notifications.broadcasting.broadcast_form import BroadcastForm
from notifications.broadcasting.broadcast_report import Report
from notifications.models import Broadcast
from notifications.names import BroadcastState

TONES: Final = {
    BroadcastState.DRAFT: "soft",
    BroadcastState.RUNNING: "warn",
    BroadcastState.STOPPED: "bad",
    BroadcastState.DONE: "good",
}


@admin.register(Broadcast)
class BroadcastAdmin(DraftsAdmin):
    list_display = ("title", "stands", "whom", "reached", "made", "began")
    list_filter = ("state",)
    search_fields = ("title__istartswith",)
    search_help_text = "Beginning of a heading"
    ordering = ("-pk",)
    list_select_related = ("made_by",)
    may_write = MAY_WRITE
    deeds = broadcast_deeds.DEEDS

    def get_urls(self) -> list[Any]:
        """With the addresses of editing, counting and the progress bar."""
        wrap = self.admin_site.admin_view
        return [
            path("count/", wrap(self.count), name="notifications_broadcast_count"),
            path("<int:pk>/edit/", wrap(self.edit), name="notifications_broadcast_edit"),
            path(
                "<int:pk>/progress/", wrap(self.progress), name="notifications_broadcast_progress"
            ),
            *super().get_urls(),
        ]

    @display(description="State")
    def stands(self, one: Broadcast) -> SafeString:
        """Where it stands."""
        return word(TONES[BroadcastState(one.state)], one.get_state_display())

    @display(description="To")
    def whom(self, one: Broadcast) -> str:
        """The segment."""
        return "; ".join(broadcast_form.whom(segments.segment(one.segment)))

    @display(description="Written")
    def reached(self, one: Broadcast) -> str:
        """How many deliveries of how many people."""
        return f"{one.written:,} of {one.people:,}" if one.started_at else "–"

    @display(description="By")
    def made(self, one: Broadcast) -> str:
        """Who wrote it."""
        return str(one.made_by)

    @display(description="Began")
    def began(self, one: Broadcast) -> str:
        """When it was told."""
        return told.when(one.started_at) if one.started_at else "–"

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Writes a draft anew."""
        return self.write(request, self.row(request, pk))

    def write(self, request: HttpRequest, row: Broadcast | None) -> HttpResponse:
        """The form, with who would get it beside it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        assert isinstance(request.user, User)
        first = broadcast_form.initial(row) if row else None
        form = BroadcastForm(request.POST or None, initial=first)
        if request.method == "POST" and form.is_valid():
            try:
                made = broadcasts.draft(
                    request.user, form.cleaned_data["title"], form.texts, form.segment, of=row
                )
            except ArbEdgeError as error:
                form.tell(error)
            else:
                messages.success(request, "The draft is kept. Nobody was told yet.")
                return HttpResponseRedirect(_page_of(made.pk))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Edit the broadcast" if row else "Write a broadcast",
            "form": form,
            "back": _page_of(row.pk)
            if row
            else reverse("admin:notifications_broadcast_changelist"),
        }
        return TemplateResponse(request, "console/broadcast_form.html", context)

    def count(self, request: HttpRequest) -> HttpResponse:
        """How many would get what is filled in now, and how it reads: for the form's side."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BroadcastForm(request.POST)
        form.is_valid()
        return TemplateResponse(request, "console/_broadcast_count.html", _panel(form))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """One broadcast: how it reads and to whom, how far it is, what became of it."""
        row = self.row(request, object_id)
        state = BroadcastState(row.state)
        may = request.user.has_perm(MAY)
        deeds = [deed for deed in self.deeds if may and state in broadcast_deeds.WHEN[deed.name]]
        name = "admin:notifications_broadcast_do"
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": row.title,
            "row": row,
            "state": self.stands(row),
            "deeds": [(deed, reverse(name, args=[row.pk, deed.name])) for deed in deeds],
            "edit": reverse("admin:notifications_broadcast_edit", args=[row.pk])
            if may and state is BroadcastState.DRAFT
            else "",
            **_about(row),
            **_progress(row),
        }
        return TemplateResponse(request, "console/broadcast.html", context)

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The progress bar and the report, asked for while it runs."""
        row = self.row(request, pk)
        answer = TemplateResponse(request, "console/_broadcast_progress.html", _progress(row))
        if row.state != BroadcastState.RUNNING:
            answer["HX-Refresh"] = "true"
        return answer


def _page_of(pk: int) -> str:
    return reverse("admin:notifications_broadcast_change", args=[pk])


def _panel(form: BroadcastForm) -> dict[str, Any]:
    """Who is meant and how it reads; a segment that cannot be counted says why."""
    now = timezone.now()
    try:
        segment = segments.segment(form.segment)
    except ArbEdgeError as error:
        return {"problem": error.message}
    counted = segments.count(segment, now)
    title = str(form.data.get("title", "")).strip()
    previews = broadcast_form.previews(title, form.texts, dict(counted.by_language), now)
    return {"counted": counted, "whom": broadcast_form.whom(segment), "previews": previews}


def _about(row: Broadcast) -> dict[str, Any]:
    """The segment as it is now, and the texts."""
    now = timezone.now()
    segment = segments.segment(row.segment)
    counted = segments.count(segment, now)
    return {
        "whom": broadcast_form.whom(segment),
        "notice": segment.notice,
        "counted": counted,
        "previews": broadcast_form.previews(row.title, row.texts, dict(counted.by_language), now),
        "tested": told.when(row.tested_at) if row.tested_at else "",
        "began": told.when(row.started_at) if row.started_at else "",
        "ended": told.when(row.ended_at) if row.ended_at else "",
    }


def _progress(row: Broadcast) -> dict[str, Any]:
    report: Report = broadcast_report.report(row)
    return {
        "row": row,
        "report": report,
        "percent": round(report.share * 100),
        "running": row.state == BroadcastState.RUNNING,
        "poll": reverse("admin:notifications_broadcast_progress", args=[row.pk]),
        "failed": [(code.replace("_", " "), number) for code, number in report.failed.items()],
    }
