"""What becomes of a delivery after its tries: arithmetic on what the channels answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from notifications.channels.base import Result
from notifications.codes import Code
from notifications.names import DeliveryState, Outcome, Priority
from notifications.sending.rows import Claimed, Settled, Try

FIRST_RETRY_S: Final = 30.0
LONGEST_RETRY_S: Final = 3600.0
JITTER: Final = 0.25
# The less urgent, the sooner a message gives up on a channel.
TRIES: Final[Mapping[int, int]] = {
    Priority.CRITICAL: 5, Priority.HIGH: 5, Priority.MEDIUM: 4, Priority.LOW: 3,
    Priority.BACKGROUND: 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """The row's columns after a settle."""

    state: DeliveryState
    code: str
    place: int
    channel: int
    attempts: int
    due_at: datetime
    refs: Mapping[str, str]
    sent_at: datetime | None = None

    @property
    def settled(self) -> bool:
        return self.state is not DeliveryState.PENDING


def verdict(told: Settled, now: datetime, chance: float) -> Verdict:
    """Sent if any try arrived, else later if any may be tried again, else the next channel or the
    end. `chance` (0 to 1) spreads the retries of what failed together."""
    row = told.row
    if told.cancelled is not None:
        return _as_is(row, DeliveryState.CANCELLED, told.cancelled)
    sent = [one for one in told.tries if one.result.outcome is Outcome.SENT]
    if sent:
        refs = {one.channel.value: one.result.provider_id for one in sent}
        refs = {channel: ref for channel, ref in refs.items() if ref}
        ended = _as_is(row, DeliveryState.SENT, "")
        return replace(ended, refs={**row.refs, **refs}, sent_at=min(one.at for one in sent))
    again = [one.result for one in told.tries if one.result.outcome is Outcome.RETRY]
    if again:
        return _later(row, again, now, chance)
    return _elsewhere(row, _first_code(told.tries), now)


def may_go_elsewhere(row: Claimed) -> bool:
    """Whether the recipient has a channel that was not tried yet."""
    return not row.to_all and row.place + 1 < len(row.channels)


def wait_s(attempts: int, chance: float) -> float:
    """How long after its nth try a message is tried again: 30 s, doubling, an hour at most."""
    doubled = FIRST_RETRY_S * 2.0 ** min(max(attempts - 1, 0), 20)
    return min(doubled * (1 + JITTER * chance), LONGEST_RETRY_S)


def _later(row: Claimed, again: list[Result], now: datetime, chance: float) -> Verdict:
    """The provider's own wish counts before ours; what would lapse meanwhile tries elsewhere."""
    wishes = [one.retry_after_s for one in again if one.retry_after_s is not None]
    if any(one.moved_to for one in again):
        wait = 0.0
    elif wishes:
        wait = max(wishes) * (1 + JITTER / 5 * chance)
    else:
        wait = wait_s(row.attempts, chance)
    due_at = now + timedelta(seconds=wait)
    over = row.attempts >= TRIES[row.priority]
    if over or (row.expires_at is not None and due_at >= row.expires_at):
        return _elsewhere(row, Code.TOO_MANY_TRIES if over else again[0].code, now)
    waiting = _as_is(row, DeliveryState.PENDING, again[0].code)
    return replace(waiting, due_at=due_at)


def _elsewhere(row: Claimed, code: str, now: datetime) -> Verdict:
    if not may_go_elsewhere(row):
        return _as_is(row, DeliveryState.FAILED, code)
    waiting = _as_is(row, DeliveryState.PENDING, code)
    place = row.place + 1
    return replace(waiting, place=place, channel=row.channels[place], attempts=0, due_at=now)


def _as_is(row: Claimed, state: DeliveryState, code: str) -> Verdict:
    return Verdict(
        state, str(code)[:32], row.place, row.channel, row.attempts, row.due_at, row.refs
    )


def _first_code(tries: tuple[Try, ...]) -> str:
    return tries[0].result.code if tries else Code.NO_ADDRESS
