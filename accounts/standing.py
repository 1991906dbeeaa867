"""What decides about one person, known by one look-up: role, tier, state, session, keys.

`known` reads the cache and falls back to the database; `changed` is called inside the transaction
of every write that touches these facts. It raises the person's version, and after the commit the
cache is written through; a fact of a lower version never replaces one of a higher.

Everywhere within 2 s holds while the cache answers. A write that finds the cache gone still
succeeds: its process begins a new epoch as soon as the cache is back (accounts/memory.py), which
disowns what was noted before. A process killed between commit and cache leaves an entry that
lapses after 2 s. What neither covers ends with the entry, after ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec
from django.db import connection, transaction

from accounts import memory
from arbedge import cache
from arbedge.choices import VENUE_BITS
from arbedge.errors import NotFound
from arbedge.names import AccountState, Language, Role, Tier

LIVES_MS: Final = 600_000
IN_CHANGE_MS: Final = 2_000
BATCH: Final = 1_000
_EPOCH: Final = len(memory.FIRST_EPOCH)


class Standing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The facts about one person that decide what he may; times in milliseconds since 1970 UTC.

    `tier` is what is paid for or granted, without the beta. `keys` are the venues (bits of
    choices.VENUE_BITS) of active exchange keys for real markets, `trading_keys` those of keys that
    may trade, practice markets included. The session is the active one that lasts longest; it may
    be over by now (`has_session`).
    """

    user_id: int
    version: int
    role: Role
    state: AccountState
    tier: Tier
    tier_until_ms: int | None
    beta_until_ms: int | None
    keys: int
    trading_keys: int
    ai_keys: bool
    language: Language
    time_zone: str
    country: str
    joined_ms: int
    session_id: int | None
    session_until_ms: int

    def has_session(self, now: datetime) -> bool:
        """Whether a session is active at `now`."""
        return self.session_id is not None and self.session_until_ms > ms(now)

    def in_beta(self, now: datetime) -> bool:
        """Whether the beta runs at `now`."""
        return self.beta_until_ms is not None and self.beta_until_ms > ms(now)


_decode: Final = msgspec.msgpack.Decoder(Standing).decode
_encode: Final = msgspec.msgpack.Encoder().encode

# KEYS entry; ARGV epoch, version, life in ms, facts. 1 = noted, 0 = a newer fact was there.
_NOTE: Final = """
local held = redis.call('get', KEYS[1])
local size = string.len(ARGV[1])
if held and string.sub(held, 1, size) == ARGV[1]
   and cmsgpack.unpack(string.sub(held, size + 1))[2] > tonumber(ARGV[2]) then
    return 0
end
redis.call('set', KEYS[1], ARGV[1] .. ARGV[4], 'PX', ARGV[3])
return 1
"""

_FACTS: Final = """
SELECT u.id, u.version, u.role, u.state, u.tier,
       (extract(epoch FROM u.tier_until) * 1000)::bigint,
       (extract(epoch FROM u.beta_until) * 1000)::bigint,
       k.venues, k.trading, coalesce(k.ai, false), u.language, u.time_zone, u.country,
       (extract(epoch FROM u.date_joined) * 1000)::bigint,
       s.id, coalesce((extract(epoch FROM s.expires_at) * 1000)::bigint, 0)
FROM accounts_user u
LEFT JOIN LATERAL (
    SELECT id, expires_at FROM accounts_session
    WHERE user_id = u.id AND state = 'active' ORDER BY expires_at DESC, id DESC LIMIT 1
) s ON true
LEFT JOIN LATERAL (
    SELECT array_agg(provider) FILTER (WHERE kind = 'exchange' AND NOT testnet) AS venues,
           array_agg(provider) FILTER (WHERE kind = 'exchange' AND can_trade) AS trading,
           bool_or(kind = 'ai') AS ai
    FROM accounts_storedkey
    WHERE user_id = u.id AND state = 'active' AND (expires_at IS NULL OR expires_at > now())
) k ON true
WHERE u.id = ANY(%s)
"""

# Rows are locked in the order of their ids, so that two changes never wait for each other.
_RAISE: Final = """
WITH locked AS (
    SELECT id FROM accounts_user WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
)
UPDATE accounts_user u SET version = u.version + 1 FROM locked WHERE u.id = locked.id
"""


