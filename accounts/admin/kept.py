"""Answers that are dear to find, kept for a minute in the shared cache; without it, found anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from accounts import memory
from arbedge import cache

KEPT_S: Final = 60


def kept(name: str, find: Callable[[], Any]) -> Any:
    """What `find` returned (JSON) within the last minute, in this process or another."""
    key = cache.key("console", name)
    held: Any = memory.ask("console", lambda client: client.get(key))
    if held is not None:
        return json.loads(held)
    found = find()
    packed = json.dumps(found)
    memory.ask("console", lambda client: client.set(key, packed, ex=KEPT_S))
    return found
