"""May this person? The whole matrix against product §3, written out here by hand."""

from __future__ import annotations

import pytest

from accounts.permissions import Why, may
from accounts.standing import Standing, ms
from arbedge.names import AccountState, Language, Role, Tier
from tests.accounts.factories import NOON

pytestmark = pytest.mark.django_db


def somebody(**more: object) -> Standing:
    facts: dict[str, object] = {
        "user_id": 1, "version": 1, "role": Role.USER, "state": AccountState.ACTIVE,
        "tier": Tier.FREE, "tier_until_ms": None, "beta_until_ms": None, "keys": 1,
        "trading_keys": 1, "ai_keys": True, "language": Language.EN, "time_zone": "UTC",
        "country": "", "joined_ms": ms(NOON), "session_id": None, "session_until_ms": 0,
    }  # fmt: skip
    return Standing(**(facts | more))  # type: ignore[arg-type]


def test_what_has_no_name_here_is_denied() -> None:
    answer = may(somebody(role=Role.SUPER_ADMIN), "opportunities.everything", now=NOON)
    assert (answer.allowed, answer.reason) == (False, Why.UNKNOWN_PERMISSION)


def test_a_missing_tier_is_told_with_the_next_step() -> None:
    answer = may(somebody(), "opportunities.technical", now=NOON)
    assert answer.need is Tier.PREMIUM
    assert answer.message == "Premium shows technical signals. You are on Free. /subscription"
