"""May this person? The whole matrix against product §3, written out here by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from accounts.permissions import Permission, Why, may, need
from accounts.standing import Standing, ms
from arbedge.errors import Forbidden
from arbedge.names import AccountState, Language, Role, Tier
from tests.accounts.factories import NOON
from tests.accounts.memories import Commands, forget

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)

# Product §3: who has what, by tier; admins have a column of their own.
BY_TIER = """
                         free  basic  premium  pro  enterprise  admins
opportunities.view       yes   yes    yes      yes  yes         yes
trading.manual           yes   yes    yes      yes  yes         yes
ai.use                   yes   yes    yes      yes  yes         yes
groups.manage            yes   yes    yes      yes  yes         yes
opportunities.technical  no    no     yes      yes  yes         yes
opportunities.ai         no    no     yes      yes  yes         yes
trading.automated        no    no     yes      yes  yes         yes
analytics.premium        no    no     yes      yes  yes         yes
analytics.view           no    no     no       yes  yes         yes
"""
# And by role, whatever the tier; never for a group.
BY_ROLE = """
                  user  support  admin  super_admin
system.view       no    yes      yes    yes
users.manage      no    no       yes    yes
system.broadcast  no    no       yes    yes
system.configure  no    no       no     yes
"""
NEEDS_A_TRADING_KEY = {"trading.manual", "trading.automated"}
BETA = {"none": None, "running": ms(NOON + DAY), "over": ms(NOON - DAY)}


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


def grid(text: str) -> dict[tuple[str, str], bool]:
    """Whether `yes` stands in a line and column."""
    head, *lines = (line.split() for line in text.strip().splitlines())
    return {
        (name, column): cell == "yes"
        for name, *cells in lines
        for column, cell in zip(head, cells, strict=True)
    }


TIERS, ROLES = grid(BY_TIER), grid(BY_ROLE)
NAMES = sorted({name for name, _ in TIERS} | {name for name, _ in ROLES})


def somebody(**more: Any) -> Standing:
    """A person on free with keys to everything."""
    facts: dict[str, Any] = {
        "user_id": 1, "version": 1, "role": Role.USER, "state": AccountState.ACTIVE,
        "tier": Tier.FREE, "tier_until_ms": None, "beta_until_ms": None, "keys": 1,
        "trading_keys": 1, "ai_keys": True, "language": Language.EN, "time_zone": "UTC",
        "country": "", "joined_ms": ms(NOON), "session_id": None, "session_until_ms": 0,
    }  # fmt: skip
    return Standing(**(facts | more))


def expected(
    name: str, *, role: str, tier: str, beta: str, group: bool, state: str, keys: bool
) -> str | None:
    """The reason product §3 gives for a refusal; None where it allows."""
    if state != "active":
        return state
    if (name, role) in ROLES:
        return None if ROLES[name, role] and not group else "missing_role"
    admin = role in {"admin", "super_admin"}
    lifted = "premium" if beta == "running" and tier in {"free", "basic"} else tier
    column = "admins" if admin else lifted
    if not TIERS[name, column]:
        had_it = beta == "over" and TIERS[name, "premium"]
        return "beta_over" if had_it else "missing_tier"
    if keys:
        return None
    wants_one = name in NEEDS_A_TRADING_KEY or (name == "ai.use" and column == "free")
    return "key_missing" if wants_one else None


# The matrix


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("tier", list(Tier))
def test_the_whole_matrix(role: Role, tier: Tier) -> None:
    """Beta × group × state × permission × keys, for one role and tier."""
    wrong = []
    sides = product(BETA, (False, True), AccountState, NAMES, (True, False))
    for beta, group, state, name, keys in sides:
        who = somebody(
            role=role, tier=tier, state=state, beta_until_ms=BETA[beta],
            trading_keys=int(keys), ai_keys=keys,
        )  # fmt: skip
        answer = may(who, name, group=group, now=NOON)
        reason = expected(
            name, role=role, tier=tier, beta=beta, group=group, state=state, keys=keys
        )
        if (answer.allowed, answer.reason) != (reason is None, reason):
            wrong.append((beta, group, state.value, name, keys, answer, reason))
    assert wrong == []


def test_the_matrix_knows_every_permission() -> None:
    assert sorted(Permission) == NAMES


def test_a_tier_that_is_over_counts_as_free() -> None:
    for tier, name in product(Tier, NAMES):
        over = somebody(tier=tier, tier_until_ms=ms(NOON))
        assert may(over, name, now=NOON).allowed is may(somebody(), name, now=NOON).allowed


@pytest.mark.parametrize(
    "name",
    ["", "opportunities", "opportunities.*", "OPPORTUNITIES.VIEW", "users.manage ", "a" * 999],
)
def test_what_has_no_name_here_is_denied_to_everybody(name: str) -> None:
    answer = may(somebody(role=Role.SUPER_ADMIN, tier=Tier.ENTERPRISE), name, now=NOON)
    assert (answer.allowed, answer.reason) == (False, Why.UNKNOWN_PERMISSION)
    assert len(answer.message) < 100


# Sessions


@pytest.mark.parametrize(
    ("until", "allowed"), [(NOON + DAY, True), (NOON, False), (NOON - DAY, False), (None, False)]
)
def test_a_door_that_needs_a_session_asks_for_one(until: datetime | None, allowed: bool) -> None:
    who = somebody(
        session_id=None if until is None else 5, session_until_ms=0 if until is None else ms(until)
    )
    answer = may(who, "opportunities.view", session=True, now=NOON)
    assert answer.allowed is allowed
    assert allowed or answer.reason is Why.NO_SESSION
    assert may(who, "opportunities.view", now=NOON).allowed


def test_a_group_needs_no_session() -> None:
    assert may(somebody(), "opportunities.view", session=True, group=True, now=NOON).allowed


# Which reason is told first


@pytest.mark.parametrize(
    ("facts", "name", "first"),
    [
        ({"state": AccountState.BANNED}, "no.such", Why.UNKNOWN_PERMISSION),
        ({"state": AccountState.BANNED}, "analytics.view", Why.BANNED),
        ({}, "analytics.view", Why.NO_SESSION),
        ({"session_id": 1, "session_until_ms": ms(NOON + DAY), "trading_keys": 0},
         "trading.automated", Why.MISSING_TIER),
    ],
)  # fmt: skip
def test_the_first_reason_is_told(facts: dict[str, Any], name: str, first: Why) -> None:
    assert may(somebody(**facts), name, session=True, now=NOON).reason is first


# Words


def said(name: str, **facts: Any) -> str:
    return may(somebody(**facts), name, now=NOON).message


@pytest.mark.parametrize(
    ("facts", "name", "words"),
    [
        ({}, "opportunities.technical",
         "Premium shows technical signals. You are on Free. /subscription"),
        ({"tier": Tier.BASIC, "tier_until_ms": ms(datetime(2026, 12, 3, tzinfo=UTC))},
         "opportunities.ai",
         "Premium shows what the AI recommends. You are on Basic until 3 December. /subscription"),
        ({"tier": Tier.PREMIUM, "tier_until_ms": ms(datetime(2027, 3, 3, tzinfo=UTC))},
         "analytics.view",
         "Pro has the analytics dashboard. You are on Premium until 3 March 2027. /subscription"),
        ({"beta_until_ms": ms(datetime(2026, 10, 1, 9, tzinfo=UTC))}, "trading.automated",
         ("Your beta ended on 1 October. Premium trades by itself on your keys. You are on Free."
          " /subscription")),
        ({"trading_keys": 0}, "trading.manual",
         ("Trading needs an exchange key of yours that may trade. You have none yet."
          " /setup_exchange")),
        ({"ai_keys": False}, "ai.use",
         "On Free the AI works with a key of yours. You have none yet. /setup_ai"),
        ({}, "system.configure",
         "Only super-administrators change settings. Ask one of them."),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_do(facts: dict[str, Any], name: str, words: str) -> None:
    assert said(name, **facts) == words


def test_a_beta_that_runs_names_the_tier_it_lifts_to_without_an_end() -> None:
    words = said("analytics.view", beta_until_ms=ms(NOON + DAY))
    assert words == "Pro has the analytics dashboard. You are on Premium. /subscription"


def test_a_day_is_the_persons_own() -> None:
    late = ms(datetime(2026, 12, 3, 20, tzinfo=UTC))
    there = {"tier": Tier.BASIC, "tier_until_ms": late, "time_zone": "Asia/Tokyo"}
    assert "until 4 December" in said("opportunities.ai", **there)


def test_every_refusal_has_words_of_its_own() -> None:
    nobody = {"trading_keys": 0, "ai_keys": False}
    refusals = [may(somebody(**nobody), name, now=NOON) for name in NAMES]
    words = [one.message for one in refusals if not one.allowed]
    assert all(words)
    assert len(set(words)) >= len(words) - 1  # trading by hand and by itself lack the same key


@pytest.mark.parametrize("state", ["suspended", "banned", "deactivated"])
def test_a_closed_account_is_told_whom_to_ask(state: str) -> None:
    assert "support" in said("opportunities.view", state=AccountState(state))


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("opportunities.technical", Tier.PREMIUM),
        ("analytics.view", Tier.PRO),
        ("users.manage", None),
    ],
)
def test_the_lowest_tier_that_would_do_is_named(name: str, tier: Tier | None) -> None:
    assert may(somebody(), name, now=NOON).need is tier


# Needing


def test_what_is_needed_and_held_passes() -> None:
    need(somebody(), "opportunities.view", now=NOON)


def test_what_is_needed_and_not_held_is_forbidden_with_the_reason() -> None:
    with pytest.raises(Forbidden) as refused:
        need(somebody(), "analytics.view", now=NOON)
    assert (refused.value.code, refused.value.status) == ("missing_tier", 403)
    assert refused.value.details == {"permission": "analytics.view", "need": Tier.PRO}


# Cost


def test_a_warm_check_asks_neither_database_nor_cache(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    may(somebody(), "opportunities.view", now=NOON)
    commands = Commands(monkeypatch)
    with django_assert_num_queries(0):
        for name in NAMES:
            may(somebody(), name, now=NOON)
    assert commands.sent == []
