"""Presets: the documented values, what a tier leaves out, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts import preferences, presets
from accounts.models import User
from accounts.wish_form import FIELDS
from accounts.wish_rules import SET_BY_PRESETS
from accounts.wish_values import read
from accounts.wishes import plain, wish
from arbedge import cache
from arbedge.errors import BadInput, Conflict, NoData, NotFound
from arbedge.names import Door, Tier
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db
ALL = list(presets.PRESETS)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


def person(tier: Tier = Tier.PRO) -> User:
    made: User = UserFactory.create(tier=tier)
    return made


def change(user: User, changes: dict[str, Any]) -> None:
    preferences.change(user.pk, changes, door=Door.WEB, now=NOON)


def apply(user: User, name: str) -> presets.Applied:
    return presets.apply(user.pk, name, door=Door.TELEGRAM, now=NOON)


def undo(user: User) -> None:
    presets.undo(user.pk, door=Door.TELEGRAM, now=NOON)


@pytest.mark.parametrize("name", ALL)
def test_a_preset_sets_its_values_where_the_tier_has_everything(name: str) -> None:
    row = apply(person(), name).row

    assert {field: getattr(wish(row), field) for field in SET_BY_PRESETS} == presets.PRESETS[name]
    assert (row.preset, row.version) == (name, 1)


@pytest.mark.parametrize("name", ALL)
def test_a_preset_could_be_typed_by_hand(name: str) -> None:
    values = presets.PRESETS[name]

    typed = {field: read(FIELDS[field], plain(field, value)) for field, value in values.items()}

    assert typed == values


def test_presets_rise_from_careful_to_bold() -> None:
    careful, middle, bold = (presets.PRESETS[name] for name in ALL)

    assert careful["min_net"] > middle["min_net"] > bold["min_net"] > 0
    assert careful["leverage"] < middle["leverage"] < bold["leverage"]


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("name", ALL)
def test_a_preset_is_valid_for_every_tier(name: str, tier: Tier) -> None:
    user = person(tier)

    row = apply(user, name).row

    chosen = {"kinds": plain("kinds", wish(row).kinds), "shelves": plain("s", wish(row).shelves)}
    preferences.reset(user.pk, door=Door.WEB)
    change(user, chosen)  # would be refused if the tier lacked any


def test_what_the_tier_lacks_is_left_out_and_said() -> None:
    applied = apply(person(Tier.FREE), "aggressive")

    assert wish(applied.row).kinds == ("funding", "spot", "basis")
    assert "Left out of kinds: technical (premium)." in applied.left_out
    assert any("momentum (pro)" in note for note in applied.left_out)


def test_a_preset_leaves_other_wishes_alone() -> None:
    user = person()
    change(user, {"currency": "EUR", "assets_out": "doge"})

    row = apply(user, "balanced").row

    assert (row.currency, row.assets_out) == ("EUR", ["DOGE"])


def test_a_preset_never_leaves_automation_on() -> None:
    user = person()
    change(user, {"experience": "advanced", "automation": "full"})

    assert apply(user, "aggressive").row.automation == "manual"


def test_a_preset_says_what_it_replaced() -> None:
    user = person()
    change(user, {"min_net": 0.07})

    assert apply(user, "balanced").before["min_net"] == 0.07


def test_the_name_is_forgotten_with_the_first_value_changed_by_hand() -> None:
    user = person()
    apply(user, "balanced")

    change(user, {"currency": "EUR"})
    assert preferences.of(user.pk).preset == "balanced"

    change(user, {"min_net": 0.2})
    assert preferences.of(user.pk).preset == ""


def test_an_undone_preset_leaves_no_trace_but_the_version() -> None:
    user = person()
    change(user, {"min_net": 0.07, "kinds": "technical", "quiet_from_min": 0, "quiet_to_min": 60})
    before = wish(preferences.of(user.pk))
    apply(user, "conservative")

    undo(user)

    row = preferences.of(user.pk)
    assert wish(row) == before
    assert (row.preset, row.version) == ("", 3)


def test_undoing_goes_back_to_the_preset_before() -> None:
    user = person()
    apply(user, "conservative")
    apply(user, "aggressive")

    undo(user)

    assert preferences.of(user.pk).preset == "conservative"


def test_a_preset_applied_twice_is_undone_whole() -> None:
    user = person()
    apply(user, "aggressive")
    apply(user, "aggressive")

    undo(user)

    assert preferences.of(user.pk).min_net == 0.0


def test_what_was_undone_cannot_be_undone_again() -> None:
    user = person()
    apply(user, "balanced")
    undo(user)

    with pytest.raises(NotFound, match="no preset"):
        undo(user)


def test_a_preset_changed_by_hand_since_is_not_undone() -> None:
    user = person()
    apply(user, "balanced")
    change(user, {"min_net": 0.2})

    with pytest.raises(Conflict, match="least net"):
        undo(user)

    assert preferences.of(user.pk).min_net == 0.2


def test_what_the_tier_lost_meanwhile_does_not_come_back() -> None:
    user = person(Tier.PRO)
    change(user, {"kinds": ["funding", "technical"]})
    apply(user, "balanced")
    User.objects.filter(pk=user.pk).update(tier=Tier.FREE)
    cache.client().delete(cache.key("who", str(user.pk)))

    undo(user)

    assert wish(preferences.of(user.pk)).kinds == ("funding",)


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="conservative, balanced, aggressive"):
        apply(person(), "reckless")


def test_without_a_cache_a_preset_is_applied_but_cannot_be_undone(settings: Any) -> None:
    user = person()
    settings.CACHE_URL = "redis://127.0.0.1:1/0"

    applied = apply(user, "balanced")

    assert (applied.row.preset, applied.undoable) == ("balanced", False)
    with pytest.raises(NoData, match="cache"):
        undo(user)
