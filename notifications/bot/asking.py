"""Who somebody is to us and where he asks: an ask made of what was heard."""

from __future__ import annotations

from datetime import datetime

from accounts import standing
from accounts.models import User
from accounts.standing import Standing
from arbedge import one_row
from notifications.bot.asks import Ask, Place
from notifications.bot.groups import chat_admins
from notifications.bot.hearing import Heard
from notifications.models import Chat


def ask(heard: Heard, now: datetime) -> Ask:
    """The ask, its command not known yet. In groups the rights are those of who registered them."""
    sender = heard.sender
    person = None
    if not sender.anonymous:
        person = one_row.find(User, "telegram_id", sender.telegram_id)
    place = _place(heard)
    rights: Standing | None = None
    if place.private:
        rights = standing.known(person.pk) if person else None
    elif place.chat is not None:
        rights = standing.known(place.chat.registered_by_id)
    return Ask(
        now,
        sender,
        place,
        person,
        rights,
        said=heard.text,
        location=heard.location,
        message_id=heard.message_id,
        pressed=bool(heard.callback_id),
    )


def _place(heard: Heard) -> Place:
    if heard.private:
        return Place(heard.chat_id)
    sender = heard.sender

    def is_admin() -> bool:
        return sender.anonymous or chat_admins.is_admin(heard.chat_id, sender.telegram_id)

    return Place(
        heard.chat_id,
        heard.chat_kind,
        heard.chat_title,
        heard.thread_id,
        Chat.objects.filter(telegram_id=heard.chat_id, gone="").first(),
        is_admin,
    )
