"""Updates as Telegram sends them, and what became of those that were stored."""

from __future__ import annotations

import gzip
import itertools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from arbedge import cache, sealing
from notifications.bot import intake
from notifications.models import BotUpdate
from tests.notifications.factories import NOON

ANNA, BEN, GROUP = 7_100_001, 7_100_002, -1_007_100_003
ANONYMOUS = 1_087_968_824  # whoever writes as the group itself

_numbers = itertools.count(1_000)


def text(words: str, by: int = ANNA, *, chat: int | None = None, **more: Any) -> dict[str, Any]:
    """Somebody writes; in private where no chat is named."""
    where = by if chat is None else chat
    kind = "private" if where > 0 else "supergroup"
    message = {"message_id": next(_numbers), "date": int(NOON.timestamp()), "from": person(by),
               "chat": {"id": where, "type": kind}, "text": words}  # fmt: skip
    return {"update_id": next(_numbers), "message": {**message, **more}}


def person(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": f"Person {number}"}


def raw(update: Any) -> bytes:
    return json.dumps(update).encode()


def stored(update: dict[str, Any], now: datetime = NOON) -> BotUpdate:
    """The row of an update that has just come in."""
    assert intake.store(raw(update), now)
    return row(update)


def row(update: dict[str, Any]) -> BotUpdate:
    return BotUpdate.objects.get(pk=update["update_id"])


def said(one: BotUpdate) -> Any:
    """What Telegram sent, unsealed."""
    return json.loads(sealing.unseal(one.sealed))


def woken() -> list[int]:
    """The lanes in the cache's list, in their order."""
    found: Any = cache.client().lrange(cache.key("bot", "lanes"), 0, -1)
    return [int(one) for one in found]


def recorded(folder: Path) -> dict[str, bytes]:
    """Every recorded update by its name."""
    files = sorted((folder / "telegram" / "updates").glob("*.json.gz"))
    assert files, f"no updates in {folder}"
    return {path.name.partition(".")[0]: gzip.decompress(path.read_bytes()) for path in files}
