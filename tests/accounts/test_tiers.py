"""The tier table, as product §3 prints it, and what operators make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db import transaction

from accounts import tier_settings, tiers
from accounts.models import TierSetting
from accounts.tier_settings import LIMITS
from accounts.tiers import Allowance
from arbedge.choices import unmask
from arbedge.errors import BadInput
from arbedge.names import Door, Kind, Role, Shelf, Tier
from tests.accounts.factories import NOON, UserFactory
from tests.accounts.memories import Commands, cache_gone, forget, forget_table, pause_is_over
from tests.accounts.test_permissions import somebody

pytestmark = pytest.mark.django_db

# Product §3, line by line; – is no cap, and for admins "does not apply".
PRINTED = """
opportunities_per_hour   5    10   20    50    100   100
pushes_per_day           20   50   200   500   –     –
delay_s                  300  60   10    0     0     0
api_per_minute           10   20   30    60    120   120
api_per_hour             100  300  500   1000  5000  5000
executions_per_hour      3    5    10    25    100   100
ai_platform_per_day      0    5    100   500   –     –
ai_own_per_day           5    20   100   500   –     –
weight                   1    1.5  2     2.5   3     –
"""
PRICES_USD = [0, 9, 29, 49, 99]
DOUBLED_FOR_GROUPS = {
    "opportunities_per_hour", "pushes_per_day", "api_per_minute", "api_per_hour",
    "executions_per_hour", "ai_platform_per_day", "ai_own_per_day",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def save(django_capture_on_commit_callbacks: Any) -> Any:
    """An operator's change, committed."""

    def run(tier: Tier, name: str, value: int | str | None) -> TierSetting:
        with django_capture_on_commit_callbacks(execute=True):
            number = None if value is None else Decimal(value)
            return tier_settings.change(tier, name, number, door=Door.CONSOLE)

    return run


def printed() -> dict[str, list[float | None]]:
    lines = (line.split() for line in PRINTED.strip().splitlines())
    return {
        name: [None if cell == "–" else float(cell) for cell in cells] for name, *cells in lines
    }


# The table


@pytest.mark.parametrize("name", printed())
def test_the_figures_are_those_of_the_product(name: str) -> None:
    columns = [*tiers.table().values(), tiers.ADMINS]
    assert [getattr(column, name) for column in columns] == printed()[name]


def test_the_prices_are_those_of_the_product() -> None:
    assert [one.price_usd for one in tiers.table().values()] == PRICES_USD


def test_the_columns_stand_in_rising_order() -> None:
    assert list(tiers.table()) == ["free", "basic", "premium", "pro", "enterprise"]


@pytest.mark.parametrize(
    ("tier", "kinds", "shelves"),
    [
        ("free", "funding spot basis", "low_risk high_confidence beginner"),
        ("basic", "funding spot basis", "low_risk high_confidence beginner advanced"),
        (
            "premium", "funding spot basis technical",
            "low_risk high_confidence beginner technical hybrid ai advanced",
        ),
        ("pro", " ".join(Kind), " ".join(Shelf)),
        ("enterprise", " ".join(Kind), " ".join(Shelf)),
    ],
)  # fmt: skip
def test_kinds_and_shelves_grow_with_the_tier(tier: Tier, kinds: str, shelves: str) -> None:
    one = tiers.table()[tier]
    assert unmask(one.kinds, Kind) == kinds.split()
    assert unmask(one.shelves, Shelf) == shelves.split()


def test_admins_see_everything() -> None:
    assert unmask(tiers.ADMINS.kinds, Kind) == list(Kind)
    assert unmask(tiers.ADMINS.shelves, Shelf) == list(Shelf)


# Of a person


def test_a_person_has_the_column_of_the_tier_that_counts() -> None:
    over = somebody(tier=Tier.PRO, tier_until_ms=1)
    assert tiers.of(somebody(tier=Tier.PRO), now=NOON) == tiers.DEFAULTS[Tier.PRO]
    assert tiers.of(over, now=NOON) == tiers.DEFAULTS[Tier.FREE]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPER_ADMIN])
def test_admins_have_a_column_of_their_own(role: Role) -> None:
    assert tiers.of(somebody(role=role), now=NOON) is tiers.ADMINS


def test_support_has_the_column_of_its_tier() -> None:
    assert tiers.of(somebody(role=Role.SUPPORT), now=NOON) == tiers.DEFAULTS[Tier.FREE]


@pytest.mark.parametrize("column", [*Tier, "admins"])
def test_a_group_has_twice_of_what_is_counted_and_the_rest_as_it_is(column: str) -> None:
    admin = column == "admins"
    who = somebody(role=Role.ADMIN) if admin else somebody(tier=Tier(column))
    person, group = tiers.of(who, now=NOON), tiers.of(who, group=True, now=NOON)
    for name in (field.name for field in fields(Allowance)):
        one, two = getattr(person, name), getattr(group, name)
        assert two == (2 * one if name in DOUBLED_FOR_GROUPS and one is not None else one), name


