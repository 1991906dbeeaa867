"""Alerts, bundles and broadcasts are counted for Prometheus when they are committed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from exchanges import book
from notifications.alerts import trigger_told, triggers
from notifications.broadcasting import broadcasts
from notifications.bundling import digests
from notifications.models import DigestItem
from notifications.names import TriggerKind
from tests.accounts.factories import UserFactory
from tests.notifications.alerts.watching import alert, quoted, snapshot
from tests.notifications.factories import HOUR, NOON, MessageFactory, reachable_person

pytestmark = pytest.mark.django_db


def added(name: str, labels: dict[str, str], deed: Callable[[], object]) -> float:
    """By how much the counter grows while this is done."""
    before = REGISTRY.get_sample_value(name, labels) or 0
    deed()
    return (REGISTRY.get_sample_value(name, labels) or 0) - before


def test_alerts_are_counted_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        alert()
    monkeypatch.setattr(book, "load", lambda: snapshot(quoted("okx", "BTC", 150)))
    kind = {"kind": TriggerKind.PRICE_ABOVE.value}
    assert added("arbedge_alerts_fired_total", kind, lambda: triggers.check(NOON)) == 2


def test_an_alert_that_was_undone_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError

    alert()
    monkeypatch.setattr(book, "load", lambda: snapshot(quoted("okx", "BTC", 150)))
    monkeypatch.setattr(trigger_told, "tell", broken)

    def check() -> None:
        with pytest.raises(RuntimeError):
            triggers.check(NOON)

    assert added("arbedge_alerts_fired_total", {"kind": "price_above"}, check) == 0


def test_items_of_people_without_a_session_are_counted() -> None:
    person = reachable_person(session_until=NOON)
    DigestItem.objects.create(
        recipient="user", recipient_id=person.pk, message=MessageFactory(), due_at=NOON,
        created_at=NOON - HOUR,
    )  # fmt: skip
    outcome = {"outcome": "no_session"}
    assert added("arbedge_digest_items_total", outcome, lambda: digests.run(NOON)) == 1


def test_deliveries_of_broadcasts_are_counted() -> None:
    admin = UserFactory(role="admin")
    for _ in range(3):
        reachable_person()
    broadcasts.start(broadcasts.draft(admin, "News", {"en": "Hello."}, {}), admin, NOON)
    assert added("arbedge_broadcast_deliveries_total", {}, lambda: broadcasts.run(NOON)) == 3
