"""Why somebody was not told: what happened, else the rule that holds it back, and the next step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import standing
from accounts.models import User
from arbedge.errors import NotFound
from arbedge.names import AccountState, Role, Tier
from notifications.choosing import eligibility, explain, quotas
from notifications.codes import Why
from notifications.models import Message, Slice
from notifications.names import DeliveryState, SliceState, Topic
from tests.accounts.factories import SessionFactory, UserFactory
from tests.notifications.choosing.due import due, kept, told
from tests.notifications.factories import (
    HOUR,
    MINUTE,
    NOON,
    DeliveryFactory,
    DeliveryLogFactory,
    MessageFactory,
    SliceFactory,
    facts,
    reachable_person,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is at a limit, whatever other tests left in the cache."""
    monkeypatch.setattr(quotas, "exhausted", lambda now: quotas.Exhausted())
    monkeypatch.setattr(quotas, "cooling", lambda prints, now: {})


def shared_out(tier: int = 0, *, counts: dict[str, int] | None = None, **changes: Any) -> Message:
    """A message whose slice of this tier was done at noon."""
    own = facts(**changes)
    message: Message = MessageFactory(facts=own, kind=own["kind"], asset=own["asset"])
    SliceFactory(message=message, tier=tier, state=SliceState.DONE, counts=counts)
    return message


def asked(person: User, message: Message, minutes: int = 1) -> explain.Explanation:
    return explain.explain(person.pk, message.pk, NOON + minutes * MINUTE)


# What happened


def test_what_was_sent_says_when_and_how_by_his_clock() -> None:
    person = reachable_person(time_zone="Asia/Tokyo")
    row = DeliveryFactory(recipient_id=person.pk, state=DeliveryState.SENT, sent_at=NOON)
    found = asked(person, row.message)
    assert str(found) == "It was sent to you by telegram at 21:00."
    assert (found.why, found.delivery_id, found.at) == (Why.ELIGIBLE, row.pk, NOON)


def test_what_was_sent_is_known_from_the_log() -> None:
    person, message = reachable_person(), MessageFactory()
    DeliveryLogFactory(message_id=message.pk, recipient_id=person.pk, channel=1)
    later = NOON + timedelta(days=1)
    found = explain.explain(person.pk, message.pk, later)
    assert str(found) == "It was sent to you by email at 12:00 yesterday."


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        (DeliveryState.PENDING, "", "waits to be sent to you by telegram, not before 12:00."),
        (DeliveryState.SENDING, "", "is being sent to you by telegram now."),
        (DeliveryState.CANCELLED, "hour_full", "your messages of that hour were used up."),
        (DeliveryState.EXPIRED, "closed", "over before it could be sent."),
        (DeliveryState.FAILED, "blocked", "you blocked the bot. Unblock it, and send /start."),
        (DeliveryState.DEAD, "worker_lost", "worker lost."),
        (DeliveryState.FAILED, "", "nobody noted why."),
    ],
)
def test_what_became_of_his_delivery(state: DeliveryState, code: str, words: str) -> None:
    person = reachable_person()
    row = DeliveryFactory(recipient_id=person.pk, state=state, code=code)
    found = asked(person, row.message)
    assert words in str(found)
    assert found.state is state


def test_whoever_was_told_by_another_message_hears_of_that() -> None:
    person = reachable_person()
    first = DeliveryFactory(recipient_id=person.pk, state=DeliveryState.SENT, sent_at=NOON)
    again = MessageFactory(topic=Topic.RECOVERED, opportunity_id=first.opportunity_id)
    SliceFactory(message=again, state=SliceState.DONE)
    opportunity_id = first.opportunity_id
    assert asked(person, first.message).delivery_id == first.pk
    found = explain.explain_opportunity(person.pk, opportunity_id, NOON)
    assert found.why in {Why.TOLD_ALREADY, Why.ELIGIBLE}


