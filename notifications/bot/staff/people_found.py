"""People as the staff looks for them in a chat: by exactly what names them."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import User
from arbedge.errors import NotFound

FOUND_AT_MOST: Final = 10


def found(who: str) -> list[User]:
    """People by Telegram id, `#` and our own number, @name in Telegram (names are not unique), or
    e-mail. Raises NotFound (person_unknown)."""
    people = list(User.objects.filter(_named(who.strip())).order_by("pk")[:FOUND_AT_MOST])
    if not people:
        text = "Nobody is called so. Give a Telegram id, @name, e-mail or #number, in full."
        raise NotFound(text, code="person_unknown", value=who[:64])
    return people


def _named(who: str) -> Q:
    if who.startswith("#") and who[1:].isascii() and who[1:].isdigit() and len(who) < 19:
        return Q(pk=int(who[1:]))
    if who.isascii() and who.isdigit() and len(who) < 19:
        return Q(telegram_id=int(who))
    if "@" in who[1:]:
        return Q(pk__in=User.objects.alias(address=Lower("email")).filter(address=who.lower()))
    name = who.removeprefix("@").lower()
    known = User.objects.alias(called=Lower("telegram_name")).filter(called=name)
    return Q(pk__in=known) & ~Q(telegram_name="")
