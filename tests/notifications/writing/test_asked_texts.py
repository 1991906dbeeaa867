"""What alerts, bundles and broadcasts write can be read: on every channel, in every language."""

from __future__ import annotations

from typing import Any

import pytest

from arbedge.names import Channel, Language, Tier
from notifications.alerts import trigger_told
from notifications.alerts.trigger_firing import Fired
from notifications.alerts.trigger_rules import RULES
from notifications.broadcasting import broadcasts
from notifications.bundling import digests
from notifications.models import Delivery, DigestItem, Message
from notifications.names import TriggerKind
from notifications.writing import rendering
from notifications.writing.content import Content
from tests.accounts.factories import UserFactory
from tests.notifications.factories import HOUR, MINUTE, NOON, MessageFactory, reachable_person
from tests.opportunities.factories import OpportunityFactory

pytestmark = pytest.mark.django_db
FIRED: dict[TriggerKind, tuple[str, str, float | None, float, dict[str, Any]]] = {
    TriggerKind.PRICE_ABOVE: ("WIF/USDT", "okx", 2.5, 2.5312, {"age_ms": 900.0}),
    TriggerKind.PRICE_BELOW: ("WIF/USDT", "", 2.5, 2.4312, {"age_ms": 900.0, "venues": 3}),
    TriggerKind.NET_ABOVE: (
        "WIF", "", 0.005, 0.0061,
        {"opportunity_id": 7, "opportunity_kind": "funding", "long_venue": "okx",
         "short_venue": "bybit", "horizon_hours": 72},
    ),
    TriggerKind.FUNDING_ABOVE: (
        "WIF", "", 0.0007, 0.0009,
        {"interval_hours": 8.0, "at": "bybit", "rate": -0.0009, "age_ms": 500.0},
    ),
    TriggerKind.VENUE_BLIND: ("okx", "", None, 1.0, {"age_ms": 45_000.0}),
    TriggerKind.BALANCE_CHANGE: ("okx", "", 0.1, 0.15, {"value": -0.15}),
    TriggerKind.PROFIT_AND_LOSS: ("okx", "", -50.0, -61.5, {}),
}  # fmt: skip
SAYS = {
    TriggerKind.PRICE_ABOVE: ("WIF/USDT", "OKX", "2.5312", "2.5"),
    TriggerKind.PRICE_BELOW: ("WIF/USDT", "2.4312"),
    TriggerKind.NET_ABOVE: ("WIF", "OKX/Bybit", "+0.61 %", "72 h"),
    TriggerKind.FUNDING_ABOVE: ("WIF", "Bybit", "0.0900 %", "8 h"),
    TriggerKind.VENUE_BLIND: ("OKX", "45 s"),
    TriggerKind.BALANCE_CHANGE: ("OKX", "−15.00 %"),
    TriggerKind.PROFIT_AND_LOSS: ("OKX", "61.50"),
}


def read(delivery: Delivery, channel: Channel) -> Content:
    """The delivery as its recipient reads it on this channel, ten seconds later."""
    found = rendering.render([delivery], {}, NOON, channel=channel)[delivery.pk]
    assert isinstance(found, Content), found
    return found


def plain(text: str) -> str:
    """Thin spaces as spaces."""
    return text.replace("\u2009", " ").replace("\u202f", " ").replace("\u00a0", " ")


def fired(kind: TriggerKind, language: str = "en") -> Delivery:
    """The delivery of an alert of this kind."""
    person = reachable_person(language=language)
    subject, venue, level, value, more = FIRED[kind]
    alert = Fired(
        1, person.pk, kind, subject, venue, level, "my note", value, silent=False, more=more
    )
    assert trigger_told.tell([alert], NOON) == 1
    return Delivery.objects.get(recipient_id=person.pk)


@pytest.mark.parametrize("kind", TriggerKind)
def test_an_alert_says_what_was_seen_where(kind: TriggerKind) -> None:
    body = plain(read(fired(kind), Channel.WEBHOOK).body)
    for words in (*SAYS[kind], "my note"):
        assert words in body
    assert "unknown" not in body
    assert set(FIRED) == set(SAYS) == set(RULES)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", TriggerKind)
def test_every_alert_can_be_written_on_every_channel(kind: TriggerKind, language: str) -> None:
    delivery = fired(kind, language)
    for channel in Channel:
        content = read(delivery, channel)
        assert (content.language, bool(content.title and content.body)) == (language, True)


@pytest.mark.parametrize("language", Language)
def test_every_bundle_can_be_written_on_every_channel(language: str) -> None:
    person = reachable_person(language=language, tier=Tier.PREMIUM)
    for number in range(12):
        row = OpportunityFactory(asset=f"COIN{number}", as_of=NOON - MINUTE)
        message = MessageFactory(opportunity_id=row.pk, asset=row.asset, at=NOON)
        Message.objects.filter(pk=message.pk).update(created_at=NOON)
        DigestItem.objects.create(
            recipient="user", recipient_id=person.pk, message=message, due_at=NOON,
            created_at=NOON - HOUR,
        )  # fmt: skip
    digests.run(NOON)
    delivery = Delivery.objects.get(recipient_id=person.pk)

    for channel in Channel:
        content = read(delivery, channel)
        assert "COIN0" in content.body
        assert "12" in content.title + content.body


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Back at"), ("es", "A las"), ("fr", "Back")]
)
def test_every_broadcast_can_be_written_on_every_channel(language: str, words: str) -> None:
    admin = UserFactory(role="admin")
    person = reachable_person(language=language)
    texts = {"en": "Back at ten.", "es": "A las diez."}
    row = broadcasts.draft(admin, "Maintenance", texts, {})
    broadcasts.start(row, admin, NOON)
    broadcasts.run(NOON)
    delivery = Delivery.objects.get(recipient_id=person.pk)

    for channel in Channel:
        assert words in read(delivery, channel).body
