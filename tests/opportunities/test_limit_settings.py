"""Operators change limits one value at a time."""

from __future__ import annotations

import pytest
from auditlog.models import LogEntry
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from arbedge.errors import BadInput
from arbedge.names import Door, Kind, Profile, Role
from opportunities import limit_settings, stored_policy
from opportunities.models import LimitProfile, LimitSetting
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    made: User = UserFactory(role=Role.SUPER_ADMIN)
    return made


def change(by: User, value: float | None, kind: Kind | None = None) -> limit_settings.Held:
    return limit_settings.change("threshold", value, kind=kind, door=Door.TELEGRAM, by=by)


def test_a_limit_is_the_product_s_until_it_is_set() -> None:
    held = limit_settings.held("threshold")
    assert (held.value, held.default, held.own) == (0.0015, 0.0015, False)
    assert limit_settings.held("threshold", Kind.SPOT).value == 0.0010


def test_what_is_set_is_what_the_next_scan_takes(operator: User) -> None:
    before = change(operator, 0.002)
    assert before.value == 0.0015
    assert stored_policy.current().value("threshold", Kind.FUNDING) == 0.002
    assert limit_settings.held("threshold").own


def test_a_kind_has_its_own(operator: User) -> None:
    change(operator, 0.003, Kind.SPOT)
    assert limit_settings.held("threshold", Kind.SPOT).value == 0.003
    assert limit_settings.held("threshold").value == 0.0015


def test_setting_it_twice_leaves_one_row(operator: User) -> None:
    for value in (0.002, 0.0025):
        change(operator, value)
    assert LimitSetting.objects.get(name="threshold").value == 0.0025


def test_none_takes_the_product_s_own_again(operator: User) -> None:
    change(operator, 0.002)
    assert change(operator, None).value == 0.002
    held = limit_settings.held("threshold")
    assert (held.value, held.own) == (0.0015, False)


def test_what_operators_set_is_listed_in_the_order_of_the_limits(operator: User) -> None:
    limit_settings.change("max_spread", 0.02, door=Door.TELEGRAM, by=operator)
    change(operator, 0.002, Kind.SPOT)
    change(operator, 0.003)
    listed = [(one.limit.name, one.kind) for one in limit_settings.own()]
    assert listed == [("threshold", None), ("threshold", Kind.SPOT), ("max_spread", None)]


def test_the_list_takes_two_queries_however_much_was_set(
    operator: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for kind in (None, *Kind):
        change(operator, 0.002, kind)
    with django_assert_num_queries(2):
        assert len(limit_settings.own()) == 1 + len(Kind)


def test_what_was_set_says_where(operator: User) -> None:
    change(operator, 0.002)
    assert LimitSetting.objects.get().note == "set in Telegram"
    limit_settings.change("threshold", 0.003, door=Door.CONSOLE, by=operator)
    assert LimitSetting.objects.get().note == ""


def test_values_of_single_venues_are_left_alone(operator: User) -> None:
    profile = LimitProfile.objects.get(active=True)
    LimitSetting.objects.create(profile=profile, name="threshold", venue="okx", value=0.004)
    change(operator, 0.002)
    change(operator, None)
    assert LimitSetting.objects.get(name="threshold").venue == "okx"
    assert limit_settings.own() == []


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_values_out_of_bounds_are_refused(operator: User, value: float) -> None:
    with pytest.raises(BadInput) as refused:
        change(operator, value)
    assert (refused.value.code, refused.value.details["limit"]) == ("bad_limit", (1e-5, 1.0))
    assert not LimitSetting.objects.exists()


def test_unknown_limits_are_refused(operator: User) -> None:
    with pytest.raises(BadInput) as refused:
        limit_settings.change("threshhold", 0.1, door=Door.TELEGRAM, by=operator)
    assert refused.value.code == "unknown_limit"


def test_a_change_is_audited_once_with_before_and_after(operator: User) -> None:
    change(operator, 0.002)
    line = LogEntry.objects.get(additional_data__what="limit.changed")
    assert line.changes == {"threshold": ["0.0015", "0.002"]}
    assert (line.actor, line.additional_data["door"]) == (operator, Door.TELEGRAM)
    assert not LogEntry.objects.exclude(pk=line.pk).filter(actor=operator).exists()


def test_another_profile_is_put_in_force(operator: User) -> None:
    before = limit_settings.use(Profile.PERMISSIVE, door=Door.TELEGRAM, by=operator)
    assert (before, limit_settings.profile()) == (Profile.STRICT, Profile.PERMISSIVE)
    assert LimitProfile.objects.filter(active=True).count() == 1
    assert limit_settings.held("threshold").default == 0.0008


def test_putting_a_profile_in_force_is_audited(operator: User) -> None:
    limit_settings.use(Profile.PERMISSIVE, door=Door.TELEGRAM, by=operator)
    line = LogEntry.objects.get(additional_data__what="profile.put_in_force")
    assert line.changes == {"profile": ["strict", "permissive"]}
