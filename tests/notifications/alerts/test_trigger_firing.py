"""An alert tells of a crossing, once, and not too often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Session
from arbedge.choices import Notice, Switch
from notifications.alerts import trigger_firing
from notifications.alerts.trigger_firing import Fired
from notifications.alerts.trigger_nets import Own
from notifications.alerts.trigger_sources import Reading
from notifications.models import AlertTrigger
from notifications.names import TriggerKind
from tests.notifications.alerts.watching import SECOND, alert, look
from tests.notifications.factories import HOUR, MINUTE, NOON, reachable_person

pytestmark = pytest.mark.django_db


def test_an_alert_fires_when_its_level_is_reached() -> None:
    row = alert(label="round number")

    [fired] = look(100.0)

    assert (fired.trigger_id, fired.value, fired.label) == (row.pk, 100.0, "round number")
    row.refresh_from_db()
    assert (row.armed, row.fired_at, row.fired) == (False, NOON, 1)


def test_nothing_fires_short_of_the_level() -> None:
    alert()
    assert look(99.99) == []


def test_a_falling_price_reaches_its_level_from_above() -> None:
    alert(kind=TriggerKind.PRICE_BELOW)

    assert look(100.1, kind=TriggerKind.PRICE_BELOW) == []
    assert len(look(99.9, kind=TriggerKind.PRICE_BELOW)) == 1


def test_a_price_that_stays_tells_once() -> None:
    alert()
    look(101)

    assert look(101, NOON + HOUR) == []


def test_a_price_that_trembles_about_its_level_tells_once() -> None:
    row = alert()
    look(100.01)

    look(99.95, NOON + HOUR)  # by less than the slack of 0.1 %

    row.refresh_from_db()
    assert not row.armed
    assert look(100.01, NOON + HOUR + SECOND) == []


def test_an_alert_is_armed_again_once_its_level_was_left() -> None:
    alert()
    look(101)

    assert look(99, NOON + HOUR) == []
    assert len(look(101, NOON + HOUR + SECOND)) == 1


def test_a_falling_price_arms_again_above_its_level() -> None:
    below = TriggerKind.PRICE_BELOW
    alert(kind=below)
    look(99, kind=below)

    look(100.05, NOON + HOUR, below)
    assert look(99, NOON + HOUR, below) == []
    look(100.2, NOON + HOUR, below)
    assert len(look(99, NOON + HOUR, below)) == 1


def test_a_new_alert_waits_for_a_crossing_of_what_is_reached_already() -> None:
    alert(armed=False)

    assert look(105) == []
    assert look(99.99) == []  # armed by the smallest step below: it has not trembled yet
    assert len(look(100)) == 1


def test_within_five_minutes_nothing_is_told_again() -> None:
    alert()
    look(101)
    look(99, NOON + MINUTE)

    assert look(101, NOON + 2 * MINUTE) == []


def test_a_crossing_within_the_five_minutes_is_told_after_them() -> None:
    alert()
    look(101)
    look(99, NOON + MINUTE)
    look(101, NOON + 2 * MINUTE)

    assert len(look(101, NOON + 5 * MINUTE)) == 1


def test_an_alert_tells_ten_times_an_hour_at_most() -> None:
    alert()
    told = 0
    for step in range(60):
        at = NOON + step * MINUTE
        look(99, at)
        told += len(look(101, at))
    assert told == 10


def test_after_the_hour_an_alert_tells_again() -> None:
    alert(fired=10, hour_began=NOON - HOUR, fired_at=NOON - 10 * MINUTE)
    assert len(look(101)) == 1
    assert AlertTrigger.objects.get().fired == 1


def test_an_alert_that_is_full_stays_armed() -> None:
    row = alert(fired=10, hour_began=NOON - 50 * MINUTE, fired_at=NOON - 10 * MINUTE)

    assert look(101) == []

    row.refresh_from_db()
    assert row.armed


@pytest.mark.parametrize(
    "wishes",
    [
        {"session_until": NOON},
        {"quiet_from_min": 11 * 60, "quiet_to_min": 13 * 60, "time_zone": "UTC"},
    ],
)
def test_an_alert_waits_for_whoever_cannot_be_told_now(wishes: dict[str, Any]) -> None:
    person = reachable_person(**wishes)
    row = alert(person)

    assert look(101) == []

    row.refresh_from_db()
    assert row.armed


def test_alerts_that_are_switched_off_do_not_fire() -> None:
    person = reachable_person(switches={Notice.ALERT: Switch.OFF})
    alert(person)
    assert look(101) == []


def test_silent_alerts_say_so() -> None:
    person = reachable_person(switches={Notice.ALERT: Switch.SILENT})
    alert(person)
    assert [fired.silent for fired in look(101)] == [True]


def test_a_paused_alert_does_not_fire() -> None:
    alert(active=False)
    assert look(101) == []


def test_an_alert_about_a_venue_ignores_the_others() -> None:
    alert(venue="okx")
    kind = TriggerKind.PRICE_ABOVE

    assert look(101) == []
    assert trigger_firing.by_subject(kind, [Reading("BTC/USDT", "bybit", 101)], NOON) == []
    [fired] = trigger_firing.by_subject(kind, [Reading("BTC/USDT", "okx", 101)], NOON)
    assert fired.venue == "okx"


def test_an_alert_of_another_kind_does_not_fire() -> None:
    alert(kind=TriggerKind.FUNDING_ABOVE, level=0.001)
    assert look(101) == []


def test_a_silent_venue_fires_and_arms_when_it_answers() -> None:
    blind = TriggerKind.VENUE_BLIND
    row = alert(kind=blind, subject="okx", level=None)

    assert len(trigger_firing.by_subject(blind, [Reading("okx", "", 1.0)], NOON)) == 1
    trigger_firing.by_subject(blind, [Reading("okx", "", 0.0)], NOON)

    row.refresh_from_db()
    assert row.armed


def test_a_loss_is_reached_from_above_and_a_gain_from_below() -> None:
    kind = TriggerKind.PROFIT_AND_LOSS
    person = reachable_person()
    gain = alert(person, kind=kind, subject="okx", level=50.0)
    loss = alert(person, kind=kind, subject="okx", level=-50.0)

    def at(value: float) -> list[Fired]:
        return trigger_firing.by_id(kind, [Own(gain.pk, value), Own(loss.pk, value)], NOON)

    assert at(0) == []
    assert [one.trigger_id for one in at(55)] == [gain.pk]
    assert [one.trigger_id for one in at(-50)] == [loss.pk]


def test_what_is_told_beside_the_figure_belongs_to_its_venue() -> None:
    alert(venue="okx")
    readings = [
        Reading("BTC/USDT", "okx", 101, {"age_ms": 5.0}),
        Reading("BTC/USDT", "bybit", 102, {"age_ms": 9.0}),
    ]
    [fired] = trigger_firing.by_subject(TriggerKind.PRICE_ABOVE, readings, NOON)
    assert fired.more == {"age_ms": 5.0}


def test_any_number_of_alerts_takes_two_statements(django_assert_num_queries: object) -> None:
    person = reachable_person()
    for level in range(20):
        alert(person, level=50.0 + level)
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len(look(101)) == 20


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_fire_an_alert_once() -> None:
    alert()

    def evaluate(_: int) -> int:
        try:
            return len(look(101))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(evaluate, range(8))) == 1
    assert AlertTrigger.objects.get().fired == 1


def test_whoever_logs_out_is_not_told() -> None:
    person = reachable_person()
    alert(person)
    Session.objects.filter(user=person).update(expires_at=NOON - timedelta(days=1))
    assert look(101) == []
