"""Whether whoever asks may use a command here: one answer for commands, buttons, menus and help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accounts import permissions
from accounts.permissions import Permission, Why
from arbedge.errors import Forbidden
from arbedge.names import AccountState
from notifications.bot.groups import chat_admins
from notifications.bot.registry import Command, Scope

if TYPE_CHECKING:
    from notifications.bot.asks import Ask

_NO_SESSION: Final = "You have no active session. Send /start to begin one."
_WRONG_SCOPE: Final = {
    "only_private": "This works only in a private chat with the bot.",
    "admins_unknown": "Telegram does not say just now who runs this group. Try again in a moment.",
    "only_chat_admins": "Only admins of this group may use this.",
    "only_group": "This works only in a group.",
}
_BARRED: Final = "Nothing is shown here now. Who registered this group learns why in private."
_UNREGISTERED: Final = "This chat is not registered yet. One of its admins does that by /register."


def refusal(ask: Ask, command: Command, *, where: Scope | None = None) -> Forbidden | None:
    """Why the sender may not use the command here, None where he may.

    Its code is one of only_private, only_chat_admins, admins_unknown, only_group,
    unregistered_chat, group_barred or of permissions.Why. In a group the rights are those of the
    person who registered it, and what he lacks is not told.
    """
    at = where or ask.scope
    if at not in command.scopes and not (at is Scope.CHAT_ADMINS and Scope.GROUP in command.scopes):
        return _wrong_scope(ask, command, at)
    return _in_private(ask, command) if at is Scope.PRIVATE else _in_group(ask, command)


def _in_group(ask: Ask, command: Command) -> Forbidden | None:
    if command.permission is None:
        return None
    if ask.standing is None:
        return Forbidden(_UNREGISTERED, code="unregistered_chat")
    if _held(ask, command.permission, group=True) is not None:  # why is nobody's business here
        return Forbidden(_BARRED, code="group_barred")
    return None


def _wrong_scope(ask: Ask, command: Command, at: Scope) -> Forbidden:
    if at is Scope.PRIVATE:
        code = "only_group"
    elif Scope.CHAT_ADMINS not in command.scopes:
        code = "only_private"
    else:
        code = "admins_unknown" if chat_admins.unanswered(ask.place.chat_id) else "only_chat_admins"
    return Forbidden(_WRONG_SCOPE[code], code=code, command=command.name)


def _in_private(ask: Ask, command: Command) -> Forbidden | None:
    held = ask.standing
    if not (command.session or command.permission):
        return None
    if held is None:
        return Forbidden(_NO_SESSION, code=Why.NO_SESSION.value)
    if held.state is not AccountState.ACTIVE or not held.has_session(ask.now):
        return _held(ask, Permission.OPPORTUNITIES_VIEW, group=False)
    return _held(ask, command.permission, group=False) if command.permission else None


def _held(ask: Ask, permission: Permission, *, group: bool) -> Forbidden | None:
    assert ask.standing is not None
    try:
        permissions.need(ask.standing, permission, now=ask.now, group=group, session=not group)
    except Forbidden as refused:
        return refused
    return None
