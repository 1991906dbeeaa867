"""Whatever a price does, an alert tells of crossings, once each, and never too often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.alerts import trigger_firing
from notifications.alerts.trigger_sources import Reading
from notifications.models import AlertTrigger
from notifications.names import TriggerKind
from tests.notifications.alerts.watching import alert
from tests.notifications.factories import NOON, reachable_person

pytestmark = pytest.mark.django_db

LEVEL, SLACK = 100.0, 0.001
COOLDOWN, HOUR = timedelta(minutes=5), timedelta(hours=1)
PRICES = (99.0, 99.95, 100.0, 101.0)  # left, trembling, reached, beyond
KINDS = {TriggerKind.PRICE_ABOVE: 1, TriggerKind.PRICE_BELOW: -1}

steps = st.lists(
    st.tuples(st.integers(10, 400), st.sampled_from(PRICES)), min_size=1, max_size=40
)  # seconds since the last look, and what is seen
busy = st.lists(
    st.tuples(st.just(310), st.sampled_from((99.0, 101.0))), min_size=25, max_size=40
)  # crossings as often as the cooldown allows


@dataclass
class Model:
    """The rules in their plainest form, for one alert on a rising figure."""

    armed: bool = False
    fired_at: datetime | None = None
    hour_began: datetime | None = None
    in_hour: int = 0

    def look(self, price: float, now: datetime) -> bool:
        """Whether it tells."""
        left = LEVEL if self.fired_at is None else LEVEL * (1 - SLACK)
        self.armed = self.armed or price < left
        cool = self.fired_at is None or now - self.fired_at >= COOLDOWN
        new_hour = self.hour_began is None or now - self.hour_began >= HOUR
        if not (self.armed and price >= LEVEL and cool and (new_hour or self.in_hour < 10)):
            return False
        if new_hour:
            self.hour_began, self.in_hour = now, 0
        self.armed, self.fired_at, self.in_hour = False, now, self.in_hour + 1
        return True


def mirrored(price: float, sign: int) -> float:
    """The same distance on the other side of the level, where a fall is watched."""
    return LEVEL + sign * (price - LEVEL)


def look(kind: TriggerKind, price: float, now: datetime) -> bool:
    return bool(trigger_firing.by_subject(kind, [Reading("BTC/USDT", "", price)], now))


@contextmanager
def watching(kind: TriggerKind) -> Iterator[AlertTrigger]:
    """An alert that was just set, by somebody whose session outlasts every walk; undone after."""
    with transaction.atomic():
        person = reachable_person(session_until=NOON + timedelta(days=300))
        yield alert(person, kind=kind, level=LEVEL, armed=False)
        transaction.set_rollback(True)


def walk(kind: TriggerKind, taken: list[tuple[int, float]]) -> list[tuple[datetime, bool, bool]]:
    """Every look at its moment: whether the alert told, and whether the model did."""
    model, now, seen = Model(), NOON, []
    for seconds, price in taken:
        now += timedelta(seconds=seconds)
        told = look(kind, mirrored(price, KINDS[kind]), now)
        seen.append((now, told, model.look(price, now)))
    return seen


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(taken=st.one_of(steps, busy))
def test_an_alert_tells_when_the_plain_rules_do(
    kind: TriggerKind, taken: list[tuple[int, float]]
) -> None:
    with watching(kind):
        seen = walk(kind, taken)

    assert [told for _, told, _ in seen] == [expected for _, _, expected in seen]
    moments = [now for now, told, _ in seen if told]
    assert all(later - sooner >= COOLDOWN for sooner, later in pairwise(moments))
    assert all(sum(one <= other < one + HOUR for other in moments) <= 10 for one in moments)


@settings(max_examples=10)
@given(prices=st.lists(st.sampled_from(PRICES), min_size=2, max_size=6))
def test_looking_twice_at_the_same_moment_tells_once(prices: list[float]) -> None:
    kind = TriggerKind.PRICE_ABOVE
    with watching(kind):
        for hours, price in enumerate(prices):
            look(kind, price, NOON + hours * HOUR)
            assert not look(kind, price, NOON + hours * HOUR)
