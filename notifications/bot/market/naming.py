"""Asking for the coin where none was named: menus send a command alone."""

from __future__ import annotations

from typing import Final

from notifications.bot.asks import Ask
from notifications.bot.replies import Reply, fitting, in_rows

EXAMPLES: Final = ("BTC", "ETH", "SOL")  # coins everybody knows


def which(ask: Ask, command: str) -> Reply:
    """How to write it, and buttons for some."""
    coins = [button for coin in EXAMPLES for button in fitting(coin, command, coin)]
    return Reply(ask.say("market.which", command=command), in_rows(coins))
