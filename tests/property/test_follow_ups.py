"""Whatever happens in whatever order, follow-ups go to who was sent the opening, and after it.

Scans, fan-outs, senders and the clock take turns at random; what has arrived is looked at after
every step.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from arbedge.names import Channel, Event
from notifications.models import Delivery, Message
from notifications.names import FOLLOW_UPS, WAITING, Recipient, Topic
from notifications.sending import outbox
from opportunities.models import Opportunity
from tests.notifications.events import Everybody, born, event, fan_out, opportunity
from tests.notifications.factories import NOON, reachable_person

pytestmark = pytest.mark.django_db

PEOPLE = 3
ROWS = st.integers(0, 1)
STEPS = st.sampled_from([1, 5, 11, 61, 301])
ENDS = st.sampled_from(["sent", "delivered", "failed", "retry"])
KINDS = st.sampled_from([Event.OPENED, Event.IMPROVED, Event.FADING, Event.CLOSED])
# One event leads from a state to the next; what is closed can come back.
FROM = {
    Event.OPENED: (None,),
    Event.IMPROVED: ("open",),
    Event.FADING: ("open",),
    Event.CLOSED: ("open", "fading"),
    Event.RECOVERED: ("closed",),
}


class Lives(RuleBasedStateMachine):
    """Two opportunities, three people, and a sender who is not always lucky."""

    @initialize()
    def begin(self) -> None:
        """An undisturbed world, given back in `teardown`."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = NOON
        self.rows: list[Opportunity] = [
            opportunity(asset=f"COIN{number}", expires_at=NOON + timedelta(hours=4))
            for number in range(2)
        ]
        self.states: list[str | None] = [None, None]
        self.people = [reachable_person().pk for _ in range(PEOPLE)]
        self.inbox: list[tuple[int, int, str]] = []  # opportunity, person, topic; as they arrived

    def teardown(self) -> None:
        """Undoes everything, so that the next life begins anew."""
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(number=ROWS, kind=KINDS)
    def scan(self, number: int, kind: Event) -> None:
        """Something happens to an opportunity, if it can."""
        row, state = self.rows[number], self.states[number]
        if kind is Event.OPENED and state == "closed":
            kind = Event.RECOVERED
        if state not in FROM[kind]:
            return
        became = {Event.FADING: "fading", Event.CLOSED: "closed"}.get(kind, "open")
        happened = event(row, kind, at=self.now, new={"improved_count": 1})
        if became == "open":
            row.state, row.live_key, row.closed_at, row.close_reason = (
                "open", row.fingerprint, None, "",
            )  # fmt: skip
            row.save()
        self.states[number] = became
        born(happened, now=self.now)

    @rule(seconds=STEPS)
    def wait(self, seconds: int) -> None:
        """The clock goes on."""
        self.now += timedelta(seconds=seconds)

    @rule(people=st.integers(0, PEOPLE))
    def fan_out(self, people: int) -> None:
        """What is due is written; not everybody is eligible every time."""
        fan_out(self.now, Everybody(*self.people[:people]))

    @rule(limit=st.integers(1, 4), end=ENDS)
    def send(self, limit: int, end: str) -> None:
        """A sender takes some, and is lucky with them or not."""
        for claimed in outbox.claim(Channel.TELEGRAM, self.now, limit=limit).rows:
            held = Delivery.objects.filter(pk=claimed.id, token=claimed.token)
            free = {"token": None, "lease_until": None}
            if end == "retry":
                held.update(state="pending", due_at=self.now + timedelta(seconds=30), **free)
                continue
            arrived = end != "failed"
            held.update(
                state=end, settled_at=self.now, sent_at=self.now if arrived else None, **free
            )
            if arrived:
                about = (claimed.opportunity_id or 0, claimed.recipient_id, claimed.topic)
                self.inbox.append(about)
                self.check(claimed.id)

    def check(self, delivery_id: int) -> None:
        """What has just arrived had its opening before it, from the same opportunity."""
        arrived = Delivery.objects.get(pk=delivery_id)
        if arrived.opening_id is None:
            return
        opening = Delivery.objects.get(pk=arrived.opening_id)
        assert opening.sent_at is not None
        assert opening.pk < arrived.pk
        assert (opening.recipient, opening.recipient_id, opening.opportunity_id) == (
            Recipient.USER, arrived.recipient_id, arrived.opportunity_id,
        )  # fmt: skip

    @invariant()
    def nobody_hears_of_an_end_he_knows_no_beginning_of(self) -> None:
        """The first that arrives about an opportunity is an opening."""
        known: set[tuple[int, int]] = set()
        for about, person, topic in getattr(self, "inbox", []):
            assert (about, person) in known or topic not in {Topic.FADING, Topic.CLOSED}
            known.add((about, person))

    @invariant()
    def of_what_waits_to_follow_only_the_latest_does(self) -> None:
        """One follow-up at most waits behind an opening."""
        waiting = Delivery.objects.filter(opening_id__isnull=False, state__in=WAITING)
        behind = list(waiting.values_list("opening_id", flat=True))
        assert len(behind) == len(set(behind))

    @invariant()
    def follow_ups_have_an_opening(self) -> None:
        """A message of bad news alone is nobody's opening."""
        alone = Delivery.objects.filter(opening_id=None, topic__in=(Topic.FADING, Topic.CLOSED))
        assert not alone.exists()

    @invariant()
    def figures_never_go_back(self) -> None:
        """Nobody is told older figures than his message's own."""
        for delivery in Delivery.objects.filter(topic__in=(Topic.OPENED, *FOLLOW_UPS)):
            assert delivery.facts_of_id >= delivery.message_id


def test_follow_ups_go_to_who_was_sent_the_opening_and_never_before_it() -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_enough_can_happen_to_prove_anything() -> None:
    machine = Lives()
    machine.begin()
    try:
        for kind in (Event.OPENED, Event.IMPROVED, Event.FADING, Event.CLOSED, Event.OPENED):
            machine.scan(0, kind)
            machine.fan_out(PEOPLE)
            machine.send(4, "sent")
            machine.wait(1)
        topics = {topic for _, _, topic in machine.inbox}
        assert topics == {"opened", "improved", "fading", "closed", "recovered"}
        assert Message.objects.count() == 5
    finally:
        machine.teardown()
