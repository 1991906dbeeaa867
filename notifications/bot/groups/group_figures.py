"""A chat's figures as its admins read them: a table narrow enough for a phone, nobody named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString

from notifications.bot.asks import Ask
from notifications.bot.market import figures
from notifications.models import Chat
from notifications.telegram import chat_figures
from notifications.telegram.chat_figures import Figures

ROWS: Final = ("posts", "pressed", "joined")


def text(ask: Ask, chats: Sequence[Chat]) -> str:
    """A table of each chat below its title, and what the figures leave out."""
    tables = [_titled(ask, chat, chat_figures.of(chat, ask.now)) for chat in chats]
    return "\n\n".join([*tables, ask.say("groups.figures.note")])


def _titled(ask: Ask, chat: Chat, counted: Sequence[Figures]) -> str:
    return f"<b>{escape(str(chat))}</b>\n{table(ask, counted)}"


def table(ask: Ask, counted: Sequence[Figures]) -> SafeString:
    """What is counted, and a column for each number of days, as HTML."""
    plain = ask.style().plain
    rows = [["", *(ask.say("groups.figures.days", days=one.days) for one in counted)]]
    for name in ROWS:
        counts = [plain(float(getattr(one, name))) for one in counted]
        rows.append([ask.say(f"groups.figures.{name}"), *counts])
    return figures.table(rows, "<" + ">" * len(counted))
