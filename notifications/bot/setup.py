"""Tells Telegram about the bot: where updates go, what menus show, what the bot says of itself.

Telegram is asked first what it knows already, so that it may be told as often as one likes.
"""

from __future__ import annotations

import asyncio
import html
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from telegram import (
    Bot,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)  # fmt: skip
from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)  # fmt: skip

from arbedge.errors import ArbEdgeError, BadSetting
from arbedge.names import Language
from notifications.bot import intake, menus, words
from notifications.bot.menus import Menu
from notifications.telegram.telegram_transport import Transport

ALLOWED: Final = (
    "message", "edited_message", "channel_post", "callback_query", "my_chat_member", "chat_member",
)  # fmt: skip
PORTS: Final = (443, 80, 88, 8443)  # core.telegram.org/bots/api#setwebhook
TRIES: Final = 3
LONGEST_PAUSE_S: Final = 60.0
_SCOPES: Final[dict[str, BotCommandScope]] = {
    menus.EVERYBODY: BotCommandScopeDefault(),
    menus.GROUPS: BotCommandScopeAllGroupChats(),
    menus.GROUP_ADMINS: BotCommandScopeAllChatAdministrators(),
}
T = TypeVar("T")


class Unreachable(ArbEdgeError):
    """Telegram does not answer."""

    code = "unreachable"
    status = 502


class Done(StrEnum):
    """What came of it."""

    SET = "set"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing Telegram was told: what, for whom, what came of it, and what is to be known."""

    what: str
    where: str
    done: Done
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What Telegram is to know. `webhook` is the address updates go to, "" where they are asked
    for; `menus` and `about` (language, description, short one) are as people read them."""

    webhook: str
    secret: str
    menus: tuple[Menu, ...]
    about: tuple[tuple[str, str, str], ...]


def plan(*, polls: bool) -> Plan:
    """The plan of this installation. Raises BadSetting (no_token, bad_site_url)."""
    if not settings.BOT_TOKEN:
        raise BadSetting(
            "BOT_TOKEN is not set. Make a bot with @BotFather in Telegram, put the token it gives"
            " you into .env as BOT_TOKEN=…, and run this again.",
            code="no_token", field="BOT_TOKEN",
        )  # fmt: skip
    about = tuple(_said_in(language) for language in menus.LANGUAGES)
    wanted = (*menus.general(), *menus.of_staff())
    return Plan("" if polls else webhook_url(), intake.secret_token(), wanted, about)


def _said_in(language: str) -> tuple[str, str, str]:
    description, short = (
        html.unescape(words.say(language or Language.EN.value, key))
        for key in ("setup.description", "setup.short")
    )
    return language, description, short


def webhook_url() -> str:
    """Where Telegram is to bring updates. Raises BadSetting (bad_site_url)."""
    parts = urlsplit(str(settings.SITE_URL))
    at_home = _is_here(parts.hostname) and _is_here(urlsplit(settings.TELEGRAM_API_URL).hostname)
    wrong = ""
    if parts.scheme != "https" and not at_home:
        wrong = "Telegram brings updates to https addresses only"
    elif parts.scheme == "https" and (parts.port or 443) not in PORTS:
        wrong = f"Telegram knows only the ports {', '.join(map(str, PORTS))}"
    elif _is_here(parts.hostname) and not at_home:
        wrong = "Telegram cannot reach an address of this machine alone"
    if wrong:
        raise BadSetting(
            f"SITE_URL is {settings.SITE_URL}: {wrong}. Set SITE_URL to the public https address,"
            " or ask for updates instead: manage.py bot_setup --polling (TELEGRAM_WEBHOOK=false).",
            code="bad_site_url", field="SITE_URL",
        )  # fmt: skip
    return f"{str(settings.SITE_URL).rstrip('/')}{reverse('notifications:bot_webhook')}"


def library() -> Bot:
    """The bot of the settings, as python-telegram-bot speaks for it."""
    base, ways = f"{str(settings.TELEGRAM_API_URL).rstrip('/')}/bot", Transport()
    return Bot(settings.BOT_TOKEN, base, request=ways, get_updates_request=ways)


async def carry_out(wanted: Plan) -> list[Step]:
    """Tells Telegram what it does not know yet. Raises as `reached`."""
    async with reached() as bot:
        told = [_identity(bot), await _updates(bot, wanted)]
        told += [await _menu(bot, one) for one in wanted.menus]
        return [*told, *[await _about(bot, *one) for one in wanted.about]]


