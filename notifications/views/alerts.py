"""My alerts: set, changed, paused, deleted."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.doors import logged_in
from accounts.views.pages import ask, show, standing_of, to
from arbedge.errors import ArbEdgeError, NotFound
from notifications.alerts import alert_form, alert_words, triggers
from notifications.alerts.alert_form import AlertForm
from notifications.models import AlertTrigger

PAGE = "alerts"


@require_safe
@logged_in
def alerts(request: HttpRequest) -> HttpResponse:
    """My alerts, and the form to set one; an address may fill it in (?kind=…&subject=…)."""
    return _page(request)


def _page(request: HttpRequest, form: AlertForm | None = None) -> HttpResponse:
    me, now = standing_of(request).user_id, timezone.now()
    asked = {name: request.GET[name] for name in AlertForm.base_fields if name in request.GET}
    told = {
        "lines": alert_words.lines(triggers.own(me), now),
        "most": settings.ALERTS_PER_PERSON,
        "form": form or AlertForm(me, initial=asked),
        "now": now,
    }
    return show(request, PAGE, told, template="notifications/pages/alerts.html")


@require_POST
@logged_in
def add(request: HttpRequest) -> HttpResponse:
    """Sets an alert."""
    me = standing_of(request).user_id
    form = AlertForm(me, request.POST)
    if form.is_valid():
        try:
            row = triggers.add(me, form.given)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            messages.success(request, f"You will be told when: {alert_words.sentence(row)}.")
            return to(PAGE)
    return _page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives one of my alerts another wish."""
    me, row = standing_of(request).user_id, _mine(request, pk)
    posted = request.method == "POST"
    form = AlertForm(me, request.POST if posted else None, initial=alert_form.initial(row))
    if form.is_valid():
        try:
            changed = triggers.change(me, pk, form.given)
        except ArbEdgeError as error:
            form.tell(error)
        else:
            messages.success(request, f"You will be told when: {alert_words.sentence(changed)}.")
            return to(PAGE)
    told = {"form": form, "words": alert_words.sentence(row), "pk": pk}
    return show(request, PAGE, told, template="notifications/pages/alerts_change.html")


@require_POST
@logged_in
def switch(request: HttpRequest, pk: int, way: str) -> HttpResponse:
    """Pauses one of my alerts, or lets it go on."""
    if way not in {"pause", "go-on"}:
        raise Http404("There is no such page.")
    row = _mine(request, pk)
    triggers.switch(row.user_id, pk, active=way == "go-on")
    done = "goes on" if way == "go-on" else "is paused"
    messages.success(request, f"The alert {done}: {alert_words.sentence(row)}.")
    return to(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
@logged_in
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes one of my alerts; asks before."""
    row = _mine(request, pk)
    if request.method != "POST":
        return ask(
            request, PAGE, question="Delete this alert?",
            consequence=f"{alert_words.sentence(row)}: you will not be told any more.",
            button="Delete it",
        )  # fmt: skip
    triggers.remove(row.user_id, pk)
    messages.success(request, "The alert is deleted.")
    return to(PAGE)


def _mine(request: HttpRequest, pk: int) -> AlertTrigger:
    try:
        return triggers.one(standing_of(request).user_id, pk)
    except NotFound as error:
        raise Http404(error.message) from error