# What operators change


def test_a_change_counts_and_the_rest_stays(save: Any) -> None:
    before = tiers.table()
    save(Tier.BASIC, "pushes_per_day", 70)
    pause_is_over()
    assert tiers.table()[Tier.BASIC].pushes_per_day == 70
    assert tiers.table()[Tier.BASIC].api_per_hour == before[Tier.BASIC].api_per_hour
    assert tiers.table()[Tier.FREE] == before[Tier.FREE]


def test_a_change_counts_twice_for_groups(save: Any) -> None:
    save(Tier.BASIC, "pushes_per_day", 70)
    forget_table()
    group = tiers.of(somebody(tier=Tier.BASIC), group=True, now=NOON)
    assert group.pushes_per_day == 140


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("pushes_per_day", None, None),
        ("price_usd", "12.50", Decimal("12.50")),
        ("weight", "1.75", 1.75),
        ("delay_s", 0, 0),
    ],
)
def test_values_keep_their_kind(save: Any, name: str, value: Any, kept: Any) -> None:
    save(Tier.BASIC, name, value)
    forget_table()
    found = getattr(tiers.table()[Tier.BASIC], name)
    assert (found, type(found)) == (kept, type(kept))


def test_a_second_change_replaces_the_first(save: Any) -> None:
    save(Tier.BASIC, "pushes_per_day", 70)
    save(Tier.BASIC, "pushes_per_day", 80)
    forget_table()
    assert tiers.table()[Tier.BASIC].pushes_per_day == 80
    assert TierSetting.objects.count() == 1


def test_a_reset_brings_the_products_figure_back(
    save: Any, django_capture_on_commit_callbacks: Any
) -> None:
    save(Tier.BASIC, "pushes_per_day", 70)
    with django_capture_on_commit_callbacks(execute=True):
        assert tier_settings.reset(Tier.BASIC, "pushes_per_day", door=Door.CONSOLE)
    forget_table()
    assert tiers.table() == tiers.DEFAULTS
    assert not tier_settings.reset(Tier.BASIC, "pushes_per_day", door=Door.CONSOLE)


