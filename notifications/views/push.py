"""Web push: a browser subscribes itself from its owner's own page."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from accounts.doors import logged_in
from accounts.views.pages import person_of
from arbedge.errors import ArbEdgeError, BadInput
from arbedge.names import Channel, Door
from notifications.addressing import addresses, order

WORKER: Final = Path(__file__).parent.parent / "static" / "notifications" / "push-worker.js"
LONGEST_BODY: Final = 8_000


@require_safe
def worker(_: HttpRequest) -> HttpResponse:
    """The service worker; served from the root, since it works for what is below its address."""
    response = HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = "/"
    response["Cache-Control"] = "no-cache"
    return response


@require_POST
@logged_in
def subscribe(request: HttpRequest) -> HttpResponse:
    """Keeps this browser's subscription; one that is there already is as good as new."""
    user = person_of(request)
    try:
        told = _read(request)
        if addresses.held(user.pk, Channel.WEB_PUSH, told) is None:
            addresses.add(user, Channel.WEB_PUSH, told, door=Door.WEB)
        order.use(user, Channel.WEB_PUSH, door=Door.WEB)
    except ArbEdgeError as error:
        return _refused(error)
    return JsonResponse({"subscribed": True}, status=201)


@require_POST
@logged_in
def unsubscribe(request: HttpRequest) -> HttpResponse:
    """Forgets this browser's subscription."""
    user = person_of(request)
    try:
        row = addresses.held(user.pk, Channel.WEB_PUSH, _read(request))
        if row is not None:
            addresses.remove(user, row.pk, door=Door.WEB)
    except ArbEdgeError as error:
        return _refused(error)
    return JsonResponse({"subscribed": False})


def _read(request: HttpRequest) -> dict[str, Any]:
    """What the browser tells of itself. Raises BadInput."""
    body = request.body[: LONGEST_BODY + 1]
    try:
        told = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = {}
    if len(body) > LONGEST_BODY or not isinstance(told.get("endpoint"), str):
        raise BadInput("This is no push subscription.", code="bad_subscription", field="endpoint")
    return told


def _refused(error: ArbEdgeError) -> HttpResponse:
    return JsonResponse({"code": error.code, "message": error.message}, status=error.status)
