"""Why did I not get this? The same rules, asked for one person, and what to do about it.

What happened comes first: whether it was sent, waits, failed, or lies in a digest. Only where
nothing was written the rules are asked, with the figures that were to be told and as they hold now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts import standing
from accounts.models import Audience
from accounts.standing import Standing, effective_tier
from accounts.tiers import HAVE_ADMINS_COLUMN
from arbedge.errors import NotFound
from arbedge.names import AccountState
from notifications.choosing import eligibility, explain_words
from notifications.choosing.eligibility_due import Due, batches
from notifications.choosing.eligibility_rules import HIGHEST
from notifications.codes import Code, Why
from notifications.models import Delivery, DeliveryLog, DigestItem, Message, Slice
from notifications.names import (
    ARRIVED,
    FOLLOW_UPS,
    WAITING,
    DeliveryState,
    Recipient,
    SliceState,
    Topic,
)

_ONE: Final = "SELECT why FROM counted"
_TOLD: Final = [state.value for state in (*WAITING, *ARRIVED)]


@dataclass(frozen=True)
class Explanation:
    """What became of a message for one person, in words for him, with the next step.

    `why` is the rule that holds it back, where one does; ELIGIBLE where it was or will be told.
    `delivery_id` and `state` are those of the delivery there is; `at` is when it was sent, ended,
    or is due.
    """

    text: str
    why: Why | None = None
    delivery_id: int | None = None
    state: DeliveryState | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        return self.text


def explain(user_id: int, message_id: int, now: datetime) -> Explanation:
    """What became of this message for this person. Raises NotFound for unknown ones."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message.", code="message_unknown", message_id=message_id)
    person = standing.known(user_id)
    return (
        _delivered(person, message, now)
        or _in_digest(person, message, now)
        or _ruled(person, message, now)
    )


def explain_opportunity(user_id: int, opportunity_id: int, now: datetime) -> Explanation:
    """What became of the last message about an opportunity that was pushed to people who did not
    know of it yet. Raises NotFound where nobody was told anything of it."""
    pushed = Message.objects.filter(opportunity_id=opportunity_id, slices__tier__isnull=False)
    message_id = pushed.order_by("-pk").values_list("pk", flat=True).first()
    if message_id is None:
        raise NotFound(
            "Nobody was told of this opportunity.", code="nothing_told", opportunity=opportunity_id
        )
    return explain(user_id, message_id, now)


def _delivered(person: Standing, message: Message, now: datetime) -> Explanation | None:
    """Of his own delivery of it, in the queue or the log; else of an earlier one that told him of
    the same opportunity."""
    row = _delivery(person, message_id=message.pk)
    if row is None and message.topic not in FOLLOW_UPS and message.opportunity_id is not None:
        row = _delivery(person, opportunity_id=message.opportunity_id, state__in=_TOLD)
    if row is None:
        return None
    return Explanation(
        explain_words.of_delivery(row, person.time_zone, now),
        Why.ELIGIBLE,
        row.pk,
        DeliveryState(row.state),
        row.sent_at or row.settled_at or row.due_at,
    )


def _delivery(person: Standing, **which: object) -> Delivery | DeliveryLog | None:
    own = {"recipient": Recipient.USER, "recipient_id": person.user_id, **which}
    held = Delivery.objects.filter(**own).order_by("pk").first()
    return held or DeliveryLog.objects.filter(**own).order_by("id").first()


def _in_digest(person: Standing, message: Message, now: datetime) -> Explanation | None:
    items = DigestItem.objects.filter(recipient=Recipient.USER, recipient_id=person.user_id)
    held = items.filter(message_id=message.pk).first()
    if held is None and message.opportunity_id is not None:
        held = items.filter(message__opportunity_id=message.opportunity_id).first()
    if held is None:
        return None
    text = explain_words.of_digest(held.due_at, person.time_zone, now)
    return Explanation(text, Why.FOR_DIGEST, at=held.due_at)


def _ruled(person: Standing, message: Message, now: datetime) -> Explanation:
    """What no delivery tells: whose message it is, his tier's time, and the rules."""
    rank = HIGHEST if person.role in HAVE_ADMINS_COLUMN else effective_tier(person, now).rank
    slices = Slice.objects.select_related("message", "facts_of")
    mine = slices.filter(message_id=message.pk, tier=rank).first()
    if mine is None:
        follows = message.topic in FOLLOW_UPS and message.opening_id is not None
        return Explanation(explain_words.NO_OPENING if follows else explain_words.NOT_FOR_ALL)
    why = _why(person, mine, now)
    if why is Why.ELIGIBLE and mine.state == SliceState.CANCELLED:
        ended = next(iter(mine.counts or {}), Code.CLOSED.value)
        return Explanation(explain_words.of_end(mine, ended), at=mine.ended_at)
    if why is Why.ELIGIBLE and mine.state == SliceState.OPEN:
        text = explain_words.of_delay(mine, person.time_zone, now)
        return Explanation(text, why, at=mine.due_at)
    if why is Why.ELIGIBLE and (mine.counts or {}).get(Why.NOT_CHOSEN.code):
        why = Why.NOT_CHOSEN
    row = Audience.objects.filter(pk=person.user_id).first()
    text = explain_words.of_rule(why, person, row, mine, now)
    return Explanation(text, why, at=mine.ended_at or mine.due_at)


def _why(person: Standing, mine: Slice, now: datetime) -> Why:
    """The first rule that holds the person back now, by the statement that asks everybody."""
    if not person.has_session(now):
        return Why.NO_SESSION
    if person.state is not AccountState.ACTIVE:
        return Why.ACCOUNT_STATE
    due = due_of(mine)
    [batch] = batches([due])
    text, values = eligibility.asked(
        batch, eligibility.limits([due], now), now, ending=_ONE, only=f"= {person.user_id:d}"
    )
    with eligibility.planned() as cursor:
        cursor.execute(text, values)
        found = cursor.fetchone()
    return Why.NO_SESSION if found is None else Why(found[0])


def due_of(one: Slice) -> Due:
    """The slice as the matching takes it, whatever its state."""
    message = one.message
    assert one.tier is not None
    return Due(
        slice_id=one.pk,
        message_id=message.pk,
        facts_of_id=one.facts_of_id,
        tier=one.tier,
        topic=message.topic,
        facts=one.facts_of.facts,
        priority=message.priority,
        expires_at=message.expires_at,
        opportunity_id=message.opportunity_id,
        fingerprint=message.fingerprint,
        kind=message.kind,
        asset=message.asset,
        breaks_cooldown=message.topic == Topic.IMPROVED,
    )
