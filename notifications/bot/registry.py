"""Every command of the bot, in one table that each floor fills with its own.

Help, menus, buttons and the permission asked for are all read from here, so that a button and its
command can never disagree: a button is a command's line.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notifications.bot import grammar
from notifications.bot.grammar import Arg

if TYPE_CHECKING:
    from accounts.permissions import Permission
    from notifications.bot.asks import Ask
    from notifications.bot.replies import Reply
    from notifications.models import Talk


class Scope(StrEnum):
    """Where a command works: in private, for everybody in a group, for a group's admins."""

    PRIVATE = "private"
    GROUP = "group"
    CHAT_ADMINS = "chat_admins"


class Section(StrEnum):
    """Where help lists it."""

    FIRST = "first"
    MARKET = "market"
    ALERTS = "alerts"
    ACCOUNT = "account"
    TRADING = "trading"
    GROUPS = "groups"
    ADMIN = "admin"


PRIVATE: Final = frozenset({Scope.PRIVATE})
EVERYWHERE: Final = frozenset({Scope.PRIVATE, Scope.GROUP, Scope.CHAT_ADMINS})
GROUP_ADMINS: Final = frozenset({Scope.CHAT_ADMINS})

Handler = Callable[["Ask"], "Reply"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command. Its words are `<topic>.<name>.title` and `.help` of the bot's texts.

    - `permission` None asks for none; staff have theirs from their role.
    - `session` False: works for whoever has no session.
    - `reads`: changes nothing in the database, so that its answer need not be kept before it is
      sent: after a crash it is asked again.
    - `confirms`: asks "really?" first; the handler is called when that was answered.
    - `outside`: talks to others (a venue, a provider), so it runs in no transaction and bears to
      be repeated after a crash.
    - `hidden`: only buttons name it; it is in no help and cannot be typed.
    """

    name: str
    handler: Handler
    topic: str
    section: Section = Section.ACCOUNT
    args: tuple[Arg, ...] = ()
    permission: Permission | None = None
    scopes: frozenset[Scope] = PRIVATE
    session: bool = True
    reads: bool = False
    confirms: bool = False
    outside: bool = False
    hidden: bool = False

    @property
    def usage(self) -> str:
        """`/mute COIN|VENUE [HOURS]`."""
        return grammar.usage(self.name, self.args)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is asked in private over several messages; the answers come to `handler`.

    `secret_steps` name steps whose answer is deleted from the chat before anything else.
    """

    name: str
    handler: Callable[[Ask, Talk], Reply]
    secret_steps: frozenset[str] = frozenset()


_commands: dict[str, Command] = {}
_conversations: dict[str, Conversation] = {}


def add(*commands: Command) -> None:
    """Adds commands. Raises ValueError where a name is taken."""
    for one in commands:
        if one.name in _commands:
            raise ValueError(f"two commands are called /{one.name}")
        _commands[one.name] = one


def converse(conversation: Conversation) -> None:
    """Adds a conversation. Raises ValueError where its name is taken."""
    if conversation.name in _conversations:
        raise ValueError(f"two conversations are called {conversation.name}")
    _conversations[conversation.name] = conversation


def find(name: str) -> Command | None:
    """The command of that name, hidden ones too."""
    return _commands.get(name)


def conversation(name: str) -> Conversation | None:
    """The conversation of that name."""
    return _conversations.get(name)


def every() -> list[Command]:
    """All commands, hidden ones too, in the order they were added."""
    return list(_commands.values())


def listed(scope: Scope) -> list[Command]:
    """The commands people can type there."""
    return [one for one in _commands.values() if scope in one.scopes and not one.hidden]


def nearest(name: str, among: Iterable[str]) -> str:
    """The known name most like a mistyped one, "" where none is."""
    found = difflib.get_close_matches(name, list(among), n=1, cutoff=0.6)
    return found[0] if found else ""
