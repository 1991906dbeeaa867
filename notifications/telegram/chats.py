"""Groups and channels that get opportunities of their own, by the tier of who registered them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from auditlog.context import disable_auditlog
from auditlog.models import LogEntry
from django.db import transaction

from accounts import audit, names_of_people, wish_values
from accounts.acting import actor
from accounts.models import User
from arbedge.choices import VENUES, mask
from arbedge.errors import BadInput, Conflict, NotFound
from arbedge.names import Door, Kind, Shelf
from notifications.codes import Code
from notifications.models import Chat
from notifications.names import ChatType

MOST: Final = 5  # of one person, those that are gone not counted
LONGEST_TITLE: Final = 255
AN_ADMIN: Final = "an admin of the chat"  # who did it, where he is nobody we know
MASKS: Final[Mapping[str, Iterable[str]]] = {"kinds": Kind, "shelves": Shelf, "venues": VENUES}
WISHES: Final = (*MASKS, "min_net", "notional_usd", "horizon_hours")  # read as preferences are


def _title(text: str) -> str:
    return " ".join(names_of_people.cleaned(text).split())[:LONGEST_TITLE]


By = User | str | None
OWN: Final[Mapping[str, Callable[[str], str]]] = {
    "language": names_of_people.language, "zone": names_of_people.time_zone, "title": _title,
}  # fmt: skip


def listed(user: User) -> list[Chat]:
    """The chats a person registered, oldest first, those that are gone among them."""
    return list(Chat.objects.filter(registered_by=user).order_by("id"))


def find(user: User, chat_id: int) -> Chat:
    """The person's chat of that id. Raises NotFound for everybody else's."""
    chat = Chat.objects.filter(registered_by=user, pk=chat_id).first()
    if chat is None:
        raise _unknown()
    return chat


def register(
    user: User, telegram_id: int, kind: str, title: str, *, door: Door, by: By = None
) -> Chat:
    """Has opportunities posted to a chat from now on; again, where the bot had been thrown out.

    Language and zone are the person's at first. Raises BadInput (bad_chat, chat_limit), Conflict
    (chat_taken) where somebody else registered it and the bot is still there.
    """
    if not -(1 << 52) < telegram_id < 0:
        text = "Groups and channels have negative ids."
        raise BadInput(text, code="bad_chat", field="telegram_id")
    if kind not in {one.value for one in ChatType}:
        raise BadInput("Only groups and channels are registered.", code="bad_chat", field="type")
    with _changing(user, door, by):
        chat = _claimed(user, telegram_id, kind)
        if not chat.gone and chat.registered_by_id != user.pk:
            raise Conflict("Somebody else registered this chat.", code="chat_taken")
        others = Chat.objects.filter(registered_by=user, gone="").exclude(pk=chat.pk)
        if others.count() >= MOST:
            text = f"You have {MOST} chats, which is as many as there may be. Remove one first."
            raise BadInput(text, code="chat_limit", limit=MOST)
        chat.registered_by, chat.type, chat.title = user, kind, _title(title)
        chat.gone, chat.paused = "", False
        chat.save()
        _record("chat.registered", chat, {"title": ("", chat.title)}, by)
    return chat


def pause(user: User, chat_id: int, *, door: Door, by: By = None) -> Chat:
    """Posts nothing there until `resume`. Raises NotFound."""
    return _switch(user, chat_id, door, by, paused=True)


def resume(user: User, chat_id: int, *, door: Door, by: By = None) -> Chat:
    """Posts there again. Raises NotFound."""
    return _switch(user, chat_id, door, by, paused=False)


def switch(ids: Sequence[int], *, paused: bool, door: Door, by: User, reason: str = "") -> int:
    """Staff pauses these chats, whoever's they are, or lets them go on. Returns how many changed.

    Three statements whatever their number; the reason stands in the audit.
    """
    with transaction.atomic(), audit.doing(door, by), disable_auditlog():
        found = Chat.objects.select_for_update().filter(pk__in=ids, paused=not paused)
        rows = list(found.order_by("pk"))
        Chat.objects.filter(pk__in=[chat.pk for chat in rows]).update(paused=paused)
        audit.record_all(_switched(chat, paused, reason=reason) for chat in rows)
    return len(rows)


def change(
    user: User,
    chat_id: int,
    changes: Mapping[str, Any],
    *,
    door: Door,
    by: By = None,
) -> Chat:
    """Changes what the chat is posted: WISHES, written as in preferences ("all" is no filter), and
    its language, zone and title.

    All or nothing. `by` is the admin of the chat who did it, where he is not who registered it.
    Raises NotFound, BadInput naming the field.
    """
    read = {name: _read(name, raw) for name, raw in changes.items()}
    with _changing(user, door, by):
        chat = _locked(user, chat_id)
        told: dict[str, Any] = {}
        for name, value in read.items():
            if getattr(chat, name) != value:
                told[name] = (getattr(chat, name), value)
                setattr(chat, name, value)
        if told:
            chat.save(update_fields=list(told))
            _record("chat.changed", chat, told, by)
    return chat


def lost(telegram_id: int, reason: str) -> bool:
    """The bot was thrown out or the chat is over. Returns whether that is news."""
    return _lose(reason, telegram_id=telegram_id) is not None


def refused(chat_id: int, reason: str) -> Chat | None:
    """What was to be posted there was not taken, for good. Returns the chat where that is news."""
    return _lose(reason, pk=chat_id)


def may_write_again(telegram_id: int) -> bool:
    """The bot was given back its right to write in a chat it was in all the time. Returns whether
    that is news."""
    with transaction.atomic(), disable_auditlog():
        found = Chat.objects.select_for_update().filter(telegram_id=telegram_id, gone=Code.REFUSED)
        chat = found.first()
        if chat is None:
            return False
        _back(chat)
    return True


def migrated(before: int, telegram_id: int) -> bool:
    """A group became a supergroup, with another id. Returns whether that is news.

    What was registered under the new id meanwhile gives way to what the group had before.
    """
    if before == telegram_id:
        return False
    with transaction.atomic(), disable_auditlog():
        held = Chat.objects.select_for_update().filter(telegram_id__in=(before, telegram_id))
        rows = {chat.telegram_id: chat for chat in held.order_by("id")}
        chat = rows.get(before)
        if chat is None:
            return False
        if (other := rows.get(telegram_id)) is not None:
            _record("chat.removed", other, {"title": (other.title, "")}, None)
            other.delete()
        chat.telegram_id, chat.type = telegram_id, ChatType.SUPERGROUP.value
        chat.save(update_fields=["telegram_id", "type"])
        _record("chat.moved", chat, {"telegram_id": (before, telegram_id)}, None)
        if chat.gone:  # the bot had to leave the group that is no more
            _back(chat)
    return True


def renamed(telegram_id: int, title: str) -> bool:
    """The chat is called so now. Returns whether that is news."""
    told = _title(title)
    found = Chat.objects.filter(telegram_id=telegram_id).exclude(title=told)
    return found.update(title=told) > 0


def post_to(user: User, chat_id: int, thread_id: int | None, *, door: Door, by: By = None) -> Chat:
    """Posts to this topic of a forum from now on, None for the general one. Raises NotFound."""
    with _changing(user, door, by):
        chat = _locked(user, chat_id)
        if chat.thread_id != thread_id:
            before, chat.thread_id = chat.thread_id, thread_id
            chat.save(update_fields=["thread_id"])
            _record("chat.changed", chat, {"thread_id": (before, thread_id)}, by)
    return chat


def topic_lost(chat_id: int, thread_id: int) -> bool:
    """The topic was deleted: posts go to the general one. Returns whether that is news."""
    with transaction.atomic(), disable_auditlog():
        found = Chat.objects.select_for_update().filter(pk=chat_id, thread_id=thread_id)
        chat = found.first()
        if chat is None:
            return False
        chat.thread_id = None
        chat.save(update_fields=["thread_id"])
        _record("chat.changed", chat, {"thread_id": (thread_id, None)}, None)
    return True


def remove(user: User, chat_id: int, *, door: Door, by: By = None) -> None:
    """Forgets a chat. Raises NotFound."""
    with _changing(user, door, by):
        chat = _locked(user, chat_id)
        _record("chat.removed", chat, {"title": (chat.title, "")}, by)
        chat.delete()


def _switch(user: User, chat_id: int, door: Door, by: By, *, paused: bool) -> Chat:
    with _changing(user, door, by):
        chat = _locked(user, chat_id)
        if chat.paused != paused:
            chat.paused = paused
            chat.save(update_fields=["paused"])
            audit.record_all([_switched(chat, paused, by)])
    return chat


def _switched(chat: Chat, paused: bool, by: By = None, reason: str = "") -> LogEntry:  # noqa: FBT001
    changes: dict[str, Any] = {"paused": (not paused, paused)}
    if reason:
        changes["reason"] = reason
    return _line("chat.paused" if paused else "chat.resumed", chat, changes, by)


def _lose(reason: str, **which: int) -> Chat | None:
    with transaction.atomic(), disable_auditlog():
        chat = Chat.objects.select_for_update().filter(**which, gone="").first()
        if chat is not None:
            chat.gone = reason
            chat.save(update_fields=["gone"])
            _record("chat.gone", chat, {"gone": ("", reason)}, None)
    return chat


def _back(chat: Chat) -> None:
    before, chat.gone = chat.gone, ""
    chat.save(update_fields=["gone"])
    _record("chat.back", chat, {"gone": (before, "")}, None)


def _read(name: str, raw: Any) -> Any:
    """The column's value for what was written."""
    if name in OWN:
        return OWN[name](str(raw))
    if name not in WISHES:
        raise BadInput(f"A chat has no {name[:40]!r}.", code="unknown_field", field=name)
    value = wish_values.read(wish_values.known(name), raw)
    return mask(value, MASKS[name]) if name in MASKS and value is not None else value


