"""What is known of the tokens browsers and programs present: session, person and end.

An entry lives five minutes and belongs to an epoch of the cache (accounts/memory.py). A session
that ended leaves a tombstone, which no reader who was late overwrites.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from accounts import memory, standing
from accounts.models import Session, SessionState
from arbedge import cache

LIVES_MS: Final = 300_000
TOMBSTONE_MS: Final = 600_000
_EPOCH: Final = len(memory.FIRST_EPOCH)
_OVER: Final = b""


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The session of a token; the end is the one the database knew, in ms since 1970 UTC."""

    session_id: int
    user_id: int
    until_ms: int


_decode: Final = msgspec.msgpack.Decoder(Held).decode
_encode: Final = msgspec.msgpack.Encoder().encode


def known(digest: bytes) -> Held | None:
    """The session of the token with this SHA-256 that was not ended by anybody; time may have."""
    name = _name(digest)
    found: Any = memory.ask("session", lambda client: client.mget(name, memory.epoch_key()))
    if found is not None and found[0] is not None:
        entry, epoch = found[0], memory.epoch_of(found[1])
        if entry[:_EPOCH] == epoch:
            return _decode(entry[_EPOCH:]) if len(entry) > _EPOCH else None
    held = _stored(digest)
    if held is not None and found is not None:
        _remember(name, memory.epoch_of(found[1]), held, late=found[0] is not None)
    return held


def bury(digests: Sequence[bytes]) -> None:
    """These sessions were ended: no token of theirs is believed from now on."""
    if not digests:
        return

    def write(client: Any) -> bool:
        epoch = memory.epoch_of(client.get(memory.epoch_key()))
        pipe = client.pipeline(transaction=False)
        for digest in digests:
            pipe.set(_name(digest), epoch + _OVER, px=TOMBSTONE_MS)
        pipe.execute()
        return True

    if memory.ask("session", write) is None:
        memory.missed()


def _name(digest: bytes) -> str:
    return cache.key("session", digest.hex())


def _stored(digest: bytes) -> Held | None:
    row = Session.objects.filter(digest=digest, state=SessionState.ACTIVE)
    facts = row.values_list("pk", "user_id", "expires_at").first()
    return None if facts is None else Held(facts[0], facts[1], standing.ms(facts[2]))


def _remember(name: str, epoch: bytes, held: Held, *, late: bool) -> None:
    """A reader never overwrites; what an earlier epoch left is removed for the next one."""

    def write(client: Any) -> Any:
        if late:
            return client.delete(name)
        return client.set(name, epoch + _encode(held), nx=True, px=LIVES_MS)

    memory.ask("session", write)
