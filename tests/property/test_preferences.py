"""Preferences, whatever is sent: taken whole and read back the same, or refused without a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import preferences, presets
from accounts.models import Preferences, User
from accounts.standing import Standing
from accounts.wish_form import FIELDS, Field, Shape
from accounts.wish_rules import Who, faults, fitted
from accounts.wish_values import read
from accounts.wishes import DEFAULT, NAMES, columns, plain, plainly, wish, with_values
from arbedge.errors import BadInput, Forbidden
from arbedge.names import AccountState, Door, Language, Role, Tier
from tests.accounts.factories import NOON, UserFactory

COINS: Final = st.text("ABCXYZ0189", min_size=1, max_size=8)
JUNK: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.lists(st.text(max_size=4), max_size=3), st.dictionaries(st.text(max_size=4), st.integers()),
)  # fmt: skip
TIMES: Final = st.one_of(st.integers(0, 1439), st.none())


def good(one: Field) -> st.SearchStrategy[Any]:
    """Values a person may send for this field."""
    options = st.sampled_from(one.options) if one.options else st.nothing()
    several = st.one_of(st.none(), st.lists(options, min_size=1, unique=True))
    strategies: dict[Shape, st.SearchStrategy[Any]] = {
        Shape.CHOICE: options,
        Shape.SEVERAL: several,
        Shape.ORDERED: st.lists(options, unique=True),
        Shape.FRACTION: st.floats(one.lowest, one.highest),
        Shape.NUMBER: st.floats(one.lowest, one.highest),
        Shape.FLAG: st.booleans(),
        Shape.TIME: TIMES if one.optional else st.integers(0, 1439),
        Shape.ASSETS: st.lists(COINS, max_size=50),
        Shape.LEVELS: st.dictionaries(options, st.integers(0, 9), max_size=5),
        Shape.SWITCHES: st.dictionaries(options, st.sampled_from(one.positions or ("",))),
    }
    return strategies[one.shape]


FIELDS_GOOD: Final = {name: good(one) for name, one in FIELDS.items()}
CHANGES: Final = st.sets(st.sampled_from(NAMES), min_size=1).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS_GOOD[name] for name in sorted(names)})
)
WILD: Final = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), JUNK)


def somebody(tier: Tier, role: Role = Role.USER) -> Who:
    facts = Standing(
        1, 1, role, AccountState.ACTIVE, tier, None, None, 0, 0, False, Language.EN, "UTC", "", 0,
        None, 0,
    )  # fmt: skip
    return Who(facts, NOON)


@given(values=st.fixed_dictionaries(FIELDS_GOOD))
def test_a_value_read_is_shown_as_it_is_read_again(values: dict[str, Any]) -> None:
    once = with_values(DEFAULT, {name: read(FIELDS[name], raw) for name, raw in values.items()})

    shown = plainly(once)
    again = with_values(DEFAULT, {name: read(FIELDS[name], raw) for name, raw in shown.items()})

    assert again == once


@given(values=st.fixed_dictionaries(FIELDS_GOOD))
def test_a_row_says_what_was_wished(values: dict[str, Any]) -> None:
    wanted = with_values(DEFAULT, {name: read(FIELDS[name], raw) for name, raw in values.items()})

    assert wish(Preferences(**columns(wanted))) == wanted


@given(name=st.sampled_from(NAMES), raw=JUNK)
def test_whatever_is_sent_is_read_or_refused_with_its_field_and_limit(name: str, raw: Any) -> None:
    value, refused = tried(lambda: read(FIELDS[name], raw))

    if refused is None:
        assert read(FIELDS[name], plain(name, value)) == value
    else:
        assert refused.details["field"] == name
        assert refused.details["limit"] is not None


@pytest.mark.django_db
@given(
    values=st.fixed_dictionaries(FIELDS_GOOD),
    preset=st.sampled_from(list(presets.PRESETS)),
    tier=st.sampled_from(Tier),
    role=st.sampled_from(Role),
)
def test_a_preset_on_top_of_anything_breaks_no_rule_of_its_own(
    values: dict[str, Any], preset: str, tier: Tier, role: Role
) -> None:
    who = somebody(tier, role)
    before = with_values(DEFAULT, {name: read(FIELDS[name], raw) for name, raw in values.items()})

    after, _ = fitted(with_values(before, presets.PRESETS[preset]), who)

    assert list(faults(after, set(presets.PRESETS[preset]), who)) == []


@pytest.mark.django_db
@given(changes=CHANGES, tier=st.sampled_from(Tier))
def test_a_change_is_read_back_as_sent_or_leaves_the_row_untouched(
    changes: dict[str, Any], tier: Tier
) -> None:
    user = known_person(tier)
    before = row_of(user)

    _, refused = tried(lambda: preferences.change(user.pk, changes, door=Door.API, now=NOON))

    if refused is None:
        kept = wish(preferences.of(user.pk))
        assert {name: getattr(kept, name) for name in changes} == {
            name: read(FIELDS[name], raw) for name, raw in changes.items()
        }
    else:
        assert set(refused.details["errors"]) <= set(NAMES)
        assert row_of(user) == before


@pytest.mark.django_db
@given(changes=WILD)
def test_nonsense_is_taken_whole_or_leaves_the_row_untouched(changes: dict[str, Any]) -> None:
    user = known_person(Tier.FREE)
    before = row_of(user)

    _, refused = tried(lambda: preferences.change(user.pk, changes, door=Door.API, now=NOON))

    if refused is None:
        assert {name.partition(".")[0] for name in changes} <= set(NAMES)
    else:
        assert row_of(user) == before


def tried(what: Callable[[], Any]) -> tuple[Any, BadInput | Forbidden | None]:
    """What it returned, or the refusal; any other error is a fault."""
    try:
        return what(), None
    except (BadInput, Forbidden) as refused:
        return None, refused


def known_person(tier: Tier) -> User:
    made: User = User.objects.filter(tier=tier).first() or UserFactory.create(tier=tier)
    return made


def row_of(user: User) -> Any:
    return Preferences.objects.filter(pk=user.pk).values().first()
