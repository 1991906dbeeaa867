"""The shared cache as a memory of facts about people: it may be gone, and may come back outdated.

A change that could not be written to the cache leaves an old fact behind in it. So a process that
saw the cache fail starts a new epoch before it uses the cache again, and facts that were noted in
an earlier epoch are not believed by anybody. A cache that failed is left alone for a second, or for
as long as it kept us waiting.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import redis
import structlog
from django.db import connection

from arbedge import cache, clock

PAUSE_S: Final = 1.0
LONGEST_TRY_S: Final = 15.0  # connecting and asking, each tried twice
FIRST_EPOCH: Final = b"0000000000000"  # as long as the milliseconds since 1970

T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass
class Trust:
    """What this process makes of the cache: until when it leaves it alone (monotonic), when it
    last failed (wall clock, 0 = all is well), and the thread that waits for it to come back."""

    paused_until: float = 0.0
    failed_ms: float = 0.0
    mender: threading.Thread | None = None


trust: Final = Trust()
_mending: Final = threading.Lock()


def ask(what: str, command: Callable[[redis.Redis], T]) -> T | None:
    """Returns what the command answers, or None where the cache is gone: then ask the database."""
    if trust.paused_until > time.monotonic():
        return None
    began = time.monotonic()
    try:
        if trust.failed_ms:
            trust.paused_until = began + LONGEST_TRY_S  # one thread tries, the others go on
            _begin_epoch()
            trust.paused_until = 0.0
        return command(cache.client())
    except redis.RedisError as error:
        if not trust.failed_ms:
            log.warning("cache_gone", what=what, error=str(error))
        trust.failed_ms = clock.now_ms()
        ended = time.monotonic()
        trust.paused_until = ended + max(PAUSE_S, ended - began)
        return None


def missed() -> None:
    """A change did not reach the cache: as soon as it answers, a new epoch begins."""
    with _mending:
        trust.failed_ms = clock.now_ms()
        if trust.mender is None or not trust.mender.is_alive():  # threads do not survive a fork
            trust.mender = threading.Thread(target=_mend, name="cache-mender", daemon=True)
            trust.mender.start()


def _mend() -> None:
    """Processes that hardly ever ask must not leave the others in the dark."""
    me = threading.current_thread()
    while trust.mender is me:
        time.sleep(PAUSE_S)
        if trust.failed_ms:
            ask("epoch", lambda client: client.ping())
        with _mending:
            if not trust.failed_ms and trust.mender is me:
                trust.mender = None


def settled() -> bool:
    """Whether what the database says now is committed, so that others may be told of it; within a
    transaction of one's own it may yet be undone."""
    blocks = connection.atomic_blocks
    return all(getattr(block, "_from_testcase", False) for block in blocks)


def epoch_key() -> str:
    """The key of the epoch; read it together with the fact it vouches for."""
    return cache.key("epoch")


def epoch_of(held: Any) -> bytes:
    """The epoch as it is written in front of facts."""
    return held or FIRST_EPOCH


def _begin_epoch() -> None:
    """An epoch begun after this process's last failure serves as well as one of its own."""
    client, failed_ms = cache.client(), trust.failed_ms
    held: Any = client.get(epoch_key())
    if int(epoch_of(held)) <= failed_ms:
        client.set(epoch_key(), b"%013d" % int(clock.now_ms() + 1))
    if trust.failed_ms == failed_ms:
        trust.failed_ms = 0.0
        log.warning("cache_back")
