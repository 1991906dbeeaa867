"""Tells people on another channel that one of theirs was switched off, and what to do.

It is said in the words of a broadcast, but it is service and no news: who wants no news has to
know that what he does want does not come any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.urls import reverse

from accounts.models import User
from arbedge.choices import Notice
from arbedge.names import Channel, Language
from notifications.addressing import address_rows, order
from notifications.addressing.address_words import NAMES
from notifications.codes import Code
from notifications.models import Address, Chat
from notifications.names import Priority, Recipient, Topic
from notifications.telling import tell

LIFE: Final = timedelta(days=1)
_TEXTS: Final[Mapping[str, str]] = {
    Language.EN: "Nothing is sent to {shown} any more: {why}. Your channels' page says what to do.",
    Language.ES: "Ya no se envía nada a {shown}: {why}. La página de tus canales dice qué hacer.",
    Language.FR: "Plus rien n'est envoyé à {shown} : {why}. La page de vos canaux dit quoi faire.",
}
_WHY: Final[Mapping[str, Mapping[str, str]]] = {
    Language.EN: {
        Code.BLOCKED: "the bot was blocked", Code.GONE: "it does not exist any more",
        Code.BAD_ADDRESS: "there is nobody at this address", Code.MOVED: "it moved elsewhere",
        Code.UNREACHABLE: "it failed 20 times in a row",
        Code.PRIVATE_ADDRESS: "it is not on the public internet", "": "it refuses our messages",
    },
    Language.ES: {
        Code.BLOCKED: "el bot fue bloqueado", Code.GONE: "ya no existe",
        Code.BAD_ADDRESS: "no hay nadie en esa dirección", Code.MOVED: "cambió de sitio",
        Code.UNREACHABLE: "falló 20 veces seguidas",
        Code.PRIVATE_ADDRESS: "no está en la internet pública", "": "rechaza nuestros mensajes",
    },
    Language.FR: {
        Code.BLOCKED: "le bot a été bloqué", Code.GONE: "elle n'existe plus",
        Code.BAD_ADDRESS: "personne n'est à cette adresse", Code.MOVED: "elle a déménagé",
        Code.UNREACHABLE: "20 échecs de suite",
        Code.PRIVATE_ADDRESS: "elle n'est pas sur l'internet public",
        "": "elle refuse nos messages",
    },
}  # fmt: skip


def switched_off(disabled: Sequence[Address | Chat], now: datetime) -> int:
    """Tells the owners, by whatever channel is left to them. Returns how many were told.

    Who has no other is told by his channels' page alone.
    """
    owners = User.objects.in_bulk([_owner(one) for one in disabled])
    told = 0
    for one in disabled:
        user = owners.get(_owner(one))
        left = () if user is None else _left(user, one)
        if user is not None and left:
            tell(
                Topic.BROADCAST, _facts(one), to=[(Recipient.USER, user.pk)],
                priority=Priority.HIGH, now=now, expires_at=now + LIFE, channels=left,
                notice=Notice.SERVICE,
            )  # fmt: skip
            told += 1
    return told


def _owner(one: Address | Chat) -> int:
    return one.registered_by_id if isinstance(one, Chat) else one.recipient_id


def _left(user: User, broken: Address | Chat) -> tuple[Channel, ...]:
    """His channels in their order, and what his account has, without the one that broke."""
    there = dict.fromkeys((*order.of(user), *address_rows.of_account(user)))
    gone = None if isinstance(broken, Chat) else broken.channel
    return tuple(channel for channel in there if channel.value != gone)


def _facts(one: Address | Chat) -> dict[str, Any]:
    if isinstance(one, Chat):
        name, code = str(one), one.gone
    else:
        name, code = f"{NAMES[Channel(one.channel)]} {one.shown}", one.problem
    texts = {
        language: text.format(shown=name, why=_WHY[language].get(code) or _WHY[language][""])
        for language, text in _TEXTS.items()
    }
    return {"title": name, "texts": texts, "url": reverse("notifications:channels")}
