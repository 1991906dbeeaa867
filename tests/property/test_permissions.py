"""What holds of permissions for everybody, whoever and whenever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import tier_settings, tiers
from accounts.permissions import Permission, may
from accounts.standing import Standing, effective_tier, ms
from arbedge.errors import BadInput
from arbedge.names import AccountState, Language, Role, Tier
from tests.accounts.memories import forget

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = st.none() | st.integers(-10_000, 10_000).map(lambda hours: ms(NOON + timedelta(hours=hours)))
MASK = st.integers(0, 7)

standings = st.builds(
    Standing,
    user_id=st.integers(1, 1 << 60), version=st.integers(1, 1 << 60), role=st.sampled_from(Role),
    state=st.sampled_from(AccountState), tier=st.sampled_from(Tier), tier_until_ms=AT,
    beta_until_ms=AT, keys=MASK, trading_keys=MASK, ai_keys=st.booleans(),
    language=st.sampled_from(Language), time_zone=st.sampled_from(["UTC", "Asia/Tokyo"]),
    country=st.sampled_from(["", "ES"]), joined_ms=st.integers(0, 1 << 42),
    session_id=st.none() | st.integers(1, 1 << 60), session_until_ms=st.integers(0, 1 << 42),
)  # fmt: skip
permissions = st.sampled_from(Permission)
tier_permissions = st.sampled_from(sorted(set(Permission) - tiers.OF_ROLES))


@pytest.fixture(autouse=True)
def _table(db: None) -> Iterator[None]:
    forget()
    tiers.table()
    yield
    forget()


@given(standings, permissions, st.booleans(), st.sampled_from(Tier))
def test_a_higher_tier_never_takes_a_permission_away(
    who: Standing, name: Permission, group: bool, higher: Tier
) -> None:
    raised = msgspec.structs.replace(who, tier=max(who.tier, higher, key=lambda t: t.rank))
    before = may(who, name, group=group, now=NOON).allowed
    assert not before or may(raised, name, group=group, now=NOON).allowed


@given(standings, permissions)
def test_a_group_is_never_allowed_what_the_person_is_not(who: Standing, name: Permission) -> None:
    in_group = may(who, name, group=True, now=NOON).allowed
    assert not in_group or may(who, name, now=NOON).allowed


@given(standings, permissions)
def test_a_beta_never_takes_a_permission_away(who: Standing, name: Permission) -> None:
    tester = msgspec.structs.replace(who, beta_until_ms=ms(NOON) + 1)
    assert not may(who, name, now=NOON).allowed or may(tester, name, now=NOON).allowed


@given(standings, st.text(max_size=40), st.booleans())
def test_a_name_nobody_gave_is_always_denied(who: Standing, name: str, group: bool) -> None:
    if name not in set(Permission):
        assert not may(who, name, group=group, now=NOON).allowed


@given(standings, permissions, st.booleans(), st.booleans())
def test_a_refusal_always_has_a_reason_and_words(
    who: Standing, name: Permission, group: bool, session: bool
) -> None:
    answer = may(who, name, group=group, session=session, now=NOON)
    assert answer.allowed is (answer.reason is None) is (answer.message == "")


@given(standings, permissions)
def test_whoever_is_not_active_may_nothing(who: Standing, name: Permission) -> None:
    assert who.state is AccountState.ACTIVE or not may(who, name, now=NOON).allowed


@given(standings)
def test_a_standing_comes_back_from_the_cache_as_it_went(who: Standing) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(who), type=Standing) == who


@given(standings)
def test_time_alone_never_raises_a_tier(who: Standing) -> None:
    later = effective_tier(who, NOON + timedelta(hours=1))
    assert later.rank <= effective_tier(who, NOON).rank


@given(st.lists(st.tuples(st.sampled_from(Tier), tier_permissions, st.booleans()), max_size=12))
def test_whatever_operators_try_a_higher_tier_has_what_a_lower_has(
    tries: list[tuple[Tier, Permission, bool]],
) -> None:
    rows: list[tier_settings.Row] = []
    for tier, name, on in tries:
        change = (tier.value, f"{tiers.PERMISSION}{name}", Decimal(on))
        try:
            tier_settings._check_order(rows, change)
        except BadInput:
            continue
        rows = [row for row in rows if row[:2] != change[:2]] + [change]
    held: list[Any] = [one.permissions for one in tiers.with_settings(rows).values()]
    assert all(lower <= higher for lower, higher in pairwise(held))
