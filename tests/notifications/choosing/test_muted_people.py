"""What a person has muted does not reach him, and reaches him again when the mute is over; of what
he was sent before he hears only the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts import mutes
from accounts.models import Muted, User
from arbedge.choices import VENUE_BITS
from arbedge.names import Door, Event
from notifications.codes import Why
from notifications.models import Delivery, Message
from notifications.names import Recipient, Topic
from opportunities.models import Opportunity
from tests.notifications.choosing.due import counts, due, only
from tests.notifications.events import (
    born,
    event,
    fan_out,
    follow_ups,
    opportunity,
    sent,
    slices,
    told,
)
from tests.notifications.factories import NOON, ChatFactory, reachable_person

pytestmark = pytest.mark.django_db

MUTED = [
    (Muted.COIN, "WIF", Why.ASSET_UNWANTED),
    (Muted.VENUE, "okx", Why.VENUE_UNWANTED),
    (Muted.VENUE, "bybit", Why.VENUE_UNWANTED),
]
ANOTHER = [(Muted.COIN, "DOGE"), (Muted.VENUE, "gate")]


def mute(person: User, what: Muted, name: str) -> None:
    begun = NOON - timedelta(hours=2)
    mutes.mute(person, what, name, NOON, door=Door.TELEGRAM, now=begun)


@pytest.mark.parametrize(("what", "name", "why"), MUTED)
def test_a_muted_coin_or_a_leg_on_a_muted_venue_reaches_nobody(
    what: Muted, name: str, why: Why
) -> None:
    mute(reachable_person(), what, name)

    assert counts(due()) == only(why)


@pytest.mark.parametrize(("what", "name", "_why"), MUTED)
def test_it_reaches_him_again_when_the_mute_is_over(what: Muted, name: str, _why: Why) -> None:
    mute(reachable_person(), what, name)

    mutes.expire(NOON)

    assert counts(due()) == only(Why.ELIGIBLE)


@pytest.mark.parametrize(("what", "name"), ANOTHER)
def test_what_has_nothing_to_do_with_the_mute_reaches_him(what: Muted, name: str) -> None:
    mute(reachable_person(), what, name)

    assert counts(due()) == only(Why.ELIGIBLE)


# What became of an opening he was sent before

INVITES = [Event.IMPROVED, Event.FADING, Event.RECOVERED]
HIDING: list[tuple[dict[str, Any], Why]] = [
    ({"assets_in": ["DOGE"]}, Why.ASSET_UNWANTED),
    ({"assets_out": ["WIF"]}, Why.ASSET_UNWANTED),
    ({"venues": 1 << VENUE_BITS["bybit"]}, Why.VENUE_UNWANTED),
    ({"venues": 1 << VENUE_BITS["gate"]}, Why.VENUE_UNWANTED),
]
SHOWING: list[dict[str, Any]] = [
    {"assets_in": ["WIF", "DOGE"]},
    {"assets_out": ["DOGE"]},
    {"venues": 1 << VENUE_BITS["bybit"] | 1 << VENUE_BITS["okx"]},
]


@pytest.fixture
def row() -> Opportunity:
    """A live opportunity in WIF on OKX and Bybit."""
    return opportunity(asset="WIF")


def opened(row: Opportunity, person: User) -> Delivery:
    """The person is sent its opening."""
    message = told(row, Event.OPENED)
    fan_out(NOON)
    return sent(message, recipient_id=person.pk)


def followed(row: Opportunity, kind: Event) -> Message:
    """What became of it, fanned out."""
    message = told(row, kind, new={"improved_count": 1})
    fan_out(NOON)
    return message


def reasons(message: Message) -> dict[str, int]:
    """How many of those who were sent the opening are not told of this, by reason."""
    return slices(message)[None].counts or {}


@pytest.mark.parametrize(("what", "name", "why"), MUTED)
@pytest.mark.parametrize("kind", INVITES)
def test_of_what_he_muted_nobody_hears_more(
    row: Opportunity, kind: Event, what: Muted, name: str, why: Why
) -> None:
    person = reachable_person()
    opened(row, person)
    mute(person, what, name)
    news = followed(row, kind)
    assert (follow_ups(news), reasons(news)) == ([], {why.code: 1})


@pytest.mark.parametrize(("what", "name", "_why"), MUTED)
def test_but_of_its_end_without_a_sound(
    row: Opportunity, what: Muted, name: str, _why: Why
) -> None:
    person = reachable_person()
    opened(row, person)
    mute(person, what, name)
    (end,) = follow_ups(followed(row, Event.CLOSED))
    assert (end.topic, end.silent) == (Topic.CLOSED, True)


@pytest.mark.parametrize(("wishes", "why"), HIDING)
def test_hidden_by_preferences_is_the_same(
    row: Opportunity, wishes: dict[str, Any], why: Why
) -> None:
    opened(row, reachable_person(**wishes))
    assert reasons(followed(row, Event.IMPROVED)) == {why.code: 1}
    (end,) = follow_ups(followed(row, Event.CLOSED))
    assert end.silent


@pytest.mark.parametrize("wishes", SHOWING)
def test_what_he_wants_to_see_is_told_with_sound(row: Opportunity, wishes: dict[str, Any]) -> None:
    opened(row, reachable_person(**wishes))
    for kind in (Event.IMPROVED, Event.CLOSED):
        (news,) = follow_ups(followed(row, kind))
        assert not news.silent


def test_when_the_mute_is_over_he_hears_of_it_again(row: Opportunity) -> None:
    person = reachable_person()
    opened(row, person)
    mute(person, Muted.COIN, "WIF")
    mutes.expire(NOON)
    (news,) = follow_ups(followed(row, Event.IMPROVED))
    assert not news.silent


def test_where_there_is_one_leg_its_venue_decides() -> None:
    row = opportunity(
        kind="technical", short=None, short_venue="", short_symbol="", short_market=""
    )
    opened(row, reachable_person(venues=1 << VENUE_BITS["okx"]))
    assert len(follow_ups(followed(row, Event.IMPROVED))) == 1


def test_a_chat_that_shows_a_venue_no_more_hears_the_end_only(row: Opportunity) -> None:
    chat = ChatFactory(venues=1 << VENUE_BITS["gate"])
    message = told(row, Event.OPENED)
    fan_out(NOON)
    sent(message, recipient=Recipient.CHAT, recipient_id=chat.pk)
    assert reasons(followed(row, Event.IMPROVED)) == {Why.VENUE_UNWANTED.code: 1}
    assert len(follow_ups(followed(row, Event.CLOSED))) == 1


@pytest.mark.parametrize(("name", "silent"), [("okx", True), ("gate", False)])
def test_a_venues_silence_is_told_without_a_sound_where_it_is_muted(
    row: Opportunity, name: str, silent: bool
) -> None:
    person = reachable_person()
    opened(row, person)
    mute(person, Muted.VENUE, name)
    born(event(row, Event.CLOSED, reason="no_data", silent=True, new={"blind": ["okx"]}))
    fan_out(NOON)
    notice = Delivery.objects.get(topic=Topic.VENUE_BLIND)
    assert notice.silent is silent