def test_what_is_kept_for_the_digest_says_when_it_comes() -> None:
    person = reachable_person(frequency="daily", digest_at_min=480, time_zone="Europe/Berlin")
    one = due()
    eligibility.match([one], NOON, held=eligibility.Held())
    [item] = kept(person)
    found = explain.explain(person.pk, one.message_id, NOON)
    assert str(found).startswith("It comes with your digest at 08:00 tomorrow.")
    assert (found.why, found.at) == (Why.FOR_DIGEST, item.due_at)


# Whose message it is, and when


def test_a_tiers_delay_is_told_with_its_end() -> None:
    person = reachable_person()
    message = MessageFactory()
    SliceFactory(message=message, due_at=NOON + 5 * MINUTE)
    found = asked(person, message)
    assert str(found).startswith("Free gets it at 12:05, in 4\u2009min.")
    assert (found.why, found.at) == (Why.ELIGIBLE, NOON + 5 * MINUTE)


def test_what_is_due_now_is_on_its_way() -> None:
    person, message = reachable_person(), MessageFactory()
    SliceFactory(message=message)
    assert "on its way" in str(asked(person, message))


def test_a_rule_is_told_before_the_delay_is_over() -> None:
    person, message = reachable_person(min_net=0.4), MessageFactory()
    SliceFactory(message=message, due_at=NOON + 5 * MINUTE)
    assert asked(person, message).why is Why.NET_TOO_LOW


def test_what_was_over_before_his_time_came() -> None:
    person, message = reachable_person(), MessageFactory()
    SliceFactory(message=message, state=SliceState.CANCELLED, counts={"closed": 1})
    assert str(asked(person, message)).startswith("It was over before Free got it.")


def test_a_follow_up_without_an_opening() -> None:
    person, opening = reachable_person(), MessageFactory()
    message = MessageFactory(topic=Topic.FADING, opening=opening)
    SliceFactory(message=message, tier=None)
    assert "not sent the opening" in str(asked(person, message))


def test_a_message_to_others() -> None:
    assert "named people" in str(asked(reachable_person(), MessageFactory(topic=Topic.BROADCAST)))


# The rules, with the next step


@pytest.mark.parametrize(
    ("why", "wishes", "event", "words"),
    [
        (Why.TIER_KIND, {}, {"kind": "technical"}, "Premium shows technical opportunities."),
        (Why.TIER_SHELF, {}, {"shelves": 0}, "Basic shows the shelves it stands on."),
        (Why.SWITCHED_OFF, {"switches": {"opened": "off"}}, {}, "You switched messages"),
        (Why.KIND_UNWANTED, {"kinds": 2}, {}, "You do not follow funding opportunities."),
        (Why.SHELF_UNWANTED, {"shelves": 1}, {"shelves": 6}, "high confidence, beginner."),
        (Why.VENUE_UNWANTED, {"venues": 1}, {}, "It trades on okx and bybit,"),
        (Why.ASSET_UNWANTED, {"assets_out": ["WIF"]}, {}, "never to hear of WIF."),
        (Why.ASSET_UNWANTED, {"assets_in": ["BTC"]}, {}, "for BTC only, and this is WIF."),
        (Why.NET_TOO_LOW, {"min_net": 0.01}, {}, "pays you +0.40 % net, and you ask for +1.00 %"),
        (Why.APR_TOO_LOW, {"min_apr": 2.0}, {}, "and you ask for"),
        (Why.RISK_TOO_HIGH, {"max_risk": "low"}, {"risk": "high"}, "Its risk is high,"),
        (Why.CONFIDENCE_TOO_LOW, {"min_confidence": 0.9}, {}, "Confidence in it is 82 %,"),
        (Why.CONFIDENCE_TOO_LOW, {"min_confidence": 0.9}, {"score": None}, "is unknown,"),
        (Why.NO_CHANNEL, {"telegram_id": None}, {}, "Add one under Channels"),
        (Why.DO_NOT_DISTURB, {"quiet_from_min": 0, "quiet_to_min": 0}, {}, "your quiet time"),
        (Why.KEYS_MISSING, {"executable_only": True}, {}, "may trade on okx and bybit."),
        (Why.NO_SESSION, {"session_until": NOON}, {}, "Send /start"),
    ],
)  # fmt: skip
def test_each_rule_says_what_it_is_and_what_to_do(
    why: Why, wishes: dict[str, Any], event: dict[str, Any], words: str
) -> None:
    found = asked(reachable_person(**wishes), shared_out(**event))
    assert words.replace(" %", "\u2009%") in str(found).replace(" %", "\u2009%")
    assert found.why is why


