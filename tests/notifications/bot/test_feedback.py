"""/feedback."""

from __future__ import annotations

from datetime import timedelta

import pytest
from auditlog.models import LogEntry

from accounts.models import User
from arbedge.errors import BadInput, TooMany
from arbedge.names import Role
from notifications.bot.staff import told_us
from notifications.models import Feedback
from tests.accounts.console import audited
from tests.accounts.factories import UserFactory
from tests.notifications.bot.asking import ask, member
from tests.notifications.factories import NOON

pytestmark = pytest.mark.django_db


def kept(user: User, text: str, *, hours_ago: float = 0) -> Feedback:
    row: Feedback = Feedback.objects.create(user=user, text=text)
    Feedback.objects.filter(pk=row.pk).update(created_at=NOON - timedelta(hours=hours_ago))
    return row


def test_is_kept_and_thanked_for() -> None:
    who = member()
    assert ask(who, "/feedback The chart is <hard> to read").text.startswith("Thank you.")
    assert Feedback.objects.get(user=who).text == "The chart is <hard> to read"


def test_the_same_words_are_kept_once() -> None:
    who = member()
    kept(who, "More coins", hours_ago=1)
    assert "We have this already." in ask(who, "/feedback More coins").text
    assert Feedback.objects.filter(user=who).count() == 1


def test_the_same_words_of_two_people_are_two() -> None:
    kept(member(), "More coins", hours_ago=1)
    ask(member(), "/feedback More coins")
    assert Feedback.objects.filter(text="More coins").count() == 2


def test_five_a_day_are_enough() -> None:
    who = member()
    for number in range(5):
        kept(who, f"Thing {number}", hours_ago=20)
    assert "That is 5 within a day." in ask(who, "/feedback And another").text
    assert Feedback.objects.filter(user=who).count() == 5


def test_a_day_later_there_is_room_again() -> None:
    who = UserFactory()
    for number in range(5):
        kept(who, f"Thing {number}", hours_ago=24 + number)
    assert told_us.keep(who, "And another", NOON)[1]


def test_who_said_enough_is_told_when_to_go_on() -> None:
    who = UserFactory()
    for number in range(5):
        kept(who, f"Thing {number}", hours_ago=23)
    with pytest.raises(TooMany) as refused:
        told_us.keep(who, "And another", NOON)
    assert refused.value.details["retry_after_s"] == 3_600


def test_nothing_is_no_feedback() -> None:
    assert "Something is missing" in ask(member(), "/feedback").text
    with pytest.raises(BadInput):
        told_us.keep(UserFactory(), "  \n ", NOON)


def test_too_long_is_refused() -> None:
    with pytest.raises(BadInput, match="1,000"):
        told_us.keep(UserFactory(), "x" * 1_001, NOON)


def test_reading_is_noted_once_and_audited() -> None:
    reader = UserFactory(role=Role.ADMIN)
    row = kept(UserFactory(), "More coins")
    assert told_us.unread() == 1
    assert told_us.mark_read([row.pk], by=reader, now=NOON) == 1
    assert told_us.mark_read([row.pk], by=reader, now=NOON) == 0
    assert told_us.unread() == 0
    line = audited(row.user, "feedback.read")
    assert (line.actor, line.additional_data["door"]) == (reader, "console")


def test_what_was_said_is_kept_in_one_place_alone() -> None:
    ask(member(), "/feedback My cat is called Felix")
    assert not any("Felix" in str(line.changes) for line in LogEntry.objects.all())