def _locked(user: User, chat_id: int) -> Chat:
    chat = Chat.objects.select_for_update().filter(registered_by=user, pk=chat_id).first()
    if chat is None:
        raise _unknown()
    return chat


def _claimed(user: User, telegram_id: int, kind: str) -> Chat:
    """The chat's row, locked; made as the person's where there is none. Of two people who register
    the same chat at once the second finds the first's."""
    own = Chat(
        telegram_id=telegram_id, type=kind, registered_by=user,
        language=user.language, zone=user.time_zone,
    )  # fmt: skip
    Chat.objects.bulk_create([own], ignore_conflicts=True)
    return Chat.objects.select_for_update().get(telegram_id=telegram_id)


def _unknown() -> NotFound:
    return NotFound("You have registered no such chat.", code="chat_unknown")


@contextmanager
def _changing(user: User, door: Door, by: By) -> Iterator[None]:
    who = None if isinstance(by, str) else actor(user, door, by)
    with transaction.atomic(), audit.doing(door, who), disable_auditlog():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        yield


def _record(what: str, chat: Chat, changes: Mapping[str, Any], by: By) -> None:
    audit.record_all([_line(what, chat, changes, by)])


def _line(what: str, chat: Chat, changes: Mapping[str, Any], by: By) -> LogEntry:
    named = by if isinstance(by, User) else None
    unnamed = {"by": by} if isinstance(by, str) else {}
    told = {**changes, **unnamed}
    return audit.line(what, chat, whom=chat.registered_by_id, changes=told, by=named)