def test_limits_are_told_with_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    person, message = reachable_person(), shared_out()
    monkeypatch.setattr(quotas, "exhausted", lambda now: quotas.Exhausted(hour=[person.pk]))
    assert str(asked(person, message)).startswith("Free sends 5 opportunities an hour,")
    monkeypatch.setattr(quotas, "exhausted", lambda now: quotas.Exhausted(day=[person.pk]))
    assert str(asked(person, message)).startswith("Free sends 20 opportunities a day,")
    monkeypatch.setattr(quotas, "exhausted", lambda now: quotas.Exhausted())
    monkeypatch.setattr(quotas, "cooling", lambda prints, now: {prints[0]: [person.pk]})
    assert "within the last 4 h" in str(asked(person, message))


def test_whoever_was_not_chosen_hears_how_turns_go() -> None:
    found = asked(reachable_person(), shared_out(counts={"eligible": 3, "not_chosen": 9}))
    assert found.why is Why.NOT_CHOSEN
    assert "15 minutes" in str(found)


def test_what_has_changed_since_is_no_rule_any_more() -> None:
    found = asked(reachable_person(), shared_out(counts={"eligible": 3}))
    assert found.why is Why.ELIGIBLE
    assert "You will get the next one." in str(found)


def test_an_account_that_is_not_active_is_told_as_everywhere() -> None:
    person = SessionFactory().user
    User.objects.filter(pk=person.pk).update(state=AccountState.SUSPENDED, is_active=False)
    standing.changed([person.pk])
    found = asked(person, shared_out())
    assert str(found) == "Your account is suspended. Ask support why, and what lifts it."


def test_an_admin_is_asked_by_the_highest_tiers_slice() -> None:
    admin = reachable_person(role=Role.ADMIN, is_staff=True, min_net=0.4)
    assert asked(admin, shared_out(tier=4)).why is Why.NET_TOO_LOW


def test_the_rules_are_asked_with_the_figures_that_were_to_be_told() -> None:
    person = reachable_person(min_net=0.005)
    message = MessageFactory()
    better = MessageFactory(topic=Topic.IMPROVED, facts=facts(net=0.009))
    SliceFactory(message=message, facts_of=better, due_at=NOON + HOUR)
    assert asked(person, message).why is Why.ELIGIBLE
    Slice.objects.update(facts_of=message)
    assert asked(person, message).why is Why.NET_TOO_LOW


def test_asking_writes_nothing() -> None:
    person, message = reachable_person(), shared_out()
    asked(person, message)
    assert not told(person)
    assert not kept(person)


def test_of_an_opportunity_the_last_pushed_message_is_explained() -> None:
    person = reachable_person(min_net=0.4)
    message = shared_out()
    found = explain.explain_opportunity(person.pk, message.opportunity_id or 0, NOON)
    assert found.why is Why.NET_TOO_LOW


def test_what_is_unknown_is_not_found() -> None:
    person = UserFactory(tier=Tier.FREE)
    with pytest.raises(NotFound):
        explain.explain(person.pk, 1, NOON)
    with pytest.raises(NotFound):
        explain.explain(0, MessageFactory().pk, NOON)
    with pytest.raises(NotFound):
        explain.explain_opportunity(person.pk, 1, NOON)
