"""Events of opportunities, and what is written of them: for tests of births and fan-out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from arbedge.names import Event
from notifications import births, fanout
from notifications.choosing.eligibility import Due
from notifications.codes import Why
from notifications.models import Delivery, Message, Slice
from notifications.names import DeliveryState, Recipient
from opportunities.models import Opportunity, OpportunityEvent
from tests.notifications.factories import MINUTE, NOON, DeliveryFactory, reachable_person
from tests.opportunities.factories import OpportunityEventFactory, OpportunityFactory

EVERY_TIER = {0, 1, 2, 3, 4}
SECOND = timedelta(seconds=1)
LAST_DELAY = 5 * MINUTE  # until the free tier is told
NEWS = [Event.IMPROVED, Event.FADING, Event.CLOSED]
ENDED_BADLY = [
    DeliveryState.FAILED, DeliveryState.DEAD, DeliveryState.EXPIRED, DeliveryState.CANCELLED,
]  # fmt: skip


def opportunity(**values: Any) -> Opportunity:
    """A live one, open for two hours at noon; the best of its family."""
    made: Opportunity = OpportunityFactory(**{"as_of": NOON} | values)
    return made


def event(of: Opportunity, kind: Event, **values: Any) -> OpportunityEvent:
    """What happened to it at noon; an end also closes the row, as the lifecycle does."""
    if kind is Event.CLOSED:
        reason = values.setdefault("reason", "below_half").partition(":")[0]
        of.state, of.live_key, of.close_reason = "closed", None, reason
        of.closed_at = values.get("at", NOON)
        of.save()
    elif kind is Event.FADING:
        of.state = "fading"
        of.save()
    made: OpportunityEvent = OpportunityEventFactory(
        opportunity=of, type=kind.value, **{"at": NOON} | values
    )
    return made


def born(*events: OpportunityEvent, now: datetime = NOON) -> list[Message]:
    """The messages written of these events, in the order they were written."""
    births.write([one.pk for one in events], now)
    known = Message.objects.filter(event_id__in=[one.pk for one in events])
    return list(known.order_by("pk"))


def told(of: Opportunity, kind: Event, **values: Any) -> Message:
    """An event and its message."""
    (message,) = born(event(of, kind, **values))
    return message


def slices(message: Message) -> dict[int | None, Slice]:
    """The message's slices by tier."""
    return {one.tier: one for one in message.slices.all()}


def sent(message: Message, state: str = "sent", **values: Any) -> Delivery:
    """The opening's delivery to somebody with a session, as far as it has come."""
    recipient = {} if "recipient_id" in values else {"recipient_id": reachable_person().pk}
    made: Delivery = DeliveryFactory(message=message, state=state, **recipient | values)
    return made


def nobody(due: Sequence[Due], now: datetime) -> Mapping[int, Mapping[str, int]]:
    """An eligibility by which nobody gets anything."""
    return {one.slice_id: {} for one in due}


class Everybody:
    """An eligibility by which these people, all of one tier if any, get what they were not told."""

    def __init__(self, *people: int, tier: int | None = None) -> None:
        self.people, self.tier = people, tier
        self.state = DeliveryState.PENDING.value
        self.asked: list[Due] = []

    def __call__(self, due: Sequence[Due], now: datetime) -> Mapping[int, Mapping[str, int]]:
        self.asked += due
        return {one.slice_id: {Why.ELIGIBLE.code: self._write(one, now)} for one in due}

    def _write(self, one: Due, now: datetime) -> int:
        if self.tier not in {None, one.tier}:
            return 0
        mine = Delivery.objects.filter(opportunity_id=one.opportunity_id, recipient=Recipient.USER)
        told = set(mine.values_list("recipient_id", flat=True))
        fresh = [person for person in self.people if person not in told]
        known = Message.objects.in_bulk([one.message_id, one.facts_of_id])
        for person in fresh:
            DeliveryFactory(
                message=known[one.message_id], facts_of=known[one.facts_of_id],
                recipient_id=person, created_at=now, due_at=now, expires_at=one.expires_at,
                state=self.state,
            )  # fmt: skip
        return len(fresh)


def fan_out(now: datetime = NOON, match: fanout.Match = nobody) -> fanout.Done:
    """Everything that is due, with a test's own eligibility."""
    return fanout.run(now, match=match)


def follow_ups(message: Message) -> list[Delivery]:
    """The deliveries of a follow-up, by recipient."""
    return list(message.deliveries.order_by("recipient", "recipient_id"))


def waiting() -> list[Delivery]:
    """Every delivery nobody has sent or ended."""
    return list(Delivery.objects.filter(state=DeliveryState.PENDING).order_by("pk"))


def told_of() -> Opportunity:
    """An opportunity that was told of."""
    row = opportunity()
    told(row, Event.OPENED)
    return row


def family(number: int, **values: Any) -> Opportunity:
    """The best row of a family of its own."""
    return opportunity(asset=f"COIN{number}", **values)


def opened_to_nobody(row: Opportunity) -> Message:
    """The message of its opening, fanned out to nobody."""
    message = told(row, Event.OPENED)
    fan_out(NOON)
    return message


def followed(row: Opportunity, kind: Event, **values: Any) -> Message:
    """The news with its deliveries written."""
    message = told(row, kind, **{"new": {"improved_count": 1}} | values)
    fan_out(NOON)
    return message


def counts(message: Message) -> dict[str, int]:
    """Recipients of a follow-up by reason."""
    return slices(message)[None].counts or {}


def tiers_of(asked: Everybody) -> list[int]:
    """The tiers for which was asked."""
    return sorted(one.tier for one in asked.asked)


def improve(row: Opportunity, **values: Any) -> Message:
    """The message of an improvement, not fanned out."""
    return told(row, Event.IMPROVED, new={"improved_count": 1}, **values)
