"""Preferences: defaults, whole changes, versions, what is audited, and the form."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry

from accounts import preferences
from accounts.models import Preferences, User
from accounts.wish_form import FIELDS, SECTIONS, Shape
from accounts.wishes import DEFAULT, NAMES, Wish, columns, economics, wish
from arbedge.errors import ArbEdgeError, BadInput, Conflict, Forbidden, NotFound
from arbedge.names import Door, Role, Tier
from tests.accounts.factories import NOON, UserFactory

pytestmark = pytest.mark.django_db


def person(**facts: Any) -> User:
    made: User = UserFactory.create(**facts)
    return made


def change(user: User, changes: dict[str, Any], **more: Any) -> Preferences:
    return preferences.change(user.pk, changes, door=Door.WEB, now=NOON, **more)


def refusal(user: User, changes: dict[str, Any]) -> ArbEdgeError:
    with pytest.raises((BadInput, Forbidden)) as caught:
        change(user, changes)
    return caught.value


def stored(user: User) -> Preferences:
    return Preferences.objects.get(pk=user.pk)


def lines(user: User) -> list[LogEntry]:
    ours = LogEntry.objects.filter(additional_data__what__startswith="preferences.")
    return list(ours.filter(additional_data__whom=user.pk).order_by("id"))


def test_whoever_never_chose_has_the_defaults_of_the_product() -> None:
    row = preferences.of(person().pk)

    assert (row.notional_usd, row.horizon_hours) == (1_000, 72)
    assert (row.focus, row.experience, row.automation) == ("arbitrage", "beginner", "manual")
    assert row.version == preferences.NEVER_CHANGED


def test_the_defaults_of_the_row_and_of_the_wish_are_the_same() -> None:
    assert wish(Preferences()) == DEFAULT


def test_every_preference_has_a_field_in_the_form_and_a_column() -> None:
    assert set(FIELDS) == set(NAMES) == set(columns(DEFAULT))


def test_reading_takes_one_query(django_assert_num_queries: Any) -> None:
    user = person()

    with django_assert_num_queries(1):
        preferences.of(user.pk)


def test_a_first_change_makes_the_row() -> None:
    user = person()

    row = change(user, {"min_net": 0.002, "quiet_from_min": "23:00", "quiet_to_min": "7"})

    assert (row.version, row.min_net) == (1, 0.002)
    assert (stored(user).quiet_from_min, stored(user).quiet_to_min) == (1380, 420)


def test_a_later_change_leaves_the_rest_as_it_was() -> None:
    user = person()
    change(user, {"min_net": 0.002, "kinds": "funding"})

    change(user, {"min_apr": "20 %"})

    assert (stored(user).min_net, stored(user).min_apr, stored(user).kinds) == (0.002, 0.2, 1)


def test_a_change_that_changes_nothing_writes_nothing() -> None:
    user = person()
    change(user, {"min_net": 0.002})

    row = change(user, {"min_net": "0.2 %"})

    assert row.version == 1
    assert len(lines(user)) == 1


def test_names_become_masks_in_the_row() -> None:
    user = person(tier=Tier.PRO)

    change(user, {"kinds": ["spot", "technical"], "venues": ["okx", "binance"]})

    assert (stored(user).kinds, stored(user).venues) == (0b1010, 0b101)


def test_one_switch_or_level_is_changed_alone() -> None:
    user = person()
    change(user, {"switches": {"closed": "off"}, "vip_levels": {"okx": 2}})

    change(user, {"switches.improved": "silent", "vip_levels.bybit": 1})

    assert stored(user).switches == {"closed": "off", "improved": "silent"}
    assert stored(user).vip_levels == {"okx": 2, "bybit": 1}


def test_two_entries_of_one_field_are_changed_together() -> None:
    user = person()

    change(user, {"switches.opened": "off", "switches.fading": "silent"})

    assert stored(user).switches == {"opened": "off", "fading": "silent"}


def test_a_refused_field_refuses_the_whole_change() -> None:
    user = person()

    refusal(user, {"min_net": 0.002, "leverage": 500})

    assert not Preferences.objects.filter(pk=user.pk).exists()
    assert lines(user) == []


def test_every_refused_field_is_told_at_once() -> None:
    refused = refusal(person(), {"min_net": 5, "leverage": 500, "currency": "XXX"})

    assert set(refused.details["errors"]) == {"min_net", "leverage", "currency"}
    assert refused.details["field"] == "min_net"


def test_an_unknown_field_is_told_with_the_nearest() -> None:
    assert refusal(person(), {"horizon": 24}).details["limit"] == "horizon_hours"


def test_a_change_is_audited_with_old_and_new() -> None:
    user = person()

    change(user, {"min_net": 0.01, "digest_at_min": "07:00"})

    [line] = lines(user)
    assert line.changes == {
        "min_net": ["0.0", "0.01"], "digest_at_min": ["08:00", "07:00"], "version": ["0", "1"],
    }  # fmt: skip
    assert (line.actor, line.additional_data["what"]) == (user, "preferences.changed")
    assert line.additional_data["door"] == "web"


def test_a_change_by_staff_names_the_operator() -> None:
    user, operator = person(), person(role=Role.ADMIN)

    preferences.change(user.pk, {"currency": "EUR"}, door=Door.CONSOLE, by=operator)

    assert [line.actor for line in lines(user)] == [operator]


def test_a_change_on_top_of_the_expected_version_is_taken() -> None:
    user = person()
    change(user, {"currency": "EUR"}, expected_version=0)

    assert change(user, {"currency": "USD"}, expected_version=1).version == 2


def test_a_change_on_top_of_an_older_version_is_told_what_happened_since() -> None:
    user = person()
    change(user, {"currency": "EUR"})
    change(user, {"min_net": 0.01, "kinds": "funding"})

    with pytest.raises(Conflict, match="kinds, least net") as caught:
        change(user, {"min_net": 0.02}, expected_version=1)

    assert caught.value.details == {
        "version": 2, "changed": {"kinds": ["funding"], "min_net": 0.01},
    }  # fmt: skip
    assert stored(user).min_net == 0.01


def test_nobodys_preferences_cannot_be_changed() -> None:
    with pytest.raises(NotFound, match="no such person"):
        preferences.change(0, {"min_net": 0}, door=Door.API)


def test_everything_can_be_put_back_to_the_defaults() -> None:
    user = person()
    change(user, {"min_net": 0.01, "channels": "email"})

    row = preferences.reset(user.pk, door=Door.WEB)

    assert (wish(row), row.version) == (DEFAULT, 2)


def test_people_who_wish_the_same_share_a_cohort() -> None:
    one = change(person(), {"horizon_hours": 24, "vip_levels": {"okx": 2, "bybit": 0}})
    other = change(person(), {"horizon_hours": 24, "vip_levels": {"okx": 2}, "currency": "EUR"})

    assert economics(one) == economics(other)
    assert hash(economics(one)) == hash(economics(other))


def entries(user: User) -> dict[str, preferences.Entry]:
    sections = preferences.describe(user.pk, now=NOON)
    return {entry.name: entry for section in sections for entry in section.fields}


def test_the_form_has_every_field_in_its_section() -> None:
    sections = preferences.describe(person().pk)

    assert {section.name: section.title for section in sections} == SECTIONS
    assert all(FIELDS[one.name].section == each.name for each in sections for one in each.fields)


def test_the_form_shows_values_defaults_and_limits() -> None:
    user = person()
    change(user, {"min_net": 0.01, "quiet_from_min": "22:30", "quiet_to_min": "06:00"})

    form = entries(user)

    assert (form["min_net"].value, form["min_net"].default) == (0.01, 0.0)
    assert (form["min_net"].lowest, form["min_net"].highest) == (-0.1, 0.5)
    assert (form["quiet_from_min"].value, form["quiet_from_min"].kind) == ("22:30", Shape.TIME)


def test_the_form_marks_what_another_tier_has() -> None:
    form = entries(person())
    needs = {choice.value: choice.need for choice in form["kinds"].choices}

    assert needs == {"funding": None, "spot": None, "basis": None, "technical": Tier.PREMIUM}
    assert [c.value for c in form["automation"].choices if not c.allowed] == ["full"]


def test_what_the_form_shows_can_be_sent_back_unchanged() -> None:
    user = person(tier=Tier.PRO)
    change(user, {"kinds": "technical", "vip_levels": {"okx": 3}, "channels": "email telegram"})

    row = change(user, {name: entry.value for name, entry in entries(user).items()})

    assert row.version == 1
    assert wish(row) != Wish()