async def show(menu: Menu) -> Step:
    """Tells Telegram this menu, where it shows another. Raises as `reached`."""
    async with reached() as bot:
        return await _menu(bot, menu)


@asynccontextmanager
async def reached() -> AsyncIterator[Bot]:
    """The bot, known to Telegram. Raises BadSetting (bad_token, refused) and Unreachable."""
    try:
        async with library() as bot:
            yield bot
    except InvalidToken as error:
        raise BadSetting(
            "Telegram does not know BOT_TOKEN. Copy it again from @BotFather (/mybots, API Token):"
            " a number, a colon, 35 characters.", code="bad_token", field="BOT_TOKEN",
        ) from error  # fmt: skip
    except BadRequest as error:
        raise BadSetting(f"Telegram refused: {error.message}.", code="refused") from error
    except NetworkError as error:
        raise Unreachable(
            f"{settings.TELEGRAM_API_URL} cannot be reached from here ({error.message}). Check the"
            " connection of this machine, and TELEGRAM_API_URL."
        ) from error  # fmt: skip
    except TelegramError as error:
        raise BadSetting(f"Telegram refused: {error.message}.", code="refused") from error


def _identity(bot: Bot) -> Step:
    name = str(settings.BOT_NAME)
    if name.lower() == bot.username.lower():
        return Step("bot", f"@{bot.username}", Done.UNCHANGED)
    told = f"BOT_NAME is {name}" if name else "BOT_NAME is not set"
    note = f"{told}: links to the bot need BOT_NAME={bot.username}"
    return Step("bot", f"@{bot.username}", Done.LEFT_OUT, note)


async def _updates(bot: Bot, wanted: Plan) -> Step:
    """Telegram never tells the secret it has, so that it is told anew each time."""
    info = await _patiently(bot.get_webhook_info)
    note = f"last trouble: {info.last_error_message}" if info.last_error_message else ""
    if not wanted.webhook:
        if not info.url:
            return Step("updates", "asked for", Done.UNCHANGED)
        await _patiently(bot.delete_webhook)
        return Step("updates", info.url, Done.REMOVED, "they are asked for from now on")
    await _patiently(
        lambda: bot.set_webhook(wanted.webhook, allowed_updates=ALLOWED, secret_token=wanted.secret)
    )
    same = info.url == wanted.webhook and set(info.allowed_updates or ()) == set(ALLOWED)
    return Step("updates", wanted.webhook, Done.UNCHANGED if same else Done.SET, note)


async def _menu(bot: Bot, menu: Menu) -> Step:
    scope = BotCommandScopeChat(menu.chat_id) if menu.chat_id else _SCOPES[menu.whose]
    told: dict[str, Any] = {"scope": scope, "language_code": menu.language or None}
    where = f"{menu.whose}, {menu.language}" if menu.language else menu.whose
    try:
        held = await _patiently(lambda: bot.get_my_commands(**told))
        if [(one.command, one.description) for one in held] == list(menu.commands):
            return Step("menu", where, Done.UNCHANGED, _counted(menu))
        if not menu.commands:
            await _patiently(lambda: bot.delete_my_commands(**told))
            return Step("menu", where, Done.REMOVED)
        await _patiently(lambda: bot.set_my_commands(menu.commands, **told))
    except (BadRequest, Forbidden) as error:
        if not menu.chat_id:
            raise
        return Step("menu", where, Done.LEFT_OUT, f"Telegram says: {error.message}")
    return Step("menu", where, Done.SET, _counted(menu))


async def _about(bot: Bot, language: str, description: str, short: str) -> Step:
    """What an empty chat says, and what stands in the bot's profile."""
    code, where = language or None, language or "all others"
    long_held = await _patiently(lambda: bot.get_my_description(code))
    if long_held.description != description:
        await _patiently(lambda: bot.set_my_description(description, code))
    short_held = await _patiently(lambda: bot.get_my_short_description(code))
    if short_held.short_description != short:
        await _patiently(lambda: bot.set_my_short_description(short, code))
    held = (long_held.description, short_held.short_description)
    done = Done.UNCHANGED if held == (description, short) else Done.SET
    return Step("description", where, done)


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer, asked for again where Telegram wants a pause. Raises TelegramError."""
    for _ in range(TRIES - 1):
        try:
            return await ask()
        except RetryAfter as error:
            pause_s = float(error._retry_after.total_seconds())  # noqa: SLF001  the public one warns
            await asyncio.sleep(min(pause_s, LONGEST_PAUSE_S))
    return await ask()


def _counted(menu: Menu) -> str:
    return f"{len(menu.commands)} commands" if menu.commands else ""


def _is_here(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