def test_a_change_is_audited_once_with_old_and_new() -> None:
    boss = UserFactory(role=Role.SUPER_ADMIN)
    tier_settings.change(Tier.PRO, "pushes_per_day", None, door=Door.CONSOLE, by=boss)
    (line,) = LogEntry.objects.filter(content_type__model="tiersetting")
    assert line.actor == boss
    assert line.changes == {"pushes_per_day": ["500", "no cap"]}
    assert line.additional_data["what"] == "tier.setting_changed"


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("speed", 1, "unknown_limit", "“speed” is no figure"),
        ("permission:system.configure", 1, "unknown_limit", "no figure"),
        ("kinds", 1, "unknown_limit", "no figure"),
        ("delay_s", None, "bad_limit", "needs a number"),
        ("delay_s", -1, "bad_limit", "between 0 and 86,400"),
        ("api_per_minute", 0, "bad_limit", "between 1 and 100,000"),
        ("pushes_per_day", "1.5", "bad_limit", "no decimals"),
        ("weight", "1.005", "bad_limit", "at most 2 decimals"),
        ("weight", "NaN", "bad_limit", "must be between"),
        ("price_usd", "Infinity", "bad_limit", "must be between"),
        ("permission:ai.use", 2, "bad_limit", "between 0 and 1"),
    ],
)
def test_a_figure_out_of_bounds_is_refused_with_its_bounds(
    save: Any, name: str, value: Any, code: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        save(Tier.FREE, name, value)
    assert refused.value.code == code
    assert not TierSetting.objects.exists()


@pytest.mark.parametrize("limit", LIMITS.values(), ids=str)
@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_every_bound_may_itself_be_set(limit: tier_settings.Limit, end: str) -> None:
    value = getattr(limit, end)
    assert tier_settings.check(limit.name, value) == value


def test_every_counted_figure_can_be_changed() -> None:
    numbers = {name for name in printed()} | {"price_usd"}  # noqa: C416
    assert numbers <= set(LIMITS)


# Permissions of tiers


def test_a_permission_is_given_from_the_top_down(save: Any) -> None:
    save(Tier.PREMIUM, "permission:analytics.view", 1)
    forget_table()
    assert "analytics.view" in tiers.table()[Tier.PREMIUM].permissions
    assert "analytics.view" not in tiers.table()[Tier.BASIC].permissions


def test_a_lower_tier_never_has_what_a_higher_lacks(save: Any) -> None:
    with pytest.raises(BadInput, match=r"Premium would lack analytics\.view") as refused:
        save(Tier.BASIC, "permission:analytics.view", 1)
    assert refused.value.code == "order_of_tiers"
    with pytest.raises(BadInput, match=r"Pro would lack opportunities\.ai"):
        save(Tier.PRO, "permission:opportunities.ai", 0)


def test_a_reset_keeps_the_order_too(save: Any) -> None:
    save(Tier.FREE, "permission:groups.manage", 0)
    save(Tier.BASIC, "permission:groups.manage", 0)
    with pytest.raises(BadInput) as refused:
        tier_settings.reset(Tier.FREE, "permission:groups.manage", door=Door.CONSOLE)
    assert refused.value.code == "order_of_tiers"


def test_no_row_gives_a_tier_what_belongs_to_a_role() -> None:
    rows = [("free", "permission:users.manage", Decimal(1)), ("free", "permission:fly", Decimal(1))]
    assert tiers.with_settings(rows) == tiers.DEFAULTS


# Who learns of it, and what it costs


def test_a_figure_that_may_yet_be_undone_counts_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiers.table()
    monkeypatch.setattr(tiers, "REREAD_S", 0.0)
    with transaction.atomic():
        tier_settings.change(Tier.BASIC, "delay_s", Decimal(30), door=Door.CONSOLE)
        pause_is_over()
        assert tiers.table()[Tier.BASIC].delay_s == 60
        transaction.set_rollback(True)
    assert tiers.table()[Tier.BASIC].delay_s == 60


def test_within_a_second_the_table_costs_nothing(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiers.table()
    commands = Commands(monkeypatch)
    with django_assert_num_queries(0):
        tiers.table()
    assert commands.sent == []


def test_after_a_second_an_unchanged_table_costs_one_command(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiers.table()
    pause_is_over()
    commands = Commands(monkeypatch)
    with django_assert_num_queries(0):
        tiers.table()
    assert commands.sent == ["MGET"]


def test_a_changed_table_costs_one_query(save: Any, django_assert_num_queries: Any) -> None:
    tiers.table()
    save(Tier.BASIC, "delay_s", 30)
    pause_is_over()
    with django_assert_num_queries(1):
        assert tiers.table()[Tier.BASIC].delay_s == 30


def test_a_row_written_by_any_hand_is_heard_of(django_capture_on_commit_callbacks: Any) -> None:
    tiers.table()
    with django_capture_on_commit_callbacks(execute=True):
        TierSetting.objects.create(tier="basic", name="delay_s", value=30)
    pause_is_over()
    assert tiers.table()[Tier.BASIC].delay_s == 30
    with django_capture_on_commit_callbacks(execute=True):
        TierSetting.objects.all().delete()
    pause_is_over()
    assert tiers.table()[Tier.BASIC].delay_s == 60


def test_without_the_cache_the_database_is_asked_once_a_second(
    django_assert_num_queries: Any,
) -> None:
    with cache_gone(), django_assert_num_queries(2):
        tiers.table()
        tiers.table()
        pause_is_over()
        tiers.table()


def test_a_change_made_without_the_cache_counts(save: Any) -> None:
    tiers.table()
    with cache_gone():
        save(Tier.BASIC, "delay_s", 30)
        pause_is_over()
        assert tiers.table()[Tier.BASIC].delay_s == 30
    pause_is_over()
    assert tiers.table()[Tier.BASIC].delay_s == 30


def test_a_change_that_missed_the_cache_is_heard_of_by_processes_that_saw_nothing(
    save: Any,
) -> None:
    tiers.table()
    here = tiers._copy.held
    with cache_gone():
        save(Tier.BASIC, "delay_s", 30)
    pause_is_over()
    tiers.table()  # this process is back and has begun an epoch

    tiers._copy.held = here  # as another process holds it
    pause_is_over()
    assert tiers.table()[Tier.BASIC].delay_s == 30


def test_a_table_is_read_again_after_a_minute_even_unannounced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tiers.table()
    TierSetting.objects.bulk_create([TierSetting(tier="basic", name="delay_s", value=30)])
    pause_is_over()
    assert tiers.table()[Tier.BASIC].delay_s == 60
    monkeypatch.setattr(tiers, "REREAD_S", 0.0)
    pause_is_over()
    assert tiers.table()[Tier.BASIC].delay_s == 30


def test_beta_gives_the_figures_of_premium() -> None:
    tester = somebody(beta_until_ms=somebody().joined_ms + 1_000)
    assert tiers.of(tester, now=NOON) == tiers.DEFAULTS[Tier.PREMIUM]
    assert tiers.of(tester, now=NOON + timedelta(seconds=1)) == tiers.DEFAULTS[Tier.FREE]
