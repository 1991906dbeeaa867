"""Texts of messages as people read them, and tests of other wordings with their results."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.admin import asking, told
from arbedge import writing
from arbedge.desk import word
from arbedge.errors import Conflict
from arbedge.names import LANGUAGES, Channel, Language
from notifications.admin import wording_deeds
from notifications.admin.drafts import DraftsAdmin
from notifications.admin.wording_deeds import DRAFT, MAY, state
from notifications.models import Variant, VariantResult
from notifications.names import Topic
from notifications.writing import previews, variant_form, wording
from notifications.writing.variables import VARIABLES
from notifications.writing.variant_form import PlaceForm, VariantForm
from notifications.writing.wording import Comparison, Count

TONES: Final = {"draft": "soft", "running": "warn", "ended": "good"}
MAY_WRITE: Final = "notifications.add_variant"


@admin.register(Variant)
class VariantAdmin(DraftsAdmin):
    list_display = ("name", "place", "stands", "share_shown", "sent", "clicks", "verdict")
    list_filter = ("active", "topic", "channel", "language")
    search_fields = ("name__istartswith",)
    search_help_text = "Beginning of a name"
    ordering = ("-active", "-pk")
    may_write = MAY_WRITE
    deeds = wording_deeds.DEEDS

    def get_urls(self) -> list[Any]:
        """With the addresses of the texts, of editing and of the preview beside it."""
        wrap = self.admin_site.admin_view
        return [
            path("texts/", wrap(self.texts), name="notifications_variant_texts"),
            path("preview/", wrap(self.preview), name="notifications_variant_preview"),
            path("<int:pk>/edit/", wrap(self.edit), name="notifications_variant_edit"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        """With what either wording came to."""
        rows: QuerySet[Variant] = super().get_queryset(request)
        control = Concat(Value(wording.CONTROL), F("name"), output_field=CharField())
        return rows.annotate(control=control).annotate(
            own_sent=_sum("sent", "name"),
            own_clicked=_sum("clicked", "name"),
            control_sent=_sum("sent", "control"),
            control_clicked=_sum("clicked", "control"),
        )

    @display(description="Where")
    def place(self, one: Variant) -> str:
        """Topic, channel and language."""
        return _place(one)

    @display(description="State")
    def stands(self, one: Variant) -> SafeString:
        """Where it stands."""
        return _stands(one)

    @display(description="Share")
    def share_shown(self, one: Variant) -> str:
        """Of the readers."""
        return writing.share(one.share, 0)

    @display(description="Sent / control")
    def sent(self, one: Variant) -> str:
        """How many messages in either wording."""
        found = _compared(one)
        return f"{found.variant.sent:,} / {found.control.sent:,}"

    @display(description="Clicked / control")
    def clicks(self, one: Variant) -> str:
        """Of either wording."""
        found = _compared(one)
        return f"{_rate(found.variant)} / {_rate(found.control)}"

    @display(description="What it says")
    def verdict(self, one: Variant) -> str:
        """In words."""
        return _compared(one).verdict

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Writes a draft anew; what has run is never changed, so that results mean one text."""
        row = self.row(request, pk)
        if state(row) != DRAFT:
            messages.error(request, "It has run: its text stays. Write a new test.")
            return HttpResponseRedirect(_page_of(row))
        return self.write(request, row)

    def write(self, request: HttpRequest, row: Variant | None) -> HttpResponse:
        """The form, with both wordings beside it."""
        if not request.user.has_perm(MAY_WRITE if row is None else MAY):
            raise PermissionDenied
        first = variant_form.initial(row) if row else _start_from(request)
        form = VariantForm(request.POST or None, initial=first, row=row)
        if request.method == "POST" and form.is_valid():
            try:
                kept = wording.draft(form.columns, of=row)
            except Conflict as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "The draft is kept. Nobody reads it before you start it.")
                return HttpResponseRedirect(_page_of(kept))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Edit {row.name}" if row else "Write a test of another wording",
            "form": form,
            "back": _page_of(row) if row else reverse("admin:notifications_variant_changelist"),
        }
        return TemplateResponse(request, "console/wording_form.html", context)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """How what is filled in now reads, beside the house's text: for the form's side."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = VariantForm(request.POST or None)
        form.is_valid()
        given = form.cleaned_data if form.is_bound else {}
        topic = Topic(given.get("topic") or Topic.OPENED)
        channel = Channel(given.get("channel") or Channel.TELEGRAM)
        language = Language(given.get("language") or Language.EN)
        wrong = list(form.errors.get("body", [])) if form.data.get("body") else []
        context = {
            **_panel(topic, channel, language, "" if wrong else given.get("body", "")),
            "wrong": wrong,
            "variables": VARIABLES[topic],
            "source": previews.source(topic, channel, language),
        }
        return TemplateResponse(request, "console/_wording_preview.html", context)

    def texts(self, request: HttpRequest) -> HttpResponse:
        """The house's texts of a topic on a channel, in every language, of a real message."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = PlaceForm(request.GET or {"topic": "opened", "channel": "telegram"})
        place = form.cleaned_data if form.is_valid() else {"topic": "opened", "channel": "telegram"}
        context = {
            **self.admin_site.each_context(request),
            "title": "Texts of messages",
            "content_title": "Texts",
            "form": form,
            **_panel(Topic(place["topic"]), Channel(place["channel"])),
        }
        return TemplateResponse(request, "console/wording_texts.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """One test: what it came to, how both wordings read, what can be done."""
        row = self.row(request, object_id)
        name = "admin:notifications_variant_do"
        deeds = [
            (deed, reverse(name, args=[row.pk, deed.name]))
            for deed in self.deeds
            if asking.may(request, deed) and state(row) in wording_deeds.WHEN[deed.name]
        ]
        may_edit = state(row) == DRAFT and request.user.has_perm(MAY)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": row.name,
            "row": row,
            "place": _place(row),
            "state": _stands(row),
            "share": writing.share(row.share, 0),
            "began": told.when(row.started_at) if row.started_at else "",
            "ended": told.when(row.ended_at) if row.ended_at else "",
            "deeds": deeds,
            "edit": reverse("admin:notifications_variant_edit", args=[row.pk]) if may_edit else "",
            **_results(row),
            **_panel(Topic(row.topic), Channel(row.channel), Language(row.language), row.body),
        }
        return TemplateResponse(request, "console/wording.html", context)


def _sum(column: str, name: str) -> Coalesce:
    """The sum of a column of the results under the name that stands in that column of a test."""
    rows = VariantResult.objects.filter(variant=OuterRef(name)).order_by()
    total = rows.values("variant").annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(total), 0)


def _compared(one: Any) -> Comparison:
    """Both wordings of a row of the list."""
    return wording.compared(
        Count(one.own_sent, one.own_clicked), Count(one.control_sent, one.control_clicked)
    )


def _page_of(row: Variant) -> str:
    return reverse("admin:notifications_variant_change", args=[row.pk])


def _place(one: Variant) -> str:
    channel = variant_form.CHANNELS[Channel(one.channel)]
    return (
        f"{variant_form.TOPICS[Topic(one.topic)]} · {channel} · {LANGUAGES[Language(one.language)]}"
    )


def _stands(one: Variant) -> SafeString:
    return word(TONES[state(one)], state(one))


def _start_from(request: HttpRequest) -> dict[str, Any]:
    """What a link from the texts fills in: the place, and the house's words to begin with."""
    form = PlaceForm(request.GET)
    language = request.GET.get("language", "")
    if not form.is_valid() or language not in set(Language):
        return {}
    topic, channel = Topic(form.cleaned_data["topic"]), Channel(form.cleaned_data["channel"])
    words = previews.source(topic, channel, language)
    return {**form.cleaned_data, "language": language, "body": words}


def _results(row: Variant) -> dict[str, Any]:
    """Both wordings in a table; acts only where any were counted."""
    found = wording.results([row.name])[row.name]
    named = ((row.name, found.variant), ("the house's text", found.control))
    head = ["Wording", "Sent", "Clicked", "Of sent"]
    rows = [[name, f"{count.sent:,}", f"{count.clicked:,}", _rate(count)] for name, count in named]
    if any(count.acted for _, count in named):
        head.append("Acted")
        for line, (_, count) in zip(rows, named, strict=True):
            line.append(f"{count.acted:,}")
    return {
        "results": told.table(head, rows),
        "verdict": found.verdict,
        "z": "" if found.z is None else f"{found.z:+.2f}".replace("-", writing.MINUS),
    }


def _rate(count: Count) -> str:
    return writing.NONE if count.rate is None else writing.share(count.rate)


def _panel(
    topic: Topic, channel: Channel, language: Language | None = None, body: str = ""
) -> dict[str, Any]:
    """The texts side by side: the words of `body` first, then the house's in every language."""
    found = previews.sample(topic, timezone.now())
    if found is None:
        return {"nothing": variant_form.TOPICS[topic], "shown": []}
    shown = []
    if body and language:
        made = previews.preview(topic, channel, language.value, found, body)
        shown.append((f"{LANGUAGES[language]}, this test", made, ""))
    add = reverse("admin:notifications_variant_add")
    for one, name in LANGUAGES.items():
        made = previews.preview(topic, channel, one.value, found)
        begin = f"{add}?topic={topic}&channel={channel}&language={one}"
        shown.append((name, made, begin))
    return {"shown": shown, "origin": found.origin}
