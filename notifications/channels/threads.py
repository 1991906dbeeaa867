"""Threads for what cannot be awaited, a few per channel: one that hangs holds up its own only.

The event loop's own threads look up names; names of users can be slow on purpose.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from arbedge.names import Channel

THREADS: Final = 4

T = TypeVar("T")
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Channel, ThreadPoolExecutor]] = (
    WeakKeyDictionary()
)


async def call(channel: Channel, work: Callable[..., T], *args: object) -> T:
    """Returns what `work` returns, from one of the channel's threads in this process."""
    loop = asyncio.get_running_loop()
    pools = _pools.setdefault(loop, {})
    if channel not in pools:
        pools[channel] = ThreadPoolExecutor(THREADS, f"arbedge-{channel}")
    return await loop.run_in_executor(pools[channel], work, *args)
