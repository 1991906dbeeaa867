"""The menus of commands Telegram shows, made from the registry: by scope, language and staff."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from auditlog.models import LogEntry

from accounts import tiers
from accounts.models import User
from arbedge.names import AccountState, Language, Role
from notifications.bot import loading, registry, words
from notifications.bot.registry import Command, Scope, Section

LONGEST_TITLE: Final = 256
MOST: Final = 100
LANGUAGES: Final = ("", *(one.value for one in Language))  # "" is for all others, in English
EVERYBODY, GROUPS, GROUP_ADMINS = "private chats", "groups", "admins of groups"
_SCOPES: Final = {
    EVERYBODY: (Scope.PRIVATE,), GROUPS: (Scope.GROUP,),
    GROUP_ADMINS: (Scope.GROUP, Scope.CHAT_ADMINS),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Menu:
    """One menu: (command, title) in the order of help. `chat_id` is a staff person's own chat."""

    whose: str
    language: str
    commands: tuple[tuple[str, str], ...]
    chat_id: int = 0


def general() -> list[Menu]:
    """The menus of everybody, in each language; what only staff may use is in none of them."""
    loading.load()
    return [
        Menu(whose, language, _titled(_listed(scopes), language))
        for whose, scopes in _SCOPES.items()
        for language in LANGUAGES
    ]


def of_staff() -> list[Menu]:
    """A menu for each private chat of staff, in the person's language; an empty one where somebody
    was staff once."""
    loading.load()
    return [_own(person) for person in _staff_now_or_once()]


def of_person(user_id: int) -> Menu | None:
    """The menu of one person's private chat, empty where he is no staff; None without a chat."""
    loading.load()
    person = User.objects.filter(pk=user_id, telegram_id__isnull=False).first()
    return None if person is None else _own(person)


def _own(person: User) -> Menu:
    commands = _titled(_for(person), person.language)
    return Menu(_named(person), "", commands, person.telegram_id or 0)


def _listed(scopes: Iterable[Scope]) -> list[Command]:
    found = {one.name: one for scope in scopes for one in registry.listed(scope)}
    return [one for one in found.values() if not _is_for_staff(one)]


def _for(person: User) -> list[Command]:
    if not _is_staff(person):
        return []
    listed = registry.listed(Scope.PRIVATE)
    return [one for one in listed if not _is_for_staff(one) or _may(person.role, one)]


def _is_staff(person: User) -> bool:
    return person.role != Role.USER and person.state == AccountState.ACTIVE


def _is_for_staff(command: Command) -> bool:
    return command.permission in tiers.OF_ROLES


def _may(role: str, command: Command) -> bool:
    wanted = command.permission
    return wanted not in tiers.OF_ROLES or wanted in tiers.BY_ROLE[Role(role)]


def _staff_now_or_once() -> Iterator[User]:
    """Those Telegram may still show a menu of staff; the audit knows who was given a role."""
    moved = LogEntry.objects.get_for_model(User).filter(changes__has_key="role")
    once = [int(pk) for pk in moved.values_list("object_pk", flat=True).distinct()]
    known = User.objects.filter(telegram_id__isnull=False)
    now = known.exclude(role=Role.USER)
    yield from (now | known.filter(pk__in=once)).order_by("pk").distinct()


def _titled(commands: Iterable[Command], language: str) -> tuple[tuple[str, str], ...]:
    order = list(Section)
    ranked = sorted(commands, key=lambda one: order.index(one.section))
    return tuple((one.name, _title(one, language)) for one in ranked)[:MOST]


def _title(command: Command, language: str) -> str:
    """What a command does, in the language; its usage where it has no words yet."""
    key = f"{command.topic}.{command.name}.title"
    text = words.say(language or Language.EN.value, key) if words.known(key) else command.usage
    return html.unescape(text)[:LONGEST_TITLE]


def _named(person: User) -> str:
    return f"{Role(person.role).value.replace('_', '-')} #{person.pk}"
