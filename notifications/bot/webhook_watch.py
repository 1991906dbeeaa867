"""Whether Telegram brings updates here, as Telegram itself says; what is wrong is logged once.

Where it brings them nowhere, elsewhere, or is refused, the bot is silent and nothing here fails:
only Telegram knows. So it is asked when the bot's process starts, and every ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.utils import timezone
from telegram import WebhookInfo

from arbedge import aio
from arbedge.errors import ArbEdgeError
from notifications.bot import ears, setup

LOOK_EVERY_S: Final = 600.0
AGAIN_S: Final = 5.0
RECENT: Final = timedelta(hours=1)  # Telegram goes on telling its last trouble when that is over
LATE: Final = timedelta(minutes=2)  # a look that takes longer does not end
SET_IT: Final = "python manage.py bot_setup"
_UNKNOWN_TO_US: Final = " 401 "

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why updates do not come, and what to do. `event` is its word in the log, `deaf` whether the
    bot hears nothing now."""

    event: str
    hint: str
    detail: str = ""
    deaf: bool = True


def watch(stop: Event) -> None:
    """Looks until `stop` is set; a trouble is logged when it begins and when it is another, and the
    console shows what keeps everything away."""
    known: list[Trouble] = []
    while not stop.is_set():
        now = timezone.now()
        found = look(now)
        for one in found:
            if one not in known:
                log.warning(one.event, hint=one.hint, detail=one.detail)
        if known and not found:
            log.info("webhook_works")
        known = found
        unreached = any(one.event == "webhook_unknown" for one in found)
        wait_s = AGAIN_S if unreached else LOOK_EVERY_S
        deaf = " ".join(one.hint for one in found if one.deaf)
        ears.tell(now, now + timedelta(seconds=wait_s) + LATE, deaf)
        stop.wait(wait_s)


def look(now: datetime) -> list[Trouble]:
    """What is wrong by what Telegram says now, nothing where updates come."""
    try:
        wanted = setup.webhook_url()
        return list(troubles(aio.run(_info()), wanted, now))
    except setup.Unreachable as error:
        return [Trouble("webhook_unknown", error.message)]
    except ArbEdgeError as error:
        return [Trouble("webhook_impossible", error.message)]


def troubles(info: WebhookInfo, wanted: str, now: datetime) -> Iterator[Trouble]:
    """What is wrong where updates are to go to `wanted`. Of another's address its host is told:
    the rest may be a secret."""
    if not info.url:
        hint = f"Telegram brings updates nowhere, so the bot hears nothing: {SET_IT}"
        yield Trouble("webhook_missing", hint)
        return
    if info.url != wanted:
        hint = f"Telegram brings updates elsewhere. To have them brought to {wanted}: {SET_IT}"
        yield Trouble("webhook_elsewhere", hint, urlsplit(info.url).netloc)
        return
    if missing := set(setup.ALLOWED) - set(info.allowed_updates or ()):
        hint = f"Telegram leaves out updates the bot has learnt to ask for: {SET_IT}"
        yield Trouble("webhook_incomplete", hint, ", ".join(sorted(missing)), deaf=False)
    if info.last_error_date is not None and now - info.last_error_date < RECENT:
        yield _of_telegrams(info)


def _of_telegrams(info: WebhookInfo) -> Trouble:
    told = info.last_error_message or ""
    if _UNKNOWN_TO_US in f"{told} ":
        hint = f"BOT_TOKEN or SECRET_KEY is not what it was when the webhook was set: {SET_IT}"
    else:
        hint = f"Can Telegram reach {info.url}? Look at the server in front of it."
    # It goes on telling of a trouble that is over; what waits there says that it is not.
    return Trouble("webhook_fails", hint, told, deaf=bool(info.pending_update_count))


async def _info() -> WebhookInfo:
    async with setup.reached() as bot:
        return await bot.get_webhook_info()
