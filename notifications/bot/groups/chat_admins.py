"""Who runs a chat: asked from Telegram, kept for five minutes, forgotten when it tells of changes.

An anonymous admin writes as the chat itself, under an account that is nobody's
(core.telegram.org/bots/api#message, `sender_chat`): he is an admin there, and no person.
"""

from __future__ import annotations

from typing import Final

import structlog
from django.conf import settings
from django.core.cache import cache
from prometheus_client import Counter
from redis.exceptions import RedisError
from telegram import Bot
from telegram.error import TelegramError

from arbedge import aio
from notifications.telegram.telegram_transport import transport

ANONYMOUS: Final = 1087968824  # @GroupAnonymousBot
KEPT_S: Final = 300
NOT_ASKED_AGAIN_S: Final = 10  # while Telegram does not answer, not everybody waits for it
ANSWER_S: Final = 3.0
ASKED: Final = Counter("arbedge_bot_admins_asked", "Asking who runs a chat.", ["outcome"])

_UNKNOWN: Final = "unknown"
log = structlog.get_logger(__name__)


def is_admin(chat_id: int, telegram_id: int) -> bool:
    """Whether this account is an admin of the chat. Nobody is while Telegram does not say."""
    return telegram_id == ANONYMOUS or telegram_id in (_known(chat_id) or ())


def unanswered(chat_id: int) -> bool:
    """Whether Telegram did not say just now who runs the chat, so that nobody counts as admin."""
    return _cached(chat_id) == _UNKNOWN


def forget(chat_id: int) -> None:
    """Asks anew at the next question: Telegram told of a change."""
    try:
        cache.delete(_key(chat_id))
    except RedisError as error:
        log.warning("chat_admins_kept", chat_id=chat_id, cause=type(error).__name__)


def _known(chat_id: int) -> list[int] | None:
    held = _cached(chat_id)
    if held == _UNKNOWN:
        return None
    if isinstance(held, list):
        return held
    found = _asked(chat_id)
    kept, for_s = (_UNKNOWN, NOT_ASKED_AGAIN_S) if found is None else (found, KEPT_S)
    try:
        cache.set(_key(chat_id), kept, for_s)
    except RedisError as error:
        log.warning("chat_admins_not_kept", chat_id=chat_id, cause=type(error).__name__)
    return found


def _cached(chat_id: int) -> object:
    try:
        return cache.get(_key(chat_id))
    except RedisError:  # the question goes to Telegram, which knows as well
        return None


def _asked(chat_id: int) -> list[int] | None:
    """The ids Telegram names, None where it does not answer or has thrown the bot out."""
    if not settings.BOT_TOKEN:
        return None
    try:
        found = aio.run(_ask(chat_id), ANSWER_S + 1)
    except (TelegramError, TimeoutError) as error:
        ASKED.labels("failed").inc()
        log.warning("chat_admins_unknown", chat_id=chat_id, cause=type(error).__name__)
        return None
    ASKED.labels("answered").inc()
    return found


async def _ask(chat_id: int) -> list[int]:
    way = transport()
    url = f"{str(settings.TELEGRAM_API_URL).rstrip('/')}/bot"
    bot = Bot(settings.BOT_TOKEN, base_url=url, request=way, get_updates_request=way)
    admins = await bot.get_chat_administrators(chat_id, read_timeout=ANSWER_S)
    return [one.user.id for one in admins if not one.user.is_bot]


def _key(chat_id: int) -> str:
    return f"bot:chat-admins:{chat_id}"
