"""The sweeper: frees what lost workers held, wakes for what is overdue, tells how things stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from arbedge import cache
from arbedge.names import Channel
from notifications.choosing import quota_keys
from notifications.models import Delivery
from notifications.names import DeliveryState, SliceState
from notifications.sending import sweeping, waking
from notifications.sending.claims import DEAD_AFTER, LEASE
from notifications.sending.sweeping import OVERDUE, sweep
from tests.notifications.factories import (
    HOUR,
    NOON,
    DeliveryFactory,
    DeliveryLogFactory,
    SliceFactory,
)
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.client().flushdb()
    yield
    cache.client().flushdb()


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whom the sweeper woke."""
    calls: list[str] = []
    monkeypatch.setattr(waking, "deliver", calls.extend)
    monkeypatch.setattr(waking, "fan_out", lambda: calls.append("fan out"))
    return calls


def told(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_nothing_to_do_is_nothing_done(woken: list[str]) -> None:
    swept = sweep(NOON)
    assert (swept.freed, swept.dead, swept.woken, swept.slices) == (0, 0, (), False)
    assert woken == []


def test_rows_of_lost_workers_are_free_again() -> None:
    DeliveryFactory(state=DeliveryState.SENDING, unended=1, lease_until=NOON)
    before = told("arbedge_leases_lapsed_total")

    assert sweep(NOON + SECOND).freed == 1

    assert Delivery.objects.get().state == DeliveryState.PENDING
    assert told("arbedge_leases_lapsed_total") == before + 1


def test_a_row_that_kills_workers_is_dead_and_gives_its_place_back() -> None:
    row = DeliveryFactory(
        state=DeliveryState.SENDING, unended=DEAD_AFTER, counted=True, lease_until=NOON
    )
    told_key = quota_keys.told_key(str(row.recipient_id))
    cache.client().zadd(told_key, {str(row.pk): quota_keys.ms(NOON)})

    assert sweep(NOON + SECOND).dead == 1

    assert cache.client().zcard(told_key) == 0


def test_a_claim_under_way_is_left_alone() -> None:
    DeliveryFactory(state=DeliveryState.SENDING, lease_until=NOON + LEASE)
    assert sweep(NOON + LEASE).freed == 0


def test_channels_with_overdue_rows_are_woken(woken: list[str]) -> None:
    DeliveryFactory(channels=[1], due_at=NOON - OVERDUE)
    DeliveryFactory(channels=[0], due_at=NOON - OVERDUE + SECOND)
    assert sweep(NOON).woken == (Channel.EMAIL,)
    assert woken == ["email"]


def test_overdue_slices_wake_the_fan_out(woken: list[str]) -> None:
    opportunity = OpportunityFactory().pk
    SliceFactory(due_at=NOON - OVERDUE, message__opportunity_id=opportunity)
    SliceFactory(due_at=NOON - HOUR, state=SliceState.DONE)
    assert sweep(NOON).slices
    assert woken == ["fan out"]


def test_slices_in_their_delay_are_no_ones_business(woken: list[str]) -> None:
    SliceFactory(due_at=NOON + SECOND)
    sweep(NOON)
    assert woken == []


def test_how_long_the_queue_waits_is_told() -> None:
    DeliveryFactory(due_at=NOON - 30 * SECOND)
    DeliveryFactory(due_at=NOON - 10 * SECOND)
    DeliveryFactory(due_at=NOON + HOUR)
    sweep(NOON)
    assert told("arbedge_queue_due", channel="telegram") == 2
    assert told("arbedge_queue_age_seconds", channel="telegram") == 30
    assert told("arbedge_queue_due", channel="email") == 0


def test_a_queue_that_was_worked_off_is_told_as_empty() -> None:
    row = DeliveryFactory(due_at=NOON - 30 * SECOND)
    sweep(NOON)
    row.delete()
    sweep(NOON)
    assert told("arbedge_queue_age_seconds", channel="telegram") == 0


def test_dead_letters_of_a_day_are_told_wherever_they_lie() -> None:
    DeliveryFactory(state=DeliveryState.DEAD)
    DeliveryFactory(state=DeliveryState.SENT)
    DeliveryLogFactory(state=DeliveryState.FAILED, settled_at=NOON - HOUR)
    DeliveryLogFactory(state=DeliveryState.FAILED, settled_at=NOON - 25 * HOUR)
    sweep(NOON)
    assert told("arbedge_dead_letters") == 2


def test_what_people_were_told_is_known_again_after_the_cache_was_lost() -> None:
    DeliveryFactory(recipient_id=7, counted=True, state=DeliveryState.SENT)
    sweep(NOON)
    assert cache.client().get(quota_keys.marker_key()) is not None
    assert cache.client().zcard(quota_keys.told_key("7")) == 1


def test_without_the_cache_the_rest_is_swept_all_the_same(settings: Any, woken: list[str]) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    DeliveryFactory(state=DeliveryState.SENDING, unended=1, lease_until=NOON - HOUR, due_at=NOON)
    assert sweep(NOON + OVERDUE).freed == 1
    assert woken == ["telegram"]


def test_the_tables_are_asked_a_few_times_whatever_they_hold(
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(5):
        DeliveryFactory(due_at=NOON - HOUR)
    sweeping.sweep(NOON)
    with django_assert_max_num_queries(6):
        sweep(NOON)
