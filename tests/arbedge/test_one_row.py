"""A row found by its unique column is the row the ORM finds."""

from __future__ import annotations

import pytest
from django.db import models
from pytest_django import DjangoAssertNumQueries

from accounts.models import Preferences, User
from arbedge import one_row
from notifications.models import BotUpdate
from tests.accounts.factories import UserFactory
from tests.notifications.bot.updates import stored, text

pytestmark = pytest.mark.django_db


def same(found: models.Model | None, row: models.Model) -> bool:
    """Whether it is the same row with the same values of the same types."""
    names = [field.attname for field in row._meta.concrete_fields]
    values = [(getattr(found, name), type(getattr(found, name))) for name in names]
    return values == [(getattr(row, name), type(getattr(row, name))) for name in names]


def test_a_person_is_found_by_what_is_his_alone() -> None:
    UserFactory(telegram_id=71)
    who = UserFactory(telegram_id=72)
    assert same(one_row.find(User, "telegram_id", 72), User.objects.get(pk=who.pk))


def test_values_that_are_kept_as_json_are_read() -> None:
    update = stored(text("/start"))
    BotUpdate.objects.filter(pk=update.pk).update(calls=[{"method": "sendMessage"}])
    found = one_row.find(BotUpdate, "update_id", update.pk)
    assert found is not None
    assert found.calls == [{"method": "sendMessage"}]
    assert same(found, BotUpdate.objects.get())


def test_a_row_of_another_row_is_found_by_it() -> None:
    who = UserFactory()
    row, _ = Preferences.objects.get_or_create(user=who)
    assert same(one_row.find(Preferences, "user", who.pk), Preferences.objects.get(pk=row.pk))


def test_it_can_be_changed_and_saved() -> None:
    UserFactory(telegram_id=73)
    found = one_row.find(User, "telegram_id", 73)
    assert found is not None
    found.country = "FR"
    found.save(update_fields=["country"])
    assert User.objects.get(telegram_id=73).country == "FR"


def test_what_is_not_there_is_not_found(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert one_row.find(User, "telegram_id", 74) is None


def test_a_column_that_may_name_several_rows_is_refused() -> None:
    with pytest.raises(AssertionError, match="country may name several rows"):
        one_row.find(User, "country", "FR")