def ms(moment: datetime) -> int:
    """The moment in milliseconds since 1970 UTC."""
    return round(moment.timestamp() * 1000)


def known(user_id: int) -> Standing:
    """The standing of a person: one look-up in the cache, or one query where it does not know.

    Raises NotFound(user_unknown) where there is no such person.
    """
    name = _name(user_id)
    found: Any = memory.ask("standing", lambda client: client.mget(name, memory.epoch_key()))
    if found is not None and found[0] is not None:
        entry, epoch = found[0], memory.epoch_of(found[1])
        if entry[:_EPOCH] == epoch:
            return _decode(memoryview(entry)[_EPOCH:])
    for one in _read([user_id]):
        if found is not None and memory.settled():
            _note([one], memory.epoch_of(found[1]))
        return one
    raise NotFound("There is no such person.", code="user_unknown", user_id=user_id)


def changed(user_ids: Iterable[int]) -> None:
    """Facts about these people change in this transaction: everybody will know after its commit."""
    ids = sorted(set(user_ids))
    if not ids:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for some in batched_ids(ids):
            cursor.execute(_RAISE, [some])
        _let_lapse(ids)
        transaction.on_commit(partial(_write_through, ids), robust=True)


def refill(user_ids: Iterable[int]) -> bool:
    """Writes what the database says now to the cache, for facts that change without a version:
    the end of a session that slides with every word said. Within a transaction it waits for the
    commit. Returns False where the cache is gone."""
    if not memory.settled():
        transaction.on_commit(partial(_write_through, sorted(set(user_ids))), robust=True)
        return True
    for some in batched_ids(sorted(set(user_ids))):
        epoch: Any = memory.ask("standing", lambda client: client.mget(memory.epoch_key()))
        if epoch is None or not _note(_read(some), memory.epoch_of(epoch[0])):
            return False
    return True


def effective_tier(standing: Standing, now: datetime) -> Tier:
    """The tier that counts at `now`: free once the paid time is over, at least premium in beta."""
    over = standing.tier_until_ms is not None and standing.tier_until_ms <= ms(now)
    tier = Tier.FREE if over else standing.tier
    if standing.in_beta(now) and tier.rank < Tier.PREMIUM.rank:
        return Tier.PREMIUM
    return tier


def batched_ids(ids: list[int]) -> Iterator[list[int]]:
    """The ids in lists no longer than a batch."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _name(user_id: int) -> str:
    return cache.key("who", str(user_id))


def _write_through(ids: list[int]) -> None:
    reached = False
    try:
        reached = refill(ids)
    finally:
        if not reached:
            memory.missed()


def _read(ids: list[int]) -> list[Standing]:
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [ids])
        return [_standing(row) for row in cursor.fetchall()]


def _standing(row: tuple[Any, ...]) -> Standing:
    (user_id, version, role, state, tier, tier_until, beta_until,
     venues, trading, ai, language, zone, country, joined, session, until) = row  # fmt: skip
    return Standing(
        user_id, version, Role(role), AccountState(state), Tier(tier), tier_until, beta_until,
        _mask(venues), _mask(trading), ai, Language(language), zone, country, joined,
        session, until,
    )  # fmt: skip


def _mask(venues: list[str] | None) -> int:
    """The bits of the venues; a venue without a bit has none."""
    return sum(1 << VENUE_BITS[venue] for venue in set(venues or ()) if venue in VENUE_BITS)


def _note(standings: list[Standing], epoch: bytes) -> bool:
    """Notes the facts, unless newer ones are there. Returns False where the cache is gone."""

    def write(client: Any) -> bool:
        pipe = client.pipeline(transaction=False)
        for one in standings:
            pipe.eval(_NOTE, 1, _name(one.user_id), epoch, one.version, LIVES_MS, _encode(one))
        pipe.execute()
        return True

    return memory.ask("standing", write) or False


def _let_lapse(ids: list[int]) -> None:
    """What is known of them holds for two more seconds, whatever becomes of this process."""

    def shorten(client: Any) -> bool:
        for some in batched_ids(ids):
            pipe = client.pipeline(transaction=False)
            for user_id in some:
                pipe.pexpire(_name(user_id), IN_CHANGE_MS)
            pipe.execute()
        return True

    memory.ask("standing", shorten)
