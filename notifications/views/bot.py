"""Where Telegram brings the bot's updates: stored at once, handled by the bot's process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from arbedge import sealing
from notifications.bot import intake

ADDRESS: Final = "telegram/webhook"
HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
LARGEST_BYTES: Final = 256 * 1024

Door = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)


def past_the_rest(others: Door) -> Door:
    """The first of the middleware: Telegram has no session, cookie or form, and is no person, so
    that its updates, which may be hundreds a second, need nothing of what comes after this."""

    def door(request: HttpRequest) -> HttpResponse:
        return webhook(request) if request.path_info == f"/{ADDRESS}" else others(request)

    return door


@csrf_exempt  # Telegram posts here; the secret token is the authority
@require_POST
@sensitive_variables("raw")
def webhook(request: HttpRequest) -> HttpResponse:
    """204 for whatever need not come again, 503 where it should, 401 for anybody but Telegram."""
    if not _is_telegram(request):
        return HttpResponse(status=401)
    size = _size(request)
    if not 0 < size <= LARGEST_BYTES:
        intake.refuse(size)
        return HttpResponse(status=204)
    try:
        raw = request.body
        intake.store(raw, datetime.now(UTC))
    except (OperationalError, InterfaceError) as error:
        log.warning("update_not_stored", error=type(error).__name__)
        return HttpResponse(status=503, headers={"Retry-After": "5"})
    return HttpResponse(status=204)


def _is_telegram(request: HttpRequest) -> bool:
    told = request.headers.get(HEADER, "")
    return sealing.same(told, intake.secret_token()) and bool(settings.BOT_TOKEN)


def _size(request: HttpRequest) -> int:
    told = request.headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdigit() else 0
