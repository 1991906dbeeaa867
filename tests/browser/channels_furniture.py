"""A person with something of everything on the page of channels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from accounts import preferences
from accounts.models import User
from arbedge.names import Channel, Door
from notifications.models import Address, Attempt
from notifications.names import AddressState, Outcome, Recipient
from tests.notifications.addressing.places import kept
from tests.notifications.factories import DeliveryFactory

HOOK = {"url": "https://hooks.example.org/arbedge/4f9c", "secret": "a secret of the hook, long"}


def furnish(user: User) -> Address:
    """Gives the person channels in every state; returns the webhook."""
    now = datetime.now(UTC)
    hook = kept(user, Channel.WEBHOOK, HOOK, shown="hooks.example.org …4f9c", failures=2,
                verified_at=now - timedelta(days=3))  # fmt: skip
    Address.objects.filter(pk=hook.pk).update(created_at=now - timedelta(days=3))
    kept(user, Channel.SLACK, {"url": "https://hooks.slack.com/services/T/B/x"},
         AddressState.DISABLED, problem="gone", shown="hooks.slack.com …Q7fa")  # fmt: skip
    kept(user, Channel.SMS, {"number": "+447700900123"}, AddressState.UNVERIFIED,
         shown="+44 … 23", verified_at=None)  # fmt: skip
    for number in range(2):
        kept(user, Channel.WEB_PUSH, {"endpoint": f"https://push.example/{number}"},
             shown=f"fcm.googleapis.com …a{number}")  # fmt: skip
    wanted = ["telegram", "webhook", "web_push", "slack"]
    preferences.change(user.pk, {"channels": wanted}, door=Door.WEB)
    attempts(user, hook, now)
    return hook


def attempts(user: User, hook: Address, now: datetime) -> None:
    """What was sent to the webhook: mostly well."""
    said = [(Outcome.SENT, "", "HTTP 200", 84), (Outcome.RETRY, "server", "HTTP 503", 212),
            (Outcome.RETRY, "timeout", "no answer within 5 s", 5003),
            (Outcome.SENT, "", "HTTP 204", 61)]  # fmt: skip
    delivery = DeliveryFactory(recipient_id=user.pk)
    Attempt.objects.bulk_create(
        Attempt(
            delivery_id=delivery.pk, recipient=Recipient.USER, recipient_id=user.pk,
            address_id=hook.pk, channel=Channel.WEBHOOK, at=now - timedelta(minutes=7 * place + 1),
            outcome=outcome, code=code, detail=detail, took_ms=took_ms,
        )
        for place, (outcome, code, detail, took_ms) in enumerate(said)
    )  # fmt: skip
