"""Alerts from being set to being told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from arbedge.errors import BadInput, NoData, NotFound
from exchanges import book
from notifications.alerts import triggers
from notifications.alerts.triggers import Checked
from notifications.models import AlertTrigger, Message
from notifications.names import Priority, Topic, TriggerKind
from tests.accounts.factories import UserFactory
from tests.factories import InstrumentFactory
from tests.notifications.alerts.watching import alert, alerts_told, funded, quoted, snapshot
from tests.notifications.factories import MINUTE, NOON, reachable_person
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db
BTC = {"kind": "price_above", "subject": "BTC", "level": 100.0}


@pytest.fixture(autouse=True)
def listed() -> None:
    InstrumentFactory(venue="okx", asset="BTC", quote="USDT", symbol="BTC-USDT", market="spot")


@pytest.fixture
def person() -> User:
    return reachable_person()


def market(monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any], **ages: float | None) -> None:
    """The book holds these markets from now on."""
    monkeypatch.setattr(book, "load", lambda: snapshot(*rows, ages_ms=ages))


def test_an_alert_is_set_and_tells_when_its_level_is_crossed(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = triggers.add(person.pk, {**BTC, "label": "a round one"})
    market(monkeypatch, quoted("okx", "BTC", 99))
    assert triggers.check(NOON) == Checked(0, 0)
    market(monkeypatch, quoted("okx", "BTC", 101))

    assert triggers.check(NOON) == Checked(1, 1)

    [delivery] = alerts_told(person)
    assert delivery.priority == Priority.HIGH
    assert not delivery.counted
    assert delivery.expires_at == NOON + 30 * MINUTE
    assert delivery.message.facts == {
        "trigger": {"id": made.pk, "kind": "price_above", "subject": "BTC/USDT", "venue": "",
                    "level": 100.0, "label": "a round one"},
        "value": pytest.approx(101), "since": None, "age_ms": 500.0, "venues": 1,
    }  # fmt: skip


def test_all_kinds_are_looked_at_in_one_go(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    alert(person)
    alert(person, kind=TriggerKind.PRICE_BELOW, level=200.0)
    alert(person, kind=TriggerKind.FUNDING_ABOVE, subject="WIF", level=0.0008)
    alert(person, kind=TriggerKind.VENUE_BLIND, subject="bybit", level=None)
    alert(person, kind=TriggerKind.NET_ABOVE, subject="WIF", level=0.004)
    row = OpportunityFactory(asset="WIF", net=0.006, net_at_size=0.006, cohorts=None, shelves=7)
    OpportunityFactory._meta.model.objects.update(opened_at=NOON - timedelta(days=1))
    market(
        monkeypatch, quoted("okx", "BTC", 150), funded("okx", "WIF", -0.0009), okx=5.0, bybit=45_000
    )

    assert triggers.check(NOON) == Checked(5, 5)

    facts = {one.message.facts["trigger"]["kind"]: one.message.facts for one in alerts_told(person)}
    assert facts["funding_above"]["value"] == pytest.approx(0.0009)
    assert facts["funding_above"]["interval_hours"] == 8
    assert facts["venue_blind"]["value"] is None
    assert facts["venue_blind"]["since"] == (NOON - timedelta(seconds=45)).isoformat()
    assert facts["net_above"]["opportunity_id"] == row.pk
    assert facts["net_above"]["horizon_hours"] == 72


def test_without_alerts_the_book_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "load", lambda: pytest.fail("was read"))
    assert triggers.check(NOON) == Checked(0, 0)


def test_a_book_that_is_gone_moves_no_alert(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise NoData("market book: the cache cannot be reached")

    row = alert(person)
    monkeypatch.setattr(book, "load", gone)
    with pytest.raises(NoData):
        triggers.check(NOON)
    row.refresh_from_db()
    assert row.armed


def test_the_number_of_statements_does_not_grow_with_alerts(
    person: User, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    for level in range(20):
        alert(person, level=100.0 + level)
    market(monkeypatch, quoted("okx", "BTC", 150))
    with django_assert_max_num_queries(8):
        assert triggers.check(NOON) == Checked(20, 20)


@pytest.mark.django_db(transaction=True)
def test_two_lookers_tell_once(monkeypatch: pytest.MonkeyPatch) -> None:
    person = reachable_person()
    for level in range(5):
        alert(person, level=100.0 + level)
    market(monkeypatch, quoted("okx", "BTC", 150))

    def look(_: int) -> int:
        try:
            return triggers.check(NOON).fired
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == 5
    assert Message.objects.filter(topic=Topic.ALERT).count() == len(alerts_told(person)) == 5


def test_a_new_alert_is_not_armed_before_it_was_looked_at(person: User) -> None:
    assert not triggers.add(person.pk, BTC).armed


def test_the_same_alert_cannot_be_set_twice(person: User) -> None:
    triggers.add(person.pk, BTC)
    with pytest.raises(BadInput, match="already") as caught:
        triggers.add(person.pk, BTC)
    assert caught.value.code == "alert_known"
    assert AlertTrigger.objects.count() == 1


def test_nobody_has_more_alerts_than_the_setting_says(person: User, settings: Settings) -> None:
    settings.ALERTS_PER_PERSON = 2
    for level in (1.0, 2.0):
        triggers.add(person.pk, {**BTC, "level": level})
    with pytest.raises(BadInput) as caught:
        triggers.add(person.pk, {**BTC, "level": 3.0})
    assert caught.value.details["limit"] == 2
    assert triggers.add(reachable_person().pk, BTC)


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_when_alerts_are_set_at_once(settings: Settings) -> None:
    settings.ALERTS_PER_PERSON = 3
    person = reachable_person()

    def add(level: int) -> bool:
        try:
            triggers.add(person.pk, {**BTC, "level": float(level)})
        except BadInput:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(1, 9))) == 3
    assert AlertTrigger.objects.count() == 3


def test_a_changed_alert_begins_anew(person: User) -> None:
    row = alert(person, fired_at=NOON)
    changed = triggers.change(person.pk, row.pk, {**BTC, "level": 120.0})
    assert (changed.level, changed.armed, changed.fired_at) == (120.0, False, None)


def test_an_alert_about_other_money_forgets_what_it_was_compared_with(person: User) -> None:
    row = alert(person, kind=TriggerKind.PROFIT_AND_LOSS, subject="okx", base=500.0, problem="no")
    changed = triggers.change(person.pk, row.pk, BTC)
    assert (changed.base, changed.problem) == (None, "")


def test_a_change_is_checked_as_a_new_one_is(person: User) -> None:
    row = alert(person)
    with pytest.raises(BadInput):
        triggers.change(person.pk, row.pk, {**BTC, "level": -1.0})
    row.refresh_from_db()
    assert row.level == 100


def test_an_alert_is_paused_and_goes_on(person: User) -> None:
    row = alert(person)
    assert not triggers.switch(person.pk, row.pk, active=False).active
    again = triggers.switch(person.pk, row.pk, active=True)
    assert (again.active, again.armed) == (True, False)


def test_an_alert_is_deleted(person: User) -> None:
    triggers.remove(person.pk, alert(person).pk)
    assert triggers.own(person.pk) == []


def test_alerts_of_others_cannot_be_touched(person: User) -> None:
    row = alert(person)
    stranger = UserFactory().pk
    for deed in (
        lambda: triggers.one(stranger, row.pk),
        lambda: triggers.remove(stranger, row.pk),
        lambda: triggers.switch(stranger, row.pk, active=False),
        lambda: triggers.change(stranger, row.pk, BTC),
    ):
        with pytest.raises(NotFound):
            deed()
    assert triggers.own(person.pk) == [row]


def test_alerts_about_accounts_are_offered_to_whoever_has_a_key(person: User) -> None:
    assert TriggerKind.BALANCE_CHANGE not in dict(triggers.choices(person.pk))
    person.keys.create(
        slot=1, kind="exchange", provider="okx", last4="abcd", digest=b"1" * 32, sealed="x",
        can_read=True,
    )  # fmt: skip
    assert TriggerKind.BALANCE_CHANGE in dict(triggers.choices(person.pk))
