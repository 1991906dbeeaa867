"""The bot comes to chats and goes; people block it and take it back; groups move.

An update may be handled again after a crash: everything here is news only once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings

from accounts.models import User
from arbedge.errors import ArbEdgeError
from notifications.addressing import address_troubles
from notifications.bot import hearing, render
from notifications.bot.asks import Ask
from notifications.bot.groups import chat_admins, member_updates, registering
from notifications.bot.groups.joins import Registering
from notifications.bot.groups.member_updates import PRIVATE, Change, Service, Where, Who
from notifications.bot.render import Call, Target
from notifications.bot.replies import Reply
from notifications.codes import Code
from notifications.models import Chat
from notifications.names import ChatType
from notifications.telegram import chats

log = structlog.get_logger(__name__)


def happened(update: Mapping[str, Any], now: datetime) -> list[Call] | None:
    """The calls that answer an update about membership, None where it is about something else.

    Raises BadInput (bad_update).
    """
    told = member_updates.read(update)
    if told is None:
        return None
    if told.my_chat_member is not None:
        return _changed(told.my_chat_member, now)
    if told.chat_member is not None:
        _place_changed(told.chat_member)
    message = told.message or told.channel_post
    return [] if message is None else _told(message, now)


def registered(ask: Ask, asked: Registering) -> Reply:
    """What /start answers to whoever came by the link of a chat to be registered."""
    return registering.by_link(ask, asked)


def _changed(change: Change, now: datetime) -> list[Call]:
    """The bot's own place in a chat changed."""
    chat, new = change.chat, change.new
    if chat.type == PRIVATE:
        _in_private(chat.id, blocked=new.out)
        return []
    chat_admins.forget(chat.id)
    if new.out:
        chats.lost(chat.id, Code.BLOCKED.value)
    elif not new.may_write(chat):
        chats.lost(chat.id, Code.REFUSED.value)
    elif not chats.may_write_again(chat.id) and change.old.out:
        return _came(chat, change.by, now, says_how=True)
    return []


def _place_changed(change: Change) -> None:
    """Somebody else's place. Where the bot is an admin Telegram tells of everybody who comes and
    goes, thousands a day in a big group: only admins made or unmade matter."""
    if change.old.runs_it or change.new.runs_it:
        chat_admins.forget(change.chat.id)


def _in_private(telegram_id: int, *, blocked: bool) -> None:
    person = User.objects.filter(telegram_id=telegram_id).first()
    if person is None:
        return
    if blocked:
        address_troubles.disable(Code.BLOCKED.value, recipient_id=person.pk)
    else:
        address_troubles.works_again(person.pk)


def _told(message: Service, now: datetime) -> list[Call]:
    """A service message: who came and went, how the chat is called, where it moved."""
    chat, left = message.chat, message.left_chat_member
    if message.migrate_to_chat_id:
        _moved(chat.id, message.migrate_to_chat_id)
    elif message.migrate_from_chat_id:
        _moved(message.migrate_from_chat_id, chat.id)
    elif message.new_chat_title:
        chats.renamed(chat.id, message.new_chat_title)
    elif left is not None:
        chat_admins.forget(chat.id)
        if _is_bot(left):
            chats.lost(chat.id, Code.BLOCKED.value)
    elif message.by and (message.created or any(map(_is_bot, message.new_chat_members))):
        return _came(chat, message.by, now, says_how=False)
    return []


def _is_bot(who: Who) -> bool:
    return str(who.id) == str(settings.BOT_TOKEN).partition(":")[0]


def _moved(before: int, telegram_id: int) -> None:
    chat_admins.forget(before)
    chats.migrated(before, telegram_id)


def _came(chat: Where, by: Who, now: datetime, *, says_how: bool) -> list[Call]:
    """The bot was added. Telegram tells of it twice, by its member and by a service message: how to
    register is said at the first only."""
    if chat.type not in {one.value for one in ChatType}:
        return []
    person = None if by.is_bot else User.objects.filter(telegram_id=by.id).first()
    found = None if person is None else _registered(person, chat, now)
    if found is None:
        return _how(chat, by, now) if says_how else []
    made, news = found
    language = made.registered_by.language if chat.channel else made.language
    reply = registering.welcome(made, language, now, inside=not chat.channel)
    return render.calls(_target(chat, by, language), reply) if news else []


def _registered(person: User, chat: Where, now: datetime) -> tuple[Chat, bool] | None:
    """None where he may not: why is told to him alone, when he follows the link."""
    try:
        return registering.register(person, chat.id, chat.type, chat.title, now, session=False)
    except ArbEdgeError as error:
        log.info("chat_not_registered", user_id=person.pk, chat_id=chat.id, code=error.code)
        return None


def _how(chat: Where, by: Who, now: datetime) -> list[Call]:
    if Chat.objects.filter(telegram_id=chat.id, gone="").exists():
        return []
    language = hearing.language(by.language_code or "")
    asked = Registering(chat.id, chat.type, 0 if by.is_bot else by.id)
    reply = registering.invitation(asked, chat.title, language, now)
    return render.calls(_target(chat, by, language), reply)


def _target(chat: Where, by: Who, language: str) -> Target:
    """What is said of a channel is said to who added the bot; its readers need not know."""
    return Target(by.id if chat.channel else chat.id, language)
