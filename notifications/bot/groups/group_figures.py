"""A chat's figures as its admins read them: a table narrow enough for a phone, nobody named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.html import escape

from notifications.bot.asks import Ask
from notifications.models import Chat
from notifications.telegram import chat_figures
from notifications.telegram.chat_figures import Figures

ROWS: Final = ("posts", "pressed", "joined")
_LABEL_WIDE: Final = 20
_FIGURE_WIDE: Final = 8


def text(ask: Ask, chats: Sequence[Chat]) -> str:
    """One table a chat, with its title where there are several readers' chats in question."""
    tables = [_titled(ask, chat, chat_figures.of(chat, ask.now)) for chat in chats]
    return "\n\n".join([*tables, ask.say("groups.figures.note")])


def _titled(ask: Ask, chat: Chat, figures: Sequence[Figures]) -> str:
    return f"<b>{escape(str(chat))}</b>\n<pre>{escape(table(ask, figures))}</pre>"


def table(ask: Ask, figures: Sequence[Figures]) -> str:
    """Lines of at most 36 letters: what is counted, and a column for each number of days."""
    style = ask.style()
    head = [ask.say("groups.figures.days", days=one.days) for one in figures]
    lines = [_line("", head)]
    for name in ROWS:
        counts = [style.plain(float(getattr(one, name))) for one in figures]
        lines.append(_line(ask.say(f"groups.figures.{name}"), counts))
    return "\n".join(lines)


def _line(label: str, cells: Sequence[str]) -> str:
    return f"{label:<{_LABEL_WIDE}}" + "".join(f"{cell:>{_FIGURE_WIDE}}" for cell in cells)
