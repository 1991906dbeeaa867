"""People who write to the bot and press its buttons, and what it answers them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from notifications.bot import dispatch
from notifications.telegram.telegram_text import plain
from tests.notifications.factories import NOON, reachable_person

PRIVATE = "private"
_numbers = itertools.count(1)
_telegram_ids = itertools.count(77_000_001)


@dataclass(frozen=True)
class Said:
    """The calls that answer one update."""

    calls: list[Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What is to be read, in order: messages, edits and pictures."""
        return [call["told"] for call in self.calls
                if ("text" in call["told"] and call["method"] != "answerCallbackQuery")
                or "caption" in call["told"]]  # fmt: skip

    @property
    def html(self) -> str:
        """All texts as they are sent."""
        return "\n\n".join(str(one.get("text", one.get("caption", ""))) for one in self.messages)

    @property
    def text(self) -> str:
        """All texts as they are read."""
        return plain(self.html)

    @property
    def toast(self) -> str:
        """What the press itself is answered."""
        return next((str(call["told"].get("text", "")) for call in self.calls
                     if call["method"] == "answerCallbackQuery"), "")  # fmt: skip

    @property
    def buttons(self) -> dict[str, str]:
        """Lines (or addresses) of all buttons by their labels."""
        rows = [row for one in self.messages
                for row in one.get("reply_markup", {}).get("inline_keyboard", [])]  # fmt: skip
        return {one["text"]: one.get("callback_data", one.get("url", ""))
                for row in rows for one in row}  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """The lines of all buttons."""
        return list(self.buttons.values())

    @property
    def methods(self) -> list[str]:
        """The methods of all calls."""
        return [call["method"] for call in self.calls]

    @property
    def pictures(self) -> list[list[str]]:
        """Names and arguments of all pictures."""
        return [call["picture"] for call in self.calls if call.get("picture")]


def member(**columns: Any) -> User:
    """Somebody with Telegram and a session; `columns` as of factories.reachable_person."""
    columns.setdefault("telegram_id", next(_telegram_ids))
    columns.setdefault("onboarding", "done")
    columns.setdefault("onboarded_at", NOON)
    return reachable_person(**columns)


def newcomer(language: str = "en", name: str = "Nora") -> dict[str, Any]:
    """Somebody nobody knows, as Telegram tells of him."""
    number = next(_telegram_ids)
    return {"id": number, "is_bot": False, "first_name": name, "language_code": language}


def group(telegram_id: int = -1_001, title: str = "Traders", kind: str = "supergroup") -> Any:
    """A chat of several as Telegram tells of it."""
    return {"id": telegram_id, "type": kind, "title": title}


def ask(
    who: User | Mapping[str, Any], text: str, *, chat: Any = None, now: datetime = NOON, **more: Any
) -> Said:
    """Somebody writes a text; `chat` is a group, else it is the private chat."""
    return answered({"message": message(who, text, chat=chat, now=now, **more)}, now)


def press(
    who: User | Mapping[str, Any], line: str, *, chat: Any = None, now: datetime = NOON,
    message_id: int = 40, **below: Any,
) -> Said:  # fmt: skip
    """Somebody presses a button with that line below the bot's message."""
    bot = {"id": 1, "is_bot": True, "first_name": "ArbEdge"}
    whole = message(bot, "…", chat=chat or _own(sender(who)), now=now, message_id=message_id)
    query = {"id": str(next(_numbers)), "from": sender(who), "chat_instance": "1", "data": line,
             "message": {**whole, **below}}  # fmt: skip
    return answered({"callback_query": query}, now)


def answered(update: Mapping[str, Any], now: datetime = NOON) -> Said:
    """What any update is answered."""
    kept: list[Any] = []
    unkept = dispatch.handle({"update_id": next(_numbers), **update}, now, kept.append)
    if unkept:
        kept.append(unkept)
    assert len(kept) == 1, "an answer is given exactly once"
    return Said(kept[0])


def message(
    who: User | Mapping[str, Any], text: str, *, chat: Any = None, now: datetime = NOON, **more: Any
) -> dict[str, Any]:
    """A message as Telegram tells of it."""
    of = sender(who)
    return {"message_id": next(_numbers), "from": of, "chat": chat or _own(of),
            "date": int(now.timestamp()), "text": text, **more}  # fmt: skip


def sender(who: User | Mapping[str, Any]) -> dict[str, Any]:
    """Somebody as Telegram tells of him."""
    if isinstance(who, User):
        return {"id": who.telegram_id, "is_bot": False, "language_code": who.language,
                "first_name": who.name or "Anna"}  # fmt: skip
    return dict(who)


def _own(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": of["id"], "type": PRIVATE, "first_name": of["first_name"]}
