"""Links in messages: on to where they lead, and out of a mailing."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.doors import uncached
from arbedge.errors import ArbEdgeError
from notifications import clicks
from notifications.addressing import unsubscribing
from notifications.addressing.unsubscribing import Subscriber
from notifications.telegram import chat_figures
from notifications.writing import links


@require_safe
def go(request: HttpRequest, token: str) -> HttpResponse:
    """On to where a signed link leads; counted once where a person follows it, and each time for
    the group it was posted in."""
    try:
        link = links.read(token)
    except ArbEdgeError as error:
        return _lost(request, error)
    if clicks.by_a_person(request):
        now = datetime.now(UTC)
        clicks.count(link, now)
        chat_figures.pressed(link.delivery_id, now)
    response = HttpResponseRedirect(link.target)
    response["Referrer-Policy"] = "no-referrer"  # the token is nobody else's to see
    return uncached(response)


@csrf_exempt  # mail programs post here by themselves; the token is the authority
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Looking asks; only posting ends the mail, which mail programs do with one press."""
    try:
        who = unsubscribing.read(token)
    except ArbEdgeError as error:
        return _lost(request, error)
    if request.method == "POST":
        unsubscribing.leave(who)
    return _page(request, who, token)


@csrf_exempt
@require_POST
def resubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Undoes it."""
    try:
        who = unsubscribing.read(token)
        unsubscribing.come_back(who)
    except ArbEdgeError as error:
        return _lost(request, error)
    return _page(request, who, token, back=True)


def _page(request: HttpRequest, who: Subscriber, token: str, *, back: bool = False) -> HttpResponse:
    told = {"who": who, "token": token, "back": back, "reason": who.reason}
    return uncached(render(request, "notifications/pages/unsubscribe.html", told))


def _lost(request: HttpRequest, error: ArbEdgeError) -> HttpResponse:
    told = {"error": error}
    page = render(request, "notifications/pages/lost_link.html", told, status=error.status)
    return uncached(page)
