"""Operators pause venues and resume them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from auditlog.models import LogEntry

from accounts.models import User
from arbedge.errors import BadInput
from arbedge.names import Door, Role
from exchanges import pausing, rounds
from exchanges.models import VenueRecord
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def operator() -> User:
    made: User = UserFactory(role=Role.SUPER_ADMIN)
    return made


def pause(by: User, lasts: timedelta | None = None, reason: str = "odd prices") -> VenueRecord:
    return pausing.pause("okx", reason, lasts=lasts, door=Door.TELEGRAM, by=by, now=NOON)


def resume(by: User, now: datetime = NOON) -> VenueRecord:
    return pausing.resume("okx", door=Door.TELEGRAM, by=by, now=now)


def closed(at: datetime) -> frozenset[str]:
    """What the scan is told."""
    return rounds.paused(at.timestamp() * 1000)


def test_a_pause_holds_until_it_is_resumed(operator: User) -> None:
    row = pause(operator)
    assert (row.paused, row.paused_reason, row.paused_at) == (True, "odd prices", NOON)
    assert closed(NOON + timedelta(days=300)) == {"okx"}
    resume(operator)
    assert closed(NOON) == frozenset()


def test_a_pause_with_an_end_ends_by_itself(operator: User) -> None:
    pause(operator, lasts=4 * HOUR)
    assert closed(NOON + 3 * HOUR) == {"okx"}
    assert closed(NOON + 4 * HOUR) == frozenset()


def test_a_pause_with_an_end_is_resumed_early(operator: User) -> None:
    pause(operator, lasts=4 * HOUR)
    resume(operator, NOON + HOUR)
    assert closed(NOON + 2 * HOUR) == frozenset()


def test_maintenance_announced_for_later_stays(operator: User) -> None:
    tomorrow = NOON + timedelta(days=1)
    VenueRecord.objects.create(
        name="okx", maintenance_from=tomorrow, maintenance_until=tomorrow + HOUR
    )
    resume(operator)
    assert closed(tomorrow) == {"okx"}


def test_what_is_closed_is_told_with_its_row(operator: User) -> None:
    pause(operator, lasts=HOUR)
    assert list(pausing.held(NOON)) == ["okx"]
    assert pausing.held(NOON + HOUR) == {}


def test_pausing_again_keeps_since_when(operator: User) -> None:
    pause(operator)
    later = pausing.pause("okx", "still odd", lasts=None, door=Door.TELEGRAM, by=operator,
                          now=NOON + HOUR)  # fmt: skip
    assert (later.paused_at, later.paused_reason) == (NOON, "still odd")


@pytest.mark.parametrize(
    ("what", "act"), [("venue.paused", pause), ("venue.resumed", resume)], ids=["pause", "resume"]
)
def test_who_did_it_is_audited_once(operator: User, what: str, act: object) -> None:
    act(operator)  # type: ignore[operator]
    line = LogEntry.objects.get(object_repr="okx")
    assert (line.actor, line.additional_data["what"]) == (operator, what)
    assert line.additional_data["door"] == Door.TELEGRAM


@pytest.mark.parametrize(
    ("lasts", "reason"),
    [(None, "  "), (None, "x" * 201), (timedelta(0), "odd"), (timedelta(days=31), "odd")],
)
def test_pauses_have_a_reason_and_a_bound(
    operator: User, lasts: timedelta | None, reason: str
) -> None:
    with pytest.raises(BadInput):
        pause(operator, lasts, reason)
    assert closed(NOON) == frozenset()


def test_a_venue_nobody_asks_cannot_be_paused(operator: User) -> None:
    with pytest.raises(BadInput) as refused:
        pausing.pause("mtgox", "gone", lasts=None, door=Door.TELEGRAM, by=operator, now=NOON)
    assert refused.value.code == "bad_venue"
