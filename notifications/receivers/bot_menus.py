"""The bot's menus of commands and what it says about itself, per scope and language.

Source: core.telegram.org/bots/api#setmycommands and #botcommandscope.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from notifications.receivers.bot_calls import Refusal, number

MOST: Final = 100
LONGEST_TITLE: Final = 256
LONGEST: Final = {"name": 64, "description": 512, "short_description": 120}
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "default": (), "all_private_chats": (), "all_group_chats": (), "all_chat_administrators": (),
    "chat": ("chat_id",), "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}  # fmt: skip
Told = dict[str, Any]
Name = tuple[str, int, int, str]  # scope, chat, user, language


class Menus:
    """What was set, by scope and language."""

    def __init__(self) -> None:
        self.commands: dict[Name, list[Told]] = {}
        self.texts: dict[str, dict[str, str]] = {field: {} for field in LONGEST}

    def methods(self) -> dict[str, Callable[[Told], Any]]:
        """The methods of the Bot API that are answered here, by name in small letters."""
        found: dict[str, Callable[[Told], Any]] = {
            "setmycommands": self.set, "getmycommands": self.get, "deletemycommands": self.delete,
        }  # fmt: skip
        for field in LONGEST:
            name = f"my{field.replace('_', '')}"
            found[f"set{name}"] = partial(self._set_text, field)
            found[f"get{name}"] = partial(self._text, field)
        return found

    def set(self, told: Told) -> bool:
        """setMyCommands; an empty list is a menu without commands. Raises Refusal."""
        commands = told.get("commands") or []
        if len(commands) > MOST:
            raise Refusal(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        self.commands[_name(told)] = [_command(one) for one in commands]
        return True

    def get(self, told: Told) -> list[Told]:
        """getMyCommands: those of exactly this scope and language. Raises Refusal."""
        return self.commands.get(_name(told), [])

    def delete(self, told: Told) -> bool:
        """deleteMyCommands. Raises Refusal."""
        self.commands.pop(_name(told), None)
        return True

    def seen(self, chat: int, user: int, language: str, *, manages: bool) -> list[Told]:
        """What somebody's menu shows in a chat: the first that was set, the narrowest first, and
        of each scope that of the reader's language before the one for all."""
        scopes: list[tuple[str, int, int]] = [("chat_member", chat, user)]
        if chat > 0:
            scopes = [("chat", chat, 0), ("all_private_chats", 0, 0)]
        else:
            admins = [("chat_administrators", chat, 0)] if manages else []
            all_admins = [("all_chat_administrators", 0, 0)] if manages else []
            scopes += [*admins, ("chat", chat, 0), *all_admins, ("all_group_chats", 0, 0)]
        for scope in (*scopes, ("default", 0, 0)):
            for tongue in (language, ""):
                if (*scope, tongue) in self.commands:
                    return self.commands[(*scope, tongue)]
        return []

    def told(self) -> Told:
        """All of it, for tests."""
        menus = [
            {"scope": _scope(scope, chat, user), "language": language, "commands": held}
            for (scope, chat, user, language), held in sorted(self.commands.items())
        ]
        told: Told = {"commands": menus}
        return told | self.texts

    def _set_text(self, field: str, told: Told) -> bool:
        text = str(told.get(field) or "")
        if len(text) > LONGEST[field]:
            raise Refusal(400, f"Bad Request: bot {field.replace('_', ' ')} is too long")
        self.texts[field][_language(told)] = text
        return True

    def _text(self, field: str, told: Told) -> Told:
        held = self.texts[field]
        return {field: held.get(_language(told)) or held.get("", "")}


def _name(told: Told) -> Name:
    scope = told.get("scope") or {"type": "default"}
    kind = str(scope.get("type", "")) if isinstance(scope, dict) else ""
    if kind not in NEEDS:
        raise Refusal(400, "Bad Request: can't parse BotCommandScope: Unsupported type specified")
    ids = {name: number(scope, name) for name in NEEDS[kind]}
    if 0 in ids.values():
        raise Refusal(400, "Bad Request: chat_id is empty")
    return kind, ids.get("chat_id", 0), ids.get("user_id", 0), _language(told)


def _language(told: Told) -> str:
    code = str(told.get("language_code") or "")
    if not re.fullmatch(r"([a-z]{2})?", code):
        raise Refusal(400, "Bad Request: invalid language code specified")
    return code


def _command(one: Any) -> Told:
    """One command as it is kept. Raises Refusal."""
    if not isinstance(one, dict) or "command" not in one or "description" not in one:
        raise Refusal(400, "Bad Request: can't parse BotCommand: Expected an Object")
    name, title = str(one["command"]).removeprefix("/"), str(one["description"]).strip()
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
    if not title:
        raise Refusal(400, "Bad Request: command description must be non-empty")
    if len(title) > LONGEST_TITLE:
        raise Refusal(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": title}


def _scope(kind: str, chat: int, user: int) -> Told:
    told: Told = {"type": kind}
    return told | ({"chat_id": chat} if chat else {}) | ({"user_id": user} if user else {})
