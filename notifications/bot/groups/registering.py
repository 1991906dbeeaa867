"""Groups and channels the bot comes to: registered for whoever added it, or how that is done.

Nothing about a person is ever said in a group: why somebody may not register one is told to him in
private.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from accounts import permissions, standing, tiers
from accounts.models import User
from accounts.permissions import Permission
from arbedge.errors import ArbEdgeError, Forbidden
from arbedge.names import Door
from notifications.bot import words
from notifications.bot.asks import Ask
from notifications.bot.groups import chat_admins, group_menu, joins
from notifications.bot.groups.joins import Registering
from notifications.bot.replies import Button, Reply
from notifications.models import Chat
from notifications.names import ChatType
from notifications.telegram import chats

COMMAND: Final = "chat_register"  # the hidden command behind the button
_REFUSED: Final = {
    "not_chat_admin": "Only admins of that group may register it.",
    "admins_unknown": "Telegram does not say just now who runs that group. Try again in a moment.",
}
_TITLES_S: Final = int(joins.LIFE.total_seconds())
log = structlog.get_logger(__name__)


def register(
    person: User, telegram_id: int, kind: str, title: str, now: datetime, *, session: bool
) -> tuple[Chat, bool]:
    """The chat, registered by this person, and whether that is news.

    Raises Forbidden (permissions.Why), BadInput (chat_limit, bad_chat), Conflict (chat_taken).
    """
    held = standing.known(person.pk)
    permissions.need(held, Permission.GROUPS_MANAGE, now=now, session=session)
    there = Chat.objects.filter(telegram_id=telegram_id, registered_by=person, gone="").first()
    if there is not None:
        return there, False
    return chats.register(person, telegram_id, kind, title, door=Door.TELEGRAM), True


def by_link(ask: Ask, asked: Registering) -> Reply:
    """What /start answers to whoever came by a chat's link: it is registered if he added the bot
    there, else a button asks Telegram whether he runs it."""
    if ask.user.telegram_id != asked.added_by:
        line = f"{COMMAND} {joins.registering(asked, ask.now)}"
        button = Button(ask.say("groups.unregistered.button"), line)
        title = _title(asked.telegram_id) or ask.say("groups.untitled")
        return Reply(ask.say("groups.private.offered", title=title), ((button,),), new=True)
    try:
        with transaction.atomic():
            return _registered(ask, asked)
    except ArbEdgeError as error:
        return Reply(ask.problem(error), new=True)


def by_admin(ask: Ask, asked: Registering) -> Reply:
    """The chat of a link, registered for one of its admins; asks Telegram.

    Raises Forbidden (not_chat_admin), and as `register`.
    """
    added = ask.user.telegram_id == asked.added_by
    if not added and not chat_admins.is_admin(asked.telegram_id, ask.sender.telegram_id):
        code = "admins_unknown" if chat_admins.unanswered(asked.telegram_id) else "not_chat_admin"
        raise Forbidden(_REFUSED[code], code=code)
    return _registered(ask, asked)


def _registered(ask: Ask, asked: Registering) -> Reply:
    title = _title(asked.telegram_id)
    chat, _ = register(ask.user, asked.telegram_id, asked.kind, title, ask.now, session=False)
    return welcome(chat, ask.language, ask.now, inside=False)


def welcome(chat: Chat, language: str, now: datetime, *, inside: bool) -> Reply:
    """What is said where a chat is registered: `inside` it, or to the person in private."""
    held = standing.known(chat.registered_by_id)
    hourly = tiers.of(held, group=True, now=now).opportunities_per_hour
    if inside:
        return Reply(words.say(language, "groups.here.registered", hourly=hourly), new=True)
    text = words.say(language, "groups.private.registered", title=str(chat), hourly=hourly)
    label = words.say(language, "groups.private.settings")
    return Reply(text, ((Button(label, f"{group_menu.COMMAND} {chat.pk} menu"),),), new=True)


def invitation(asked: Registering, title: str, language: str, now: datetime) -> Reply:
    """How to register a chat: a link to the private chat, or the command where there is none."""
    _remember(asked.telegram_id, title)
    url = joins.link(joins.registering(asked, now))
    name = "here" if url else "here_by_command"
    if asked.kind == ChatType.CHANNEL.value:
        name = "channel"
    text = words.say(language, f"groups.unregistered.{name}", title=title)
    button = Button(words.say(language, "groups.unregistered.button"), url=url)
    return Reply(text, ((button,),) if url else (), new=True)


def _remember(telegram_id: int, title: str) -> None:
    """The title for whoever follows the link: what Telegram says of a chat comes only from it."""
    try:
        cache.set(_key(telegram_id), title, _TITLES_S)
    except RedisError as error:
        log.warning("chat_title_not_kept", cause=type(error).__name__)


def _title(telegram_id: int) -> str:
    try:
        return str(cache.get(_key(telegram_id)) or "")
    except RedisError:  # the next message in the chat tells it
        return ""


def _key(telegram_id: int) -> str:
    return f"bot:chat-title:{telegram_id}"
