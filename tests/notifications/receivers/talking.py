"""What a bot is told of what people do, and what they cannot do."""

from __future__ import annotations

from typing import Any

import httpx

from tests.notifications.receiving import Running


def updates(bot: Running) -> list[dict[str, Any]]:
    """What the bot gets when it asks for updates."""
    told: list[dict[str, Any]] = bot.call("getUpdates").json()["result"]
    return told


def impossible(bot: Running, path: str, **told: Any) -> str:
    """Why the receivers' page refuses what somebody wants to do."""
    answer = httpx.post(f"{bot.url}{path}", json=told)
    assert answer.status_code == 409, answer.text
    return str(answer.json()["error"])
